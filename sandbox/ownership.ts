import * as fs from "node:fs";
import * as path from "node:path";
import { SandboxFault } from "./fault";
import { cloneDirectory, live } from "./paths";
import { isAlive, type ProcessId, processId } from "./processes";

/** Who holds the one sandbox of this machine. */
export interface Owner {
    /** The clone of this project that started it. */
    clone: string;
    /** The command that is starting or stopping it, or did. */
    command: ProcessId;
    /** The process that holds its namespaces, once there is one. */
    init?: ProcessId;
    /** Whether it has been ready once: then a part that died can be started again, and nothing has to be made anew. */
    complete?: boolean;
}

/** The recorded owner; none where no sandbox is, or only what a killed run left. */
export function readOwner(): Owner | undefined {
    try {
        return JSON.parse(fs.readFileSync(live.owner, "utf8")) as Owner;
    } catch {
        return undefined;
    }
}

/**
 * Refuses to go on where the sandbox is not this command's to touch.
 *
 * @throws SandboxFault when another clone's sandbox is up, or another command is at work on it.
 */
export function refuseOthers(): void {
    const owner = readOwner();
    // A clone that was deleted cannot be asked to stop its sandbox: whoever comes next may.
    const isForeign = owner && owner.clone !== cloneDirectory && fs.existsSync(owner.clone);
    if (isForeign && owner.init && isAlive(owner.init)) {
        throw new SandboxFault(
            `this machine already runs the sandbox of another clone, ${owner.clone}; ` +
                `stop it there first: npm --prefix ${owner.clone} run sandbox -- down`,
        );
    }
    if (owner && isAlive(owner.command) && owner.command.pid !== process.pid) {
        throw new SandboxFault(
            `process ${owner.command.pid}, of the clone ${owner.clone}, is starting or stopping the sandbox; wait for it to end`,
        );
    }
}

/** Takes hold of the sandbox for this command, unless it is others' (see {@link refuseOthers}). */
export function claim(): void {
    refuseOthers();
    record(readOwner() ?? {});
}

/** Notes what is known of the sandbox now. */
export function record({ init, complete }: Pick<Owner, "init" | "complete">): void {
    fs.mkdirSync(live.root, { recursive: true });
    const owner: Owner = { clone: cloneDirectory, command: processId(process.pid), init, complete };
    const partial = path.join(live.root, `.owner-${process.pid}`);
    fs.writeFileSync(partial, JSON.stringify(owner));
    fs.renameSync(partial, live.owner);
}
