import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { clone, COMMAND, plainText, sandboxInit } from "./commands";

/** A command that runs and may be interrupted. */
export interface RunningCommand {
    child: ChildProcess;
    /** Its exit code (128 if a signal ended it) and what it has printed. */
    ended: Promise<{ code: number; output: string }>;
}

/** Waits until a process prints a text. @throws Error with the output since this call, if the process ends before */
export function waitForOutput(child: ChildProcess, text: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
        let output = "";
        for (const stream of [child.stdout, child.stderr]) {
            stream?.on("data", (chunk: Buffer | string) => {
                output += chunk.toString();
                if (text.test(output)) {
                    resolve();
                }
            });
        }
        child.once("exit", () => {
            reject(new Error(output));
        });
    });
}

/** Starts the program of `npm run SCRIPT -- ARGS` without npm, so that signals reach the program itself. */
export function start(script: "up" | "down", ...args: string[]): RunningCommand {
    const child = spawn(process.execPath, [COMMAND, script, ...args], {
        cwd: clone,
        env: plainText,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    }
    const ended = new Promise<{ code: number; output: string }>((resolve) => {
        child.once("close", (code) => {
            resolve({ code: code ?? 128, output });
        });
    });
    return { child, ended };
}

/** Sends SIGKILL to a process and its descendants: the engine, its plugins, the program. */
export async function killTree(pid: number): Promise<void> {
    for (let tree = treeOf(pid); tree.length > 0; tree = tree.filter(isAlive)) {
        tree.push(...tree.flatMap(treeOf));
        for (const member of tree) {
            signal(member, "SIGKILL");
        }
        await sleep(50);
    }
}

/** Sends SIGKILL to the descendants of a process that run a program. @returns their number */
export function killProgram(pid: number, program: string): number {
    const members = treeOf(pid).filter((member) => programOf(member) === program);
    for (const member of members) {
        signal(member, "SIGKILL");
    }
    return members.length;
}

/** A process and its descendants. */
function treeOf(pid: number): number[] {
    const parents = new Map(processIds().map((id) => [id, parentOf(id)]));
    const tree = [pid];
    for (const member of tree) {
        tree.push(...[...parents].filter(([, parent]) => parent === member).map(([child]) => child));
    }
    return tree;
}

function processIds(): number[] {
    return fs
        .readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name))
        .map(Number);
}

/** Of `/proc/PID/stat`, the fields from the third on: state, parent, … */
function statOf(pid: number): string[] | undefined {
    return ifAlive(() => fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" "));
}

function parentOf(pid: number): number | undefined {
    const stat = statOf(pid);
    return stat && Number(stat[1]);
}

/** Whether a process runs. A zombie does not. */
function isAlive(pid: number): boolean {
    const [state = "Z"] = statOf(pid) ?? [];
    return state !== "Z";
}

function signal(pid: number, name: NodeJS.Signals): void {
    ifAlive(() => process.kill(pid, name));
}

/** Continues a stopped process, and its parent: nsenter, which starts the sandbox's services, stops with its child. */
export function resume(pid: number): void {
    signal(pid, "SIGCONT");
    signal(parentOf(pid) ?? pid, "SIGCONT");
}

/** The ids of the sandbox's processes that run a program; the machine may run the same program elsewhere. */
export function sandboxProcesses(program: string): number[] {
    const namespace = namespaceOf(sandboxInit());
    return processIds().filter((pid) => programOf(pid) === program && namespaceOf(pid) === namespace);
}

function programOf(pid: number): string | undefined {
    return ifAlive(() => path.basename(fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0] ?? ""));
}

function namespaceOf(pid: number): string | undefined {
    return ifAlive(() => fs.readlinkSync(`/proc/${pid}/ns/pid`));
}

/** What can be done with a process; undefined if it has ended. */
function ifAlive<T>(use: () => T): T | undefined {
    try {
        return use();
    } catch {
        return undefined;
    }
}
