import { readFileSync } from "node:fs";

/** A process of this machine. Its start time tells it from a later process that got the same number. */
export interface ProcessId {
    pid: number;
    /** In clock ticks since the machine started: field 22 of /proc/PID/stat, proc(5). */
    startTime: string;
}

/** Identifies a running process. One that has already ended is never alive. */
export function processId(pid: number): ProcessId {
    return { pid, startTime: statOf(pid)?.startTime ?? "ended" };
}

/** Whether exactly this process still runs. One that has ended and waits for its parent to reap it does not. */
export function isAlive({ pid, startTime }: ProcessId): boolean {
    const stat = statOf(pid);
    return stat?.startTime === startTime && !isDead(stat.state);
}

/** Whether nothing is left of this process: its parent has reaped it too. */
export function isGone({ pid, startTime }: ProcessId): boolean {
    return statOf(pid)?.startTime !== startTime;
}

/** Whether a process with this state, as Linux and `ps` write it, has ended and waits for its parent. */
export function isDead(state: string): boolean {
    return /^[ZX]/.test(state);
}

/** The first child process of a process, by Linux's /proc; undefined if it has no child, or has ended. */
export function childOf(pid: number): number | undefined {
    const [child] = readOr(`/proc/${pid}/task/${pid}/children`, "").split(" ");
    return child ? Number(child) : undefined;
}

/** Sends a signal to a process or, if `pid` is negative, to a group. @returns false if it has ended, or is not ours */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
    try {
        return process.kill(pid, signal);
    } catch {
        return false;
    }
}

/** What Linux's /proc says of a process, proc(5). */
export interface ProcessStat {
    state: string;
    parent: number;
    startTime: string;
    /** CPU time so far, user and system together, in seconds. */
    cpu: number;
    /** The same of its ended descendants, if each was waited for by its parent. */
    cpuOfEnded: number;
}

/** The kernel counts CPU time in hundredths of a second for user programs on every architecture (USER_HZ). */
const TICKS_PER_SECOND = 100;

/** What is known of a process, by Linux's /proc; undefined if it has been reaped, or on other systems. */
export function statOf(pid: number): ProcessStat | undefined {
    // The second field is the name in parentheses. It may itself contain spaces and parentheses.
    const fields = readOr(`/proc/${pid}/stat`, "").split(") ").at(-1)?.split(" ") ?? [];
    const [state, parent] = fields;
    const seconds = (first: number) => (Number(fields[first]) + Number(fields[first + 1])) / TICKS_PER_SECOND;
    return state
        ? { state, parent: Number(parent), startTime: fields[19] ?? "", cpu: seconds(11), cpuOfEnded: seconds(13) }
        : undefined;
}

/** The text of a file, or a default if it cannot be read. */
export function readOr(file: string, otherwise: string): string {
    try {
        return readFileSync(file, "utf8");
    } catch {
        return otherwise;
    }
}
