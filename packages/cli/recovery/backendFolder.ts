import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { PROJECT_NAME } from "../../shared/project";

/** The files of a stack in a backend that is a folder of this machine. */
export interface StackFiles {
    /** The layout of the backend: an engine writes it first, and every later engine reads it. */
    layout: string;
    /** The engine's state (`pkg/backend/diy/state.go`), unless it is compressed. */
    state: string;
    /** The folder of locks, one file for each engine or command that works on the stack (`pkg/backend/diy/lock.go`). */
    locks: string;
}

/** Undefined if the backend is not a folder of this machine. */
export function stackFiles(backend: string, stack: string): StackFiles | undefined {
    const [, root] = /^file:\/\/(\/[^?]*|~[^?]*)/.exec(backend) ?? [];
    if (root === undefined) {
        return undefined;
    }
    const folder = path.join(decodeURIComponent(root.replace(/^~/, homedir())), ".pulumi");
    return {
        layout: path.join(folder, "meta.yaml"),
        state: path.join(folder, "stacks", PROJECT_NAME, `${stack}.json`),
        locks: path.join(folder, "locks", "organization", PROJECT_NAME, stack),
    };
}

/** Paths of the files in a folder with such a name; empty if the folder does not exist. */
export function filesIn(folder: string, prefix: string, suffix: string): string[] {
    return (existsSync(folder) ? readdirSync(folder) : [])
        .filter((name) => name.startsWith(prefix) && name.endsWith(suffix))
        .map((name) => path.join(folder, name));
}
