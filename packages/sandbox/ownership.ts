import * as fs from "node:fs";
import * as path from "node:path";
import { UserError } from "../shared/errors";
import { cache, cloneDirectory, live } from "./paths";
import { isAlive, type ProcessId, processId } from "./processId";

/** Who holds the one sandbox of this machine. */
export interface Owner {
    /** The clone of this project that started it. */
    clone: string;
    /** containerd's store, in the cache of whoever started it. */
    containerdStore: string;
    /** The process that made the namespaces; its end is the end of everything inside. */
    holder?: ProcessId;
    /** The first process inside. */
    init?: ProcessId;
    /** Whether it has been ready once: then a part that died can be started again, and nothing has to be made anew. */
    complete?: boolean;
}

/** The recorded owner; none where no sandbox is. */
export function readOwner(): Owner | undefined {
    return readJson(live.owner) as Owner | undefined;
}

/** Adds to what is known of the sandbox. */
export function record(known: Pick<Owner, "holder" | "init" | "complete">): void {
    fs.mkdirSync(live.root, { recursive: true });
    const owner: Owner = { ...readOwner(), clone: cloneDirectory, containerdStore: cache.containerd, ...known };
    const partial = `${live.owner}.partial`;
    fs.writeFileSync(partial, JSON.stringify(owner));
    fs.renameSync(partial, live.owner);
}

/** @throws UserError when another clone's sandbox is up */
export function refuseOthers(): void {
    const owner = readOwner();
    // A clone that was deleted cannot be asked to stop its sandbox: whoever comes next may.
    const isForeign = owner && owner.clone !== cloneDirectory && fs.existsSync(owner.clone);
    if (isForeign && owner.init && isAlive(owner.init)) {
        throw new UserError(
            `this machine already runs the sandbox of another clone, ${owner.clone}; ` +
                `stop it there first: npm --prefix ${owner.clone} run sandbox -- down`,
        );
    }
}

/** A command at work on the sandbox. */
type Lock = ProcessId & { clone: string };

/** Another command that is starting or stopping the sandbox now. */
export function runningCommand(): Lock | undefined {
    const lock = readJson(live.lock) as Lock | undefined;
    return lock && lock.pid !== process.pid && isAlive(lock) ? lock : undefined;
}

/**
 * Makes this the only command that starts or stops the sandbox, until the process ends.
 *
 * @throws UserError when another one is at work, or the sandbox is another clone's
 */
export function claim(): void {
    fs.mkdirSync(path.dirname(live.lock), { recursive: true });
    const own: Lock = { ...processId(process.pid), clone: cloneDirectory };
    // Written beside and then linked: the lock appears at once and whole, or not at all where there is one.
    const prepared = `${live.lock}.${process.pid}`;
    fs.writeFileSync(prepared, JSON.stringify(own));
    try {
        if (!runningCommand()) {
            fs.rmSync(live.lock, { force: true }); // of a command that was killed
        }
        fs.linkSync(prepared, live.lock);
    } catch {
        const other = runningCommand();
        throw new UserError(
            `process ${String(other?.pid)}, of the clone ${String(other?.clone)}, is starting or stopping the sandbox; ` +
                "wait for it to end",
        );
    } finally {
        fs.rmSync(prepared);
    }
    process.on("exit", () => {
        fs.rmSync(live.lock, { force: true });
    });
    refuseOthers();
}

function readJson(file: string): unknown {
    try {
        return JSON.parse(fs.readFileSync(file, "utf8"));
    } catch {
        return undefined;
    }
}
