import pc from "picocolors";
import type { ClusterApi } from "../../kubernetes/api";
import { displayName, type KubernetesObject } from "../../kubernetes/object";
import { missingAmong } from "../../kubernetes/releases";
import { waitUntil } from "../../kubernetes/wait";
import type { PulumiStack } from "../engine/pulumiStack";
import { UserError } from "../../shared/errors";
import { Progress } from "../terminal/progress";
import { PROJECT_FOLDER } from "../../shared/project";
import { stackFiles } from "./backendFolder";
import { findingsOf, type SearchScope } from "./findings";
import { type Snapshot, snapshotOf } from "./snapshot";
import { type Lock, locksNamedIn, ownerOf, readLocks, refuseHeld, removeUnfinishedLocks, whileLocked } from "./lock";
import { waitForOwnEngine } from "./ownEngine";
import { endOrphans } from "./process";
import { damageOf } from "./stateFile";

/** Longest time for an object that is being deleted to be gone, in seconds. */
const DELETION_TIMEOUT = 300;

/**
 * Cleans up after crashed runs: their locks, which keep every engine away from the stack, their processes, and files that
 * they wrote only in part.
 * @throws UserError if another run may still work on the stack
 */
export async function freeFromDeadRuns({ backend, name, configFile }: PulumiStack, stop: AbortSignal): Promise<void> {
    await waitForOwnEngine(configFile, stop);
    const files = stackFiles(backend, name);
    if (files) {
        await removeUnfinishedLocks(files.locks);
    }
    const locks = files ? readLocks(files.locks) : [];
    refuseHeld(locks);
    const ended = await endOrphans(PROJECT_FOLDER);
    if (ended > 0) {
        say(`${ended} process(es) of a crashed run were still running, and are ended.`);
    }
    if (files && (locks.length > 0 || damageOf(files).length > 0)) {
        await whileLocked(files.locks, (abandoned) => {
            abandoned.forEach(sayRemoved);
            for (const { text, repair } of damageOf(files)) {
                say(text);
                repair();
            }
        });
    }
}

/**
 * Makes the engine do some work. If only locks of crashed runs kept it out, removes them and tries again: in a backend that is
 * not a folder, the engine's message is the only way to see locks.
 * @throws UserError if another run may still work on the stack
 */
export async function pastDeadLocks<T>(stack: PulumiStack, stop: AbortSignal, work: () => Promise<T>): Promise<T> {
    try {
        return await work();
    } catch (error) {
        const locks = error instanceof UserError ? locksNamedIn(`${error.message}\n${String(error.cause)}`) : [];
        if (locks.length === 0) {
            throw error;
        }
        refuseHeld(locks, () => stack.cancelCommand());
        locks.forEach(sayRemoved);
        // Nobody else can have locked the stack in the meantime: these locks kept everybody out.
        await stack.cancel(stop);
        return work();
    }
}

/**
 * Repairs what a killed engine left, so that the next operation can begin; says what it finds and does.
 * @param scope set if the program's provider may have ended before the engine: then the state does not list what was pending
 * @returns whether there was something to do
 */
export async function recover(
    stack: PulumiStack,
    seen: Snapshot,
    api: ClusterApi,
    stop: AbortSignal,
    scope?: SearchScope,
): Promise<boolean> {
    const findings = await findingsOf(seen, api, scope);
    if (seen.pending.length === 0 && !findings.some(({ repair }) => repair)) {
        return false;
    }
    const files = stackFiles(stack.backend, stack.name);
    if (files === undefined) {
        // Without files only the engine knows of locks: it refuses to refresh a locked stack. An engine that ended just before
        // has recorded what looked half-done.
        await stack.refresh(stop);
        const { deployment } = (await stack.findState(stop)) ?? {};
        const pending = { deployment: { ...deployment, pending_operations: seen.pending } };
        await repair(meshOf(seen, snapshotOf(pending)), api, stop, scope);
    } else {
        await whileLocked(files.locks, async () =>
            repair(meshOf(seen, snapshotOf(await stack.findState(stop))), api, stop, scope),
        );
    }
    await stack.refresh(stop);
    return true;
}

/**
 * Updates the state if an object in it is gone from the cluster, or has changed. The engine would trust its old state.
 * Objects without a generation, such as Services, show no edits.
 */
export async function bringUpToDate(
    stack: PulumiStack,
    { objects, releases }: Snapshot,
    api: ClusterApi,
    stop: AbortSignal,
): Promise<void> {
    const look = () => Promise.all(objects.map(async (seen) => ({ seen, live: await api.read(seen) })));
    const first = await look();
    const going = first.filter(({ live }) => live?.metadata.deletionTimestamp !== undefined).map(({ seen }) => seen);
    await whileGoing(going, api, stop);
    const pairs = going.length > 0 ? await look() : first;
    const missing = [
        ...pairs.flatMap(({ seen, live }) => (live ? [] : [displayName(seen)])),
        ...(await missingAmong(releases, api)).map(({ namespace, name }) => `Release ${namespace}/${name}`),
    ];
    const changed = pairs.flatMap(({ seen, live }) => (live && hasChanged(seen, live) ? [displayName(seen)] : []));
    if (missing.length > 0) {
        say(`In the state, but no longer in the cluster: ${missing.join(", ")}. The engine looks at them again.`);
    }
    if (changed.length > 0) {
        say(`Changed since they were last seen: ${changed.join(", ")}. The engine looks at them again.`);
    }
    if (missing.length + changed.length > 0) {
        await stack.refresh(stop);
    }
}

/** Whether an object was replaced, or its spec changed, since it was last seen. */
function hasChanged(seen: KubernetesObject, live: KubernetesObject): boolean {
    return (["uid", "generation"] as const).some(
        (field) => seen.metadata[field] !== undefined && seen.metadata[field] !== live.metadata[field],
    );
}

/** A later look at a state. The mesh's namespace may have been there before the stack, and not be in the state yet. */
function meshOf(earlier: Snapshot, later: Snapshot): Snapshot {
    return { ...later, mesh: later.mesh ?? earlier.mesh };
}

/** Removes from the cluster what the engine does not know, so that it can continue, or destroy. */
async function repair(
    seen: Snapshot,
    api: ClusterApi,
    stop: AbortSignal,
    scope: SearchScope | undefined,
): Promise<void> {
    if (seen.pending.length > 0) {
        say(`A run was killed during ${seen.pending.length} operation(s).`);
    }
    const findings = await findingsOf(seen, api, scope);
    for (const { text } of findings) {
        say(text);
    }
    await Promise.all(findings.map(async ({ repair }) => repair?.(stop)));
    await whileGoing(seen.deleted, api, stop);
}

/** Waits for objects that are being deleted, because the engine would count them as existing. */
async function whileGoing(objects: readonly KubernetesObject[], api: ClusterApi, stop: AbortSignal): Promise<void> {
    const waitFor = (object: KubernetesObject) =>
        waitUntil(displayName(object), { timeout: DELETION_TIMEOUT, stop }, async () =>
            (await api.read(object))?.metadata.deletionTimestamp === undefined ? undefined : "is still being deleted",
        );
    if (objects.length > 0) {
        const title = `Objects that were being deleted (${objects.length})`;
        await new Progress().during(title, () => Promise.all(objects.map(waitFor)));
    }
}

function sayRemoved(lock: Lock): void {
    say(`The lock of a crashed run is removed (${ownerOf(lock)}).`);
}

function say(text: string): void {
    console.log(pc.yellow(text));
}
