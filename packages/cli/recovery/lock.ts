import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { UserError } from "../../shared/errors";
import { shellWord } from "../../shared/shell";
import { runsSince } from "./process";

const CONTENT = z.object({
    pid: z.number(),
    username: z.string(),
    hostname: z.string(),
    timestamp: z.coerce.date(),
});

/** Longest time for a lock to be written, in milliseconds: it is a line. */
const WRITING = 5000;

/** Who keeps a stack to himself. */
export interface Lock extends z.output<typeof CONTENT> {
    /** Its file, or its address in a backend that is no folder. */
    file: string;
}

/** How the engine names each lock that keeps it out (`pkg/backend/diy/lock.go`). */
const NAMED =
    /^\s*(?<file>\S+): created by (?<username>.*)@(?<hostname>\S+) \(pid (?<pid>\d+)\) at (?<timestamp>\S+)$/gm;

/** The locks that are named in what the engine says, in any backend that keeps them as files. */
export function locksNamedIn(words: string): Lock[] {
    return [...words.matchAll(NAMED)].map(({ groups: { file = "", pid, ...owner } = {} }) => ({
        file,
        ...CONTENT.parse({ ...owner, pid: Number(pid) }),
    }));
}

/** The locks in a folder. */
export function readLocks(folder: string): Lock[] {
    const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
    return names.flatMap((name) => {
        const file = path.join(folder, name);
        try {
            return [{ file, ...CONTENT.parse(JSON.parse(readFileSync(file, "utf8"))) }];
        } catch (error) {
            if (!existsSync(file)) {
                return [];
            }
            throw new UserError(`${file}, a lock of Pulumi's engine, cannot be read: ${String(error)}`);
        }
    });
}

/**
 * Removes locks that were never written to their end: the engine takes any file in the folder for a lock, and fails at one
 * that it cannot read. One that is just being written is waited for.
 */
export async function removeUnfinishedLocks(folder: string): Promise<void> {
    const unfinished = () => (existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".tmp")) : []);
    for (const file of unfinished().map((name) => path.join(folder, name))) {
        while (Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) < WRITING) {
            await sleep(50);
        }
        rmSync(file, { force: true });
    }
}

/** Whether the owner of a lock is known to be dead. Of another machine's processes nothing is known. */
export function isAbandoned(lock: Lock, host: string = hostname()): boolean {
    return lock.hostname === host && !runsSince(lock.pid, lock.timestamp);
}

/** A lock for people. */
export function ownerOf({ pid, username, hostname: host, timestamp }: Lock): string {
    return `process ${pid} of ${username}@${host}, since ${timestamp.toISOString()}`;
}

/** The user's name; in a container that does not know him, his number. */
function username(): string {
    try {
        return userInfo().username;
    } catch {
        return String(process.getuid?.());
    }
}

/**
 * @param remove the command that removes a lock
 * @throws UserError where somebody who may be alive works on the stack
 */
export function refuseHeld(locks: readonly Lock[], remove = ({ file }: Lock) => `rm ${shellWord(file)}`): void {
    const held = locks.filter((lock) => !isAbandoned(lock));
    if (held.length > 0) {
        throw new UserError(
            [
                `somebody else works on this stack: ${held.map(ownerOf).join("; ")}.`,
                "Run this again once that has ended. Should it be dead, on a machine that is gone, remove its lock:",
                ...new Set(held.map((lock) => `  ${remove(lock)}`)),
            ].join("\n"),
        );
    }
}

/**
 * Does some work while nobody else, nor an engine, can work on the stack; locks of the dead are removed.
 * @param work gets those locks
 */
export async function whileLocked<T>(folder: string, work: (abandoned: Lock[]) => T | Promise<T>): Promise<T> {
    mkdirSync(folder, { recursive: true });
    const own = path.join(folder, `${randomUUID()}.json`);
    const { pid } = process;
    const content = { pid, username: username(), hostname: hostname(), timestamp: new Date() };
    // By way of another folder: a file that is not whole yet would be a lock as well.
    const draft = path.join(path.dirname(folder), `${path.basename(own)}.draft`);
    writeFileSync(draft, JSON.stringify(content));
    renameSync(draft, own);
    try {
        // Only now: of two who lock at once, at least one sees the other.
        const others = readLocks(folder).filter(({ file }) => file !== own);
        refuseHeld(others);
        for (const { file } of others) {
            rmSync(file, { force: true });
            rmSync(`${file}.attrs`, { force: true });
        }
        return await work(others);
    } finally {
        rmSync(own, { force: true });
    }
}
