import * as fs from "node:fs";
import * as path from "node:path";
import { writeAtomically, writePrivately } from "../shared/privateFiles";
import { UserError } from "../shared/errors";
import { parseJson } from "../shared/json";
import { isAlive, type ProcessId, processId, readOr } from "../shared/processId";
import { cache, cloneDirectory, live } from "./paths";

/** Who owns this machine's only sandbox. */
export interface Owner {
    /** The clone of this project that started it. */
    clone: string;
    /** containerd's store, in the cache of the user who started it. */
    containerdStore: string;
    /** The process that made the namespaces. Everything inside ends with it. */
    holder?: ProcessId;
    /** The first process inside. */
    init?: ProcessId;
    /** Whether the sandbox was ready once. After that, a start of the services that died repairs it. */
    complete?: boolean;
    /** Whether it has the add-ons' images. */
    addons?: boolean;
    /** Whether it has the image and the chart of Istio's CNI plugin. */
    cni?: boolean;
}

/** The recorded owner; undefined if no sandbox exists. */
export function readOwner(): Owner | undefined {
    return readJson(live.owner) as Owner | undefined;
}

/** Adds to the record of the sandbox. */
export function record(known: Pick<Owner, "holder" | "init" | "complete" | "addons" | "cni">): void {
    fs.mkdirSync(live.root, { recursive: true });
    const owner: Owner = { ...readOwner(), clone: cloneDirectory, containerdStore: cache.containerd, ...known };
    writeAtomically(live.owner, JSON.stringify(owner), 0o644);
}

/** A command that works on the sandbox. While it adds the add-ons, the cluster can be used. */
type Lock = ProcessId & { clone: string; addsAddons?: boolean };

/** Another command that is starting or stopping the sandbox now. */
export function runningCommand(): Lock | undefined {
    const lock = readJson(live.lock) as Lock | undefined;
    return lock && lock.pid !== process.pid && isAlive(lock) ? lock : undefined;
}

/**
 * Makes this the only command that starts or stops the sandbox, until this process ends.
 * @throws UserError if another command is at work, or the sandbox is another clone's
 */
export function claim(): void {
    fs.mkdirSync(path.dirname(live.lock), { recursive: true });
    const own: Lock = { ...processId(process.pid), clone: cloneDirectory };
    // A link to a complete file creates the lock in one step, and fails if a lock exists.
    const prepared = `${live.lock}.${process.pid}`;
    fs.rmSync(prepared, { force: true });
    writePrivately(prepared, JSON.stringify(own), 0o644);
    try {
        if (!runningCommand()) {
            fs.rmSync(live.lock, { force: true }); // left by a command that was killed
        }
        fs.linkSync(prepared, live.lock);
    } catch {
        const other = runningCommand();
        const work = other?.addsAddons ? "building the sandbox's add-ons" : "starting or stopping the sandbox";
        throw new UserError(
            `process ${String(other?.pid)}, of the clone ${String(other?.clone)}, is ${work}; wait for it to end`,
        );
    } finally {
        fs.rmSync(prepared);
    }
    process.on("exit", () => {
        fs.rmSync(live.lock, { force: true });
    });
    refuseOthers();
}

/** From now on this command only adds the add-ons: others see a cluster that is up. */
export function allowUse(): void {
    const own: Lock = { ...processId(process.pid), clone: cloneDirectory, addsAddons: true };
    writeAtomically(live.lock, JSON.stringify(own), 0o644);
}

/** @throws UserError if another clone's sandbox is up */
function refuseOthers(): void {
    const owner = readOwner();
    // Any clone may remove the sandbox of a clone that was deleted, because that one can no longer do it.
    const isForeign = owner && owner.clone !== cloneDirectory && fs.existsSync(owner.clone);
    if (isForeign && owner.init && isAlive(owner.init)) {
        throw new UserError(
            `this machine already runs the sandbox of another clone, ${owner.clone}; ` +
                `stop it there first: npm --prefix ${owner.clone} run sandbox -- down`,
        );
    }
}

/** The content of a JSON file; undefined if the file is missing or is not JSON. */
export function readJson(file: string): unknown {
    return parseJson(readOr(file, ""));
}
