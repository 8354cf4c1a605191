import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { clone, sandboxInit } from "./commands";

/** A command that is under way, and may be interrupted. */
export interface Running {
    child: ChildProcess;
    /** Its exit code (128 where a signal ended it) and what it has printed. */
    ended: Promise<{ code: number; output: string }>;
}

/** Starts `npm run SCRIPT -- ARGS`, by its program: npm would only pass on signals. */
export function start(script: "up" | "down", ...args: string[]): Running {
    const child = spawn(process.execPath, ["--import", "tsx", `commands/${script}.ts`, ...args], {
        cwd: clone,
        env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined },
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

/** SIGKILL to a process and all that it has started: the engine, its plugins, the program. */
export async function killTree(pid: number): Promise<void> {
    for (let tree = treeOf(pid); tree.length > 0; tree = tree.filter(isAlive)) {
        tree.push(...tree.flatMap(treeOf));
        for (const member of tree) {
            signal(member, "SIGKILL");
        }
        await sleep(50);
    }
}

/** SIGKILL to the processes of a program that a process has started, by whatever way. Answers how many there were. */
export function killIn(pid: number, program: string): number {
    const members = treeOf(pid).filter((member) => programOf(member) === program);
    for (const member of members) {
        signal(member, "SIGKILL");
    }
    return members.length;
}

function treeOf(pid: number): number[] {
    const parents = new Map(
        fs
            .readdirSync("/proc")
            .filter((name) => /^\d+$/.test(name))
            .map((name) => [Number(name), parentOf(Number(name))]),
    );
    const tree = [pid];
    for (const member of tree) {
        tree.push(...[...parents].filter(([, parent]) => parent === member).map(([child]) => child));
    }
    return tree;
}

function parentOf(pid: number): number | undefined {
    try {
        const [, parent] = fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
        return Number(parent);
    } catch {
        return undefined;
    }
}

/** Whether a process runs; one that is dead and not yet collected does not. */
function isAlive(pid: number): boolean {
    try {
        return fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.startsWith("Z") === false;
    } catch {
        return false;
    }
}

function signal(pid: number, name: NodeJS.Signals): void {
    try {
        process.kill(pid, name);
    } catch {
        // It has ended.
    }
}

/** Has a process that was stopped go on; its parent too, for nsenter, which starts the sandbox's parts, stops with them. */
export function resume(pid: number): void {
    signal(pid, "SIGCONT");
    signal(parentOf(pid) ?? pid, "SIGCONT");
}

/** The ids of the sandbox's own processes that run a program of that name; the machine may have others. */
export function sandboxProcesses(program: string): number[] {
    const namespace = namespaceOf(sandboxInit());
    return fs
        .readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name))
        .map(Number)
        .filter((pid) => programOf(pid) === program && namespaceOf(pid) === namespace);
}

function programOf(pid: number): string | undefined {
    try {
        const [program = ""] = fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
        return path.basename(program);
    } catch {
        return undefined;
    }
}

function namespaceOf(pid: number): string | undefined {
    try {
        return fs.readlinkSync(`/proc/${pid}/ns/pid`);
    } catch {
        return undefined;
    }
}
