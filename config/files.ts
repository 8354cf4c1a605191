import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { resolve } from "node:path";

/** What the config needs of the machine. Tests replace it. */
export interface Files {
    /** Content of a text file. Throws what `node:fs` throws. */
    read(path: string): string;
    exists(path: string): boolean;
    /** The home directory. */
    home: string;
}

export const localFiles: Files = {
    read: (path) => readFileSync(path, "utf8"),
    exists: existsSync,
    home: homedir(),
};

/** An absolute path; `~` is the home directory, any other relative path starts at the project's directory. */
export function absolute(path: string, { home }: Files): string {
    return resolve(path.replace(/^~(?=\/|$)/, () => home));
}
