import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { connect } from "node:net";
import path from "node:path";
import { poll } from "../../shared/poll";
import { isAlive, isDead, processId, sendSignal, statOf } from "../../shared/processId";

/** How far `ps` rounds a start time and clocks may differ, in milliseconds. */
const TOLERANCE = 2000;

/** Whether the process that had this id at that time still runs. If this is unknown, it counts as running. */
export function runsSince(pid: number, time: Date): boolean {
    if (!exists(pid)) {
        return false;
    }
    const { state, start } = readPs(pid);
    // In a container without an init process, a dead process is never reaped.
    if (isDead(statOf(pid)?.state ?? state ?? "")) {
        return false;
    }
    // Process ids are used again, especially after a restart of the machine.
    return start === undefined || start.getTime() <= time.getTime() + TOLERANCE;
}

/**
 * Ends the processes that dead engines have left on this project, found by Linux's /proc. Plugins survive an engine that is
 * killed, and continue to install things without a record. A plugin whose engine lives is left alone.
 * @param folder where the project is
 * @returns how many processes were ended
 */
export async function endOrphans(folder: string): Promise<number> {
    const orphans = await Promise.all(
        processes().map(async (pid) => {
            const id = processId(pid);
            return (await isOrphan(pid, folder)) && sendSignal(pid, "SIGKILL") ? [id] : [];
        }),
    );
    const ended = orphans.flat();
    await poll(() => !ended.some(isAlive), { interval: 20 });
    return ended.length;
}

/** Whether a process is a part of Pulumi that works in a folder. Its parent is no part of Pulumi, and its engine has ended. */
async function isOrphan(pid: number, folder: string): Promise<boolean> {
    try {
        const parent = statOf(pid)?.parent;
        if (!isPulumi(pid) || readlinkSync(`/proc/${pid}/cwd`) !== folder || parent === undefined || isPulumi(parent)) {
            return false;
        }
        // The engine passes its address to each of its plugins as an argument.
        const ports = commandOf(pid).flatMap((part) => /^127\.0\.0\.1:(\d+)$/.exec(part)?.[1] ?? []);
        return ports.length > 0 && !(await Promise.all(ports.map(isListenedTo))).includes(true);
    } catch {
        // It has just ended, or is another user's.
        return false;
    }
}

/** Whether a process is the CLI, a plugin or a language host. This project's own plugin ends by itself with its engine. */
function isPulumi(pid: number): boolean {
    return path.basename(commandOf(pid)[0] ?? "").startsWith("pulumi");
}

function commandOf(pid: number): string[] {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
}

/** Whether a process listens on a port of loopback. If this is unknown, the answer is yes. */
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

/** Whether a process has this id, even one that is dead and not yet reaped. */
function exists(pid: number): boolean {
    try {
        return process.kill(pid, 0);
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "EPERM";
    }
}

/** State and start time of a process by `ps`, which small images lack. */
function readPs(pid: number): { state?: string; start?: Date } {
    try {
        // Not in local time: Node.js does not know every time zone that the C library knows.
        const env = { ...process.env, LC_ALL: "C", TZ: "UTC" };
        const line = execFileSync("ps", ["-o", "stat=", "-o", "lstart=", "-p", String(pid)], { env, encoding: "utf8" });
        const [state = "", ...words] = line.trim().split(/\s+/);
        const start = new Date(`${words.join(" ")} UTC`);
        return { state, start: Number.isNaN(start.getTime()) ? undefined : start };
    } catch {
        return {};
    }
}

/** The processes of this machine, by Linux's /proc; empty on other systems. */
export function processes(): number[] {
    try {
        return readdirSync("/proc").map(Number).filter(Number.isInteger);
    } catch {
        return [];
    }
}
