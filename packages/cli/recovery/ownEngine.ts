import { execFileSync } from "node:child_process";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Stopped } from "../../shared/errors";
import { isDead, readOr, sendSignal, statOf } from "../../shared/processId";
import { Progress } from "../terminal/progress";
import { processes } from "./process";

/** Pause between two looks at a process, in milliseconds. */
const PAUSE = 200;

/** A process of this machine; its arguments joined by spaces. */
interface RunningProcess {
    pid: number;
    parent: number;
    command: string;
}

/**
 * Waits for an engine that a command of this clone started, if that command was killed: the engine continues alone, and no
 * other engine may touch the stack until it ends. If the command still runs, its lock refuses others.
 *
 * @param configFile the engine's option --config-file: only commands of this clone use a file in its state folder
 * @throws Stopped after Ctrl-C, which first makes the engine end in an orderly way
 */
export async function waitForOwnEngine(configFile: string, stop: AbortSignal): Promise<void> {
    const running = runningProcesses();
    const engine = running.find((each) => isEngine(each, configFile));
    if (engine === undefined || running.some((each) => each.pid === engine.parent && isOwnCommand(each))) {
        return;
    }
    const title = `The engine of a killed command has ended (process ${engine.pid}; Ctrl-C stops it)`;
    await new Progress().during(title, async () => {
        let asked = false;
        while (runningProcesses().some((each) => each.pid === engine.pid && isEngine(each, configFile))) {
            if (stop.aborted && !asked) {
                asked = sendSignal(engine.pid, "SIGINT");
            }
            await sleep(PAUSE);
        }
        if (stop.aborted) {
            throw new Stopped();
        }
    });
}

function isOwnCommand({ command }: RunningProcess): boolean {
    return /[/ ]bookinfo(\.js)? /.test(command);
}

function isEngine({ command }: RunningProcess, configFile: string): boolean {
    const [program = ""] = command.split(" ");
    return path.basename(program) === "pulumi" && command.includes(` ${configFile} `);
}

/** The processes of this machine: from Linux's /proc, because small images lack `ps`; elsewhere from `ps`. */
function runningProcesses(): RunningProcess[] {
    if (process.platform === "linux") {
        return processes().flatMap((pid) => {
            const { state = "Z", parent = 0 } = statOf(pid) ?? {};
            const command = readOr(`/proc/${pid}/cmdline`, "").replaceAll("\0", " ");
            return isDead(state) ? [] : [{ pid, parent, command }];
        });
    }
    const lines = execFileSync("ps", ["-axo", "pid=,ppid=,command="], { encoding: "utf8" }).split("\n");
    return lines.flatMap((line) => {
        const [, pid, parent, command = ""] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
        return pid === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), command }];
    });
}
