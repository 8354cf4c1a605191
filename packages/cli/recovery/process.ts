import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { connect } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** What `ps` rounds a start to, and clocks differ by, in milliseconds. */
const TOLERANCE = 2000;

/** Whether the process that had this id at a time still runs. Where that cannot be told, it does. */
export function runsSince(pid: number, time: Date): boolean {
    if (!isThere(pid)) {
        return false;
    }
    const { state, start } = look(pid);
    // In a container without an init, a dead process is never collected.
    if (/^[ZX]/.test(stateOf(pid) ?? state ?? "")) {
        return false;
    }
    // Ids are used again, after a restart of the machine above all.
    return start === undefined || start.getTime() <= time.getTime() + TOLERANCE;
}

/**
 * Ends what dead engines have left of their work on this project, by Linux's /proc: plugins outlive an engine that is killed,
 * and go on installing what nobody records. One that has its engine is left alone.
 * @param folder where the project is
 * @returns how many were ended
 */
export async function endOrphans(folder: string): Promise<number> {
    const orphans = await Promise.all(
        processes().map(async (pid) => ((await isOrphan(pid, folder)) && kill(pid) ? [pid] : [])),
    );
    const ended = orphans.flat();
    while (ended.some(isAtWork)) {
        await sleep(20);
    }
    return ended.length;
}

/** Whether a process is a part of Pulumi that works in a folder, without a parent of that kind, and for nobody who listens. */
async function isOrphan(pid: number, folder: string): Promise<boolean> {
    try {
        if (!isPulumis(pid) || readlinkSync(`/proc/${pid}/cwd`) !== folder || isPulumis(parentOf(pid))) {
            return false;
        }
        // The engine tells each of its plugins its address: an argument of its own.
        const ports = commandOf(pid).flatMap((part) => /^127\.0\.0\.1:(\d+)$/.exec(part)?.[1] ?? []);
        return ports.length > 0 && !(await Promise.all(ports.map(isListenedTo))).includes(true);
    } catch {
        // It has just ended, or is another user's.
        return false;
    }
}

/** Whether a process is the CLI, a plugin or a language host; the plugin of this project ends by itself with its engine. */
function isPulumis(pid: number): boolean {
    return path.basename(commandOf(pid)[0] ?? "").startsWith("pulumi");
}

function commandOf(pid: number): string[] {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
}

function parentOf(pid: number): number {
    return Number(statusOf(pid)[1]);
}

/** State, parent and more: what follows the name, which is in parentheses and may hold anything. */
function statusOf(pid: number): string[] {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
}

/** Whether somebody listens on a port of loopback. Where that cannot be told, somebody does. */
function isListenedTo(port: string): Promise<boolean> {
    return new Promise((resolve) => {
        const socket = connect(Number(port), "127.0.0.1");
        socket.once("connect", () => {
            socket.destroy();
            resolve(true);
        });
        socket.once("error", (error: NodeJS.ErrnoException) => {
            resolve(error.code !== "ECONNREFUSED");
        });
    });
}

function kill(pid: number): boolean {
    try {
        return process.kill(pid, "SIGKILL");
    } catch {
        // It has just ended.
        return false;
    }
}

/** Whether a process still does something; one that is dead and that nobody has collected does not. */
function isAtWork(pid: number): boolean {
    return !["Z", "X", undefined].includes(stateOf(pid));
}

/** The state of a process, by Linux's /proc; undefined where it is not there. */
function stateOf(pid: number): string | undefined {
    try {
        return statusOf(pid)[0];
    } catch {
        return undefined;
    }
}

/** Whether there is a process with an id, be it dead and not yet collected. */
function isThere(pid: number): boolean {
    try {
        process.kill(pid, 0);
        return true;
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "EPERM";
    }
}

/** The state of a process and when it was started, as `ps` writes it, which small images lack. */
function look(pid: number): { state?: string; start?: Date } {
    try {
        // Not in local time: Node.js does not read every time zone that the C library does.
        const env = { ...process.env, LC_ALL: "C", TZ: "UTC" };
        const line = execFileSync("ps", ["-o", "stat=", "-o", "lstart=", "-p", String(pid)], { env, encoding: "utf8" });
        const [state = "", ...words] = line.trim().split(/\s+/);
        const start = new Date(`${words.join(" ")} UTC`);
        return { state, start: Number.isNaN(start.getTime()) ? undefined : start };
    } catch {
        return {};
    }
}

/** The processes of this machine, by Linux's /proc; none elsewhere. */
function processes(): number[] {
    try {
        return readdirSync("/proc")
            .filter((name) => /^\d+$/.test(name))
            .map(Number);
    } catch {
        return [];
    }
}
