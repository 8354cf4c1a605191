import { homedir } from "node:os";
import path from "node:path";
import { PROJECT_NAME } from "../../shared/project";

/** Where a backend that is a folder of this machine keeps what it has of a stack. */
export interface StackFiles {
    /** How the backend is laid out: the first thing that an engine writes, and that every later one reads. */
    layout: string;
    /** The engine's state (`pkg/backend/diy/state.go`), unless it is compressed. */
    state: string;
    /** The folder for a file from whoever works on the stack (`pkg/backend/diy/lock.go`). */
    locks: string;
}

/** The files of a stack; undefined where the backend is no folder of this machine. */
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
