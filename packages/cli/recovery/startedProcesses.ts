/**
 * The processes that this clone has started and that may lock a stack: engines, and the commands themselves. A lock names only a
 * process id and a host name, and containers of one image have both in common. So only these notes can prove that the owner of
 * a lock is dead.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import * as z from "zod";
import { parseJson } from "../../shared/json";
import { makePrivateFolder, writePrivately } from "../../shared/privateFiles";
import { isAlive, processId, readOr } from "../../shared/processId";
import { STATE_FOLDER } from "../../shared/project";
import { runsSince } from "./process";

const NOTES = path.join(STATE_FOLDER, "processes");

/** The first PID namespace of every kernel (PROC_PID_INIT_INO, include/linux/proc_ns.h): that of a machine, not of a container. */
const MACHINE = "pid:[4026531836]";

/** Longest time from an engine's start to its lock, in milliseconds: it loads the stack's config and the state first. */
const LOCKED_WITHIN = 60_000;

/** How far clocks may differ, in milliseconds. */
const TOLERANCE = 2000;

const NOTE = z.object({
    pid: z.number(),
    /** As in `ProcessId`. */
    startTime: z.string(),
    hostname: z.string(),
    /** Linux's boot id and PID namespace; empty on other systems. */
    boot: z.string(),
    namespace: z.string(),
    noted: z.coerce.date(),
    /** The lock, if this process writes it itself. Default: an engine chooses its name. */
    lock: z.string().optional(),
});

export type StartedProcess = z.output<typeof NOTE>;

/** What tells the processes of this machine, and of this container, from all others. */
export interface Place {
    boot: string;
    namespace: string;
}

export function thisPlace(): Place {
    const boot = readOr("/proc/sys/kernel/random/boot_id", "").trim();
    try {
        return { boot, namespace: readlinkSync("/proc/self/ns/pid") };
    } catch {
        return { boot, namespace: "" };
    }
}

/**
 * Notes a process that was just started and may lock a stack.
 * @param lock the file of its lock, if that is known
 * @returns forgets it; call that when it has ended in an orderly way, and so has removed its lock
 */
export function noteStarted(pid: number, lock?: string, folder = NOTES): () => void {
    const note = { ...processId(pid), hostname: hostname(), ...thisPlace(), noted: new Date(), lock };
    const file = path.join(folder, `${pid}-${note.noted.getTime()}.json`);
    makePrivateFolder(folder);
    writePrivately(file, JSON.stringify(note));
    return () => {
        rmSync(file, { force: true });
    };
}

/** All notes. One that cannot be read proves nothing, and does not count. */
export function startedProcesses(folder = NOTES): StartedProcess[] {
    const files = existsSync(folder) ? readdirSync(folder) : [];
    return files.flatMap((file) => {
        const note = NOTE.safeParse(parseJson(readFileSync(path.join(folder, file), "utf8")));
        return note.success ? [note.data] : [];
    });
}

/** What a lock says of its owner. */
interface Owned {
    file: string;
    pid: number;
    hostname: string;
    timestamp: Date;
}

/** Whether a lock is that of a process which was started here. */
export function owns(started: StartedProcess, lock: Owned): boolean {
    const delay = lock.timestamp.getTime() - started.noted.getTime();
    return (
        started.pid === lock.pid &&
        started.hostname === lock.hostname &&
        (started.lock === undefined ? delay >= -TOLERANCE && delay <= LOCKED_WITHIN : started.lock === lock.file)
    );
}

/**
 * Whether a process is certainly dead: another process has its id now, or none. A restart of the machine proves it too. The
 * processes of another container are not seen, so nothing is known of them.
 */
export function isCertainlyDead(started: StartedProcess, here: Place = thisPlace()): boolean {
    if (here.boot === "") {
        return !runsSince(started.pid, started.noted);
    }
    return started.boot === here.boot
        ? started.namespace === here.namespace && !isAlive(started)
        : started.namespace === MACHINE && here.namespace === MACHINE && started.hostname === hostname();
}
