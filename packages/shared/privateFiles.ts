import { chmodSync, lstatSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { UserError } from "./errors";

/**
 * Makes a folder that only its owner can enter, and the folders above it. One that exists gets the same permissions.
 * @throws UserError if it exists and belongs to another user: that user could change what is in it
 */
export function makePrivateFolder(folder: string): void {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = statSync(folder);
    const user = process.getuid?.();
    if (user !== undefined && user !== 0 && uid !== user) {
        throw new UserError(
            `the folder ${folder} belongs to another user (number ${uid}), and this one is number ${user}: ` +
                "its owner must run the command, or give the folder to you with chown",
        );
    }
    if ((mode & 0o077) !== 0) {
        chmodSync(folder, 0o700);
    }
}

/**
 * The first folder, from the root to a folder, in which another user than root may replace something; undefined if there is none.
 * In a folder with the sticky bit, such as /tmp, others cannot replace what is root's.
 */
export function writableByOthers(folder: string): string | undefined {
    const parts = path.resolve(folder).split(path.sep);
    const all = parts.map((_, index) => parts.slice(0, index + 1).join(path.sep) || path.sep);
    return all.find((each) => {
        const { uid, gid, mode } = lstatSync(each, { throwIfNoEntry: false }) ?? { uid: 0, gid: 0, mode: 0o40000 };
        const isLink = (mode & 0o170000) === 0o120000;
        const byGroup = gid !== 0 && (mode & 0o020) !== 0;
        return uid !== 0 || (!isLink && (mode & 0o1000) === 0 && (byGroup || (mode & 0o002) !== 0));
    });
}

/** Writes a new file that only its owner can read. @throws if the file exists, also as a link */
export function writePrivately(file: string, text: string, mode = 0o600): void {
    writeFileSync(file, text, { mode, flag: "wx" });
    // The umask takes permissions away from those that were asked for.
    chmodSync(file, mode);
}

/**
 * Writes a file under another name and then renames it: an interruption leaves either the earlier file or the new one, never
 * a part of one.
 * @param mode permissions of the file, also if it was there with others; by default only its owner can read it
 */
export function writeAtomically(file: string, text: string, mode = 0o600): void {
    const draft = path.join(path.dirname(file), `${path.basename(file)}.new`);
    // One that an interruption has left may have other permissions, or may be a link of somebody else.
    rmSync(draft, { force: true });
    writePrivately(draft, text, mode);
    renameSync(draft, file);
}
