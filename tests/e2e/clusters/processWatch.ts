import * as fs from "node:fs";
import { readOr } from "../../../packages/shared/processId";

/** Time between two looks, in milliseconds. */
const INTERVAL = 50;

/**
 * Looks at the arguments of all processes, which every user of a machine can read.
 * @returns ends it, and gives the programs whose arguments had one of the texts
 */
export function watchProcesses(texts: readonly string[]): { end: () => string[] } {
    const seen = new Set<string>();
    const look = () => {
        for (const pid of fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
            const args = readOr(`/proc/${pid}/cmdline`, "");
            if (texts.some((text) => args.includes(text))) {
                seen.add(args.split("\0").slice(0, 2).join(" "));
            }
        }
    };
    const timer = setInterval(look, INTERVAL);
    return {
        end: () => {
            clearInterval(timer);
            return [...seen];
        },
    };
}
