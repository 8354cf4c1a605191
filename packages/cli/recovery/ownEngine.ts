import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Stopped } from "../../shared/errors";
import { Progress } from "../terminal/progress";

/** Pause between two looks at a process, in milliseconds. */
const PAUSE = 200;

/** A process of this machine; its arguments joined by spaces. */
interface RunningProcess {
    pid: number;
    parent: number;
    command: string;
}

/**
 * Waits for an engine that a command of this clone started and that still works. If that command was killed, its engine
 * continues alone, and no other engine may touch the stack until it ends.
 *
 * @param configFile the engine's option --config-file: only commands of this clone use a file in its state folder
 * @throws Stopped after Ctrl-C. If the engine's command was killed, the engine is first asked to end in an orderly way.
 */
export async function waitForOwnEngine(configFile: string, stop: AbortSignal): Promise<void> {
    const find = () => runningProcesses().find((each) => isEngine(each, configFile));
    const engine = find();
    if (engine === undefined) {
        return;
    }
    const orphan = !runningProcesses().some(
        ({ pid, command }) => pid === engine.parent && command.includes("bookinfo"),
    );
    const hint = orphan ? "Ctrl-C stops it" : "its command still runs";
    await new Progress().during(`Engine of an earlier command has ended (process ${engine.pid}; ${hint})`, async () => {
        let asked = false;
        while (find()?.pid === engine.pid) {
            if (stop.aborted && !orphan) {
                throw new Stopped();
            }
            if (stop.aborted && !asked) {
                asked = true;
                process.kill(engine.pid, "SIGINT");
            }
            await sleep(PAUSE);
        }
        if (stop.aborted) {
            throw new Stopped();
        }
    });
}

function isEngine({ command }: RunningProcess, configFile: string): boolean {
    const [program = ""] = command.split(" ");
    return path.basename(program) === "pulumi" && command.includes(` ${configFile} `);
}

/** The processes of this machine: from Linux's /proc, because small images lack `ps`; elsewhere from `ps`. */
function runningProcesses(): RunningProcess[] {
    if (existsSync("/proc/self/stat")) {
        return readdirSync("/proc")
            .filter((name) => /^\d+$/.test(name))
            .flatMap((pid) => processIn(`/proc/${pid}`, Number(pid)));
    }
    const lines = execFileSync("ps", ["-axo", "pid=,ppid=,command="], { encoding: "utf8" }).split("\n");
    return lines.flatMap((line) => {
        const [, pid, parent, command = ""] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
        return pid === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), command }];
    });
}

function processIn(folder: string, pid: number): RunningProcess[] {
    try {
        const [state = "", parent] = readFileSync(`${folder}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
        const command = readFileSync(`${folder}/cmdline`, "utf8").replaceAll("\0", " ");
        return /[ZX]/.test(state) ? [] : [{ pid, parent: Number(parent), command }];
    } catch {
        // It has just ended.
        return [];
    }
}
