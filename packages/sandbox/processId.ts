import * as fs from "node:fs";

/** A process of the machine. Its start time keeps a later process that was given the same number from being taken for it. */
export interface ProcessId {
    pid: number;
    /** In clock ticks since the machine's start: field 22 of /proc/PID/stat, proc(5). */
    startTime: string;
}

/** Identifies a running process; one that has already ended is never alive. */
export function processId(pid: number): ProcessId {
    return { pid, startTime: statOf(pid)?.startTime ?? "ended" };
}

/** Whether exactly this process still runs; one that ended and waits to be reaped (state Z) does not. */
export function isAlive(process: ProcessId): boolean {
    const stat = statOf(process.pid);
    return stat !== undefined && stat.startTime === process.startTime && stat.state !== "Z";
}

/** Whether nothing of this process is left, not even an end that its parent has yet to take notice of. */
export function isGone(process: ProcessId): boolean {
    return statOf(process.pid)?.startTime !== process.startTime;
}

/** Sends a signal; a process that is gone already is left at that. */
export function signal(pid: number, name: NodeJS.Signals): void {
    try {
        process.kill(pid, name);
    } catch {
        // It ended in the meantime, which is what was wanted.
    }
}

/** Waits. @param milliseconds how long */
export const sleep = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

function statOf(pid: number): { state: string; startTime: string } | undefined {
    try {
        // The second field is the name in parentheses, which may hold spaces and parentheses itself.
        const fields = fs
            .readFileSync(`/proc/${pid}/stat`, "utf8")
            .replace(/^.*\) /s, "")
            .split(" ");
        return { state: fields[0] ?? "", startTime: fields[19] ?? "" };
    } catch {
        return undefined;
    }
}
