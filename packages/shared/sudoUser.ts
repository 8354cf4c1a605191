/** The user who has called sudo. What needs no root, such as the engine, runs as that user. */
import { closeSync, lchownSync, openSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

export interface SudoUser {
    uid: number;
    gid: number;
    home: string;
    name: string;
}

/**
 * The user who has called sudo, if this process is root; undefined if there is none.
 * @param needed files that a program must read: undefined too if that user may not, such as with a kubeconfig of root
 */
export function sudoUser(needed: readonly string[] = [], env: NodeJS.ProcessEnv = process.env): SudoUser | undefined {
    const uid = Number(env.SUDO_UID);
    const gid = Number(env.SUDO_GID);
    if (process.getuid?.() !== 0 || !Number.isInteger(uid) || !Number.isInteger(gid) || uid <= 0 || gid < 0) {
        return undefined;
    }
    const user = userOf(readFileSync("/etc/passwd", "utf8"), uid, gid);
    return user && needed.every((file) => canRead(user, file)) ? user : undefined;
}

/** A user in the text of /etc/passwd, passwd(5). */
export function userOf(passwd: string, uid: number, gid: number): SudoUser | undefined {
    const fields = passwd.split("\n").map((line) => line.split(":"));
    const [name, , , , , home] = fields.find((each) => each[2] === String(uid)) ?? [];
    return name !== undefined && home?.startsWith("/") ? { uid, gid, home, name } : undefined;
}

/** The environment of a user, without what sudo has set. */
export function environmentOf(user: SudoUser | undefined, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    return user ? { ...env, HOME: user.home, USER: user.name, LOGNAME: user.name } : env;
}

/** Gives files of a folder, and the folder, to a user. Links are not followed. */
export function giveTo({ uid, gid }: SudoUser, folder: string): void {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        lchownSync(path.join(entry.parentPath, entry.name), uid, gid);
    }
    lchownSync(folder, uid, gid);
}

/** Whether a user may read a file, or list a folder: this process becomes that user for a moment. */
function canRead({ uid, gid }: SudoUser, file: string): boolean {
    const groups = process.getgroups?.() ?? [];
    process.setgroups?.([gid]);
    process.setegid?.(gid);
    process.seteuid?.(uid);
    try {
        closeSync(openSync(file, "r"));
        return true;
    } catch {
        return false;
    } finally {
        process.seteuid?.(0);
        process.setegid?.(0);
        process.setgroups?.(groups);
    }
}
