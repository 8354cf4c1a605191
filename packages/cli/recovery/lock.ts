import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { UserError } from "../../shared/errors";
import { makePrivateFolder, writePrivately } from "../../shared/privateFiles";
import { shellWord } from "../../shared/shell";
import { filesIn } from "./backendFolder";
import {
    isCertainlyDead,
    noteStarted,
    owns,
    type Place,
    type StartedProcess,
    startedProcesses,
    thisPlace,
} from "./startedProcesses";

const CONTENT = z.object({
    pid: z.number(),
    username: z.string(),
    hostname: z.string(),
    timestamp: z.coerce.date(),
});

/** Longest time for writing a lock, in milliseconds: it is one line. */
const WRITING = 5000;

export interface Lock extends z.output<typeof CONTENT> {
    /** Its path, or its address in a backend that is not a folder. */
    file: string;
}

/** The engine's message about somebody else's lock (`pkg/backend/diy/lock.go`). */
const NAMED =
    /^\s*(?<file>\S+): created by (?<username>.*)@(?<hostname>\S+) \(pid (?<pid>\d+)\) at (?<timestamp>\S+)$/gm;

/** The locks in an engine's message, in any backend that keeps them as files. */
export function locksNamedIn(words: string): Lock[] {
    return [...words.matchAll(NAMED)].map(({ groups: { file = "", pid, ...owner } = {} }) => ({
        file,
        ...CONTENT.parse({ ...owner, pid: Number(pid) }),
    }));
}

/** @throws UserError if a lock cannot be read */
export function readLocks(folder: string): Lock[] {
    return filesIn(folder, "", ".json").flatMap((file) => {
        try {
            return [{ file, ...CONTENT.parse(JSON.parse(readFileSync(file, "utf8"))) }];
        } catch (error) {
            if (!existsSync(file)) {
                return [];
            }
            throw new UserError(`the lock ${file} of Pulumi's engine cannot be read: ${String(error)}`);
        }
    });
}

/**
 * Removes incomplete locks, because the engine reads every file in the folder as a lock, and fails if it cannot. First it waits,
 * because another process may still be writing.
 */
export async function removeUnfinishedLocks(folder: string): Promise<void> {
    for (const file of filesIn(folder, "", ".tmp")) {
        while (Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) < WRITING) {
            await sleep(50);
        }
        rmSync(file, { force: true });
    }
}

/**
 * Those of the locks whose owners are certainly dead: this clone has started them, on this machine, and they have ended. Nothing
 * is known about processes of others, even if none with that id is seen here. If two locks can be that of one process, neither counts.
 */
export function abandonedAmong(
    locks: readonly Lock[],
    started: readonly StartedProcess[] = startedProcesses(),
    here: Place = thisPlace(),
): Lock[] {
    const owned = started
        .filter((each) => isCertainlyDead(each, here))
        .map((each) => locks.filter((lock) => owns(each, lock)));
    return owned.flatMap((owned) => (owned.length === 1 ? owned : []));
}

export function ownerOf({ pid, username, hostname: host, timestamp }: Lock): string {
    return `process ${pid} of ${username}@${host}, since ${timestamp.toISOString()}`;
}

/** The user's name, or the user's number in a container that does not know the name. */
function username(): string {
    try {
        return userInfo().username;
    } catch {
        return String(process.getuid?.());
    }
}

/**
 * @param remove the command that removes a lock
 * @throws UserError if a process that may be alive has locked the stack
 */
export function refuseHeld(locks: readonly Lock[], remove = ({ file }: Lock) => `rm ${shellWord(file)}`): void {
    const abandoned = abandonedAmong(locks);
    const held = locks.filter((lock) => !abandoned.includes(lock));
    if (held.length > 0) {
        throw new UserError(
            [
                `somebody else works on this stack: ${held.map(ownerOf).join("; ")}.`,
                "Run this again after that has ended. If you know that its machine, its container or the process is gone, remove its lock:",
                ...new Set(held.map((lock) => `  ${remove(lock)}`)),
            ].join("\n"),
        );
    }
}

/**
 * Locks the stack during some work, and removes the locks of dead processes.
 * @param work gets the removed locks
 * @throws UserError if a process that may be alive has locked the stack
 */
export async function whileLocked<T>(folder: string, work: (abandoned: Lock[]) => T | Promise<T>): Promise<T> {
    makePrivateFolder(folder);
    const own = path.join(folder, `${randomUUID()}.json`);
    const { pid } = process;
    const content = { pid, username: username(), hostname: hostname(), timestamp: new Date() };
    // Written in another folder, because an incomplete file would already be a lock.
    const draft = path.join(path.dirname(folder), `${path.basename(own)}.draft`);
    const forget = noteStarted(pid, own);
    writePrivately(draft, JSON.stringify(content));
    renameSync(draft, own);
    try {
        // After the own lock: if two lock at the same time, at least one sees the other.
        const others = readLocks(folder).filter(({ file }) => file !== own);
        refuseHeld(others);
        for (const { file } of others) {
            rmSync(file, { force: true });
            rmSync(`${file}.attrs`, { force: true });
        }
        return await work(others);
    } finally {
        rmSync(own, { force: true });
        forget();
    }
}
