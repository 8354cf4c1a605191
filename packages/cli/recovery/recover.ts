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
import { interruptionOf, objectsIn, type StackState } from "./interruption";
import { type Lock, locksNamedIn, ownerOf, readLocks, refuseHeld, removeUnfinishedLocks, whileLocked } from "./lock";
import { waitForOwnEngine } from "./ownEngine";
import { endOrphans } from "./process";
import { damageOf } from "./stateFile";

/** Longest time for an object that is being deleted to be gone, in seconds. */
const DELETION_TIMEOUT = 300;

/**
 * Frees a stack from the dead: from their locks, which keep every engine away from it, from what they have left running, and
 * from what they have half written.
 * @throws UserError where somebody who may be alive works on the stack
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
        say(`${ended} process(es) of a run that is dead were still at work, and are ended.`);
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
 * Has the engine do some work; once more where locks have kept it out that are of the dead alone. That is how those in a backend
 * that is no folder are met.
 * @throws UserError where somebody who may be alive works on the stack
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
        // Nobody else can have locked the stack meanwhile: these have kept out everybody.
        await stack.cancel(stop);
        return work();
    }
}

/**
 * Takes a stack up where a killed engine has dropped it, so that the next operation meets no half-made things; says what it
 * finds and does. Nothing happens where nothing was interrupted.
 * @param unrecorded where the program's provider may have ended before the engine: then the state does not say what was under way
 * @returns whether there was something to do
 */
export async function recover(
    stack: PulumiStack,
    state: StackState,
    api: ClusterApi,
    stop: AbortSignal,
    unrecorded?: SearchScope,
): Promise<boolean> {
    const { operations } = interruptionOf(state);
    const findings = await findingsOf(state, api, unrecorded);
    if (operations === 0 && !findings.some(({ repair }) => repair)) {
        return false;
    }
    const files = stackFiles(stack.backend, stack.name);
    if (files === undefined) {
        // Elsewhere, only the engine can tell whether somebody works on the stack: it refuses to refresh it then. Whoever has ended
        // just before that has recorded what looked half-made.
        await stack.refresh(stop);
        const { deployment } = (await stack.findState(stop)) ?? {};
        const underWay = state.deployment?.pending_operations;
        await takeBack({ deployment: { ...deployment, pending_operations: underWay } }, api, stop, unrecorded);
    } else {
        await whileLocked(files.locks, async () =>
            takeBack((await stack.findState(stop)) ?? {}, api, stop, unrecorded),
        );
    }
    await stack.refresh(stop);
    return true;
}

/**
 * Brings the state up to date where something of it is not in the cluster any more, or is not as it was last seen: an update that
 * is stopped, a provider that ends, and somebody who deletes or edits an object by hand tell the engine nothing, and it would build
 * on what it knows. Where an object has no generation, as Services have none, an edit is not noticed.
 */
export async function bringUpToDate(
    stack: PulumiStack,
    state: StackState,
    api: ClusterApi,
    stop: AbortSignal,
): Promise<void> {
    const objects = objectsIn(state);
    const look = () => Promise.all(objects.map(async (seen) => ({ seen, live: await api.read(seen) })));
    const first = await look();
    const going = first.filter(({ live }) => live?.metadata.deletionTimestamp !== undefined);
    await whileGoing(
        going.map(({ seen }) => seen),
        api,
        stop,
    );
    const pairs = going.length > 0 ? await look() : first;
    const releases = await missingAmong(interruptionOf(state).knownReleases, api);
    const missing = [
        ...pairs.flatMap(({ seen, live }) => (live ? [] : [displayName(seen)])),
        ...releases.map(({ namespace, name }) => `Release ${namespace}/${name}`),
    ];
    const changed = pairs.flatMap(({ seen, live }) => (live && hasChanged(seen, live) ? [displayName(seen)] : []));
    if (missing.length > 0) {
        say(`In the state, but not in the cluster any more: ${missing.join(", ")}. The engine looks at them again.`);
    }
    if (changed.length > 0) {
        say(`Changed since they were last seen: ${changed.join(", ")}. The engine looks at them again.`);
    }
    if (missing.length + changed.length > 0) {
        await stack.refresh(stop);
    }
}

/** Whether an object is another one, or wants something else, than when it was last seen. */
function hasChanged(seen: KubernetesObject, live: KubernetesObject): boolean {
    return (["uid", "generation"] as const).some(
        (field) => seen.metadata[field] !== undefined && seen.metadata[field] !== live.metadata[field],
    );
}

/** Puts the cluster in a state that the engine can go on from, or destroy: without what it does not know to be there. */
async function takeBack(
    state: StackState,
    api: ClusterApi,
    stop: AbortSignal,
    unrecorded: SearchScope | undefined,
): Promise<void> {
    const { operations, deleted } = interruptionOf(state);
    if (operations > 0) {
        say(`A run was killed in the middle of ${operations} operation(s).`);
    }
    const findings = await findingsOf(state, api, unrecorded);
    for (const { text } of findings) {
        say(text);
    }
    await Promise.all(findings.map(async ({ repair }) => repair?.(stop)));
    await whileGoing(deleted, api, stop);
}

/** Waits for objects that are about to go: the engine would take one for there that goes a moment later. */
async function whileGoing(objects: readonly KubernetesObject[], api: ClusterApi, stop: AbortSignal): Promise<void> {
    if (objects.length > 0) {
        await new Progress().during(`Objects that were being deleted (${objects.length})`, () =>
            Promise.all(objects.map((object) => waitWhileGoing(object, api, stop))),
        );
    }
}

function waitWhileGoing(object: KubernetesObject, api: ClusterApi, stop: AbortSignal): Promise<void> {
    return waitUntil(displayName(object), { timeout: DELETION_TIMEOUT, stop }, async () =>
        (await api.read(object))?.metadata.deletionTimestamp === undefined ? undefined : "is still being deleted",
    );
}

function sayRemoved(lock: Lock): void {
    say(`The lock of a run that is dead is removed (${ownerOf(lock)}).`);
}

function say(text: string): void {
    console.log(pc.yellow(text));
}
