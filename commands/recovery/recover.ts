import pc from "picocolors";
import type { ClusterApi } from "../cluster/api";
import { removeObjects } from "../cluster/leftovers";
import { displayName, type KubernetesObject } from "../cluster/object";
import { waitUntil } from "../cluster/wait";
import type { PulumiStack } from "../engine/pulumiStack";
import { type Interruption, interruptionOf, type ReleaseName, type StackState } from "./interruption";
import { lockFolder, ownerOf, readLocks, refuseHeld, whileLocked } from "./lock";
import { isOwn, lostManagers } from "./ownership";
import { endSessionOf } from "./process";
import { markFailed, removeRelease, revisionsOf, unfinishedRevisions } from "./release";

/** Longest time for an object that is being deleted to be gone, in seconds. */
const DELETION_TIMEOUT = 300;

/**
 * Frees a stack from the locks of the dead, which keep every engine away from it.
 * @throws Fault where somebody who may be alive works on the stack
 */
export async function removeAbandonedLocks({ backend, name }: PulumiStack): Promise<void> {
    const folder = lockFolder(backend, name);
    const locks = folder === undefined ? [] : readLocks(folder);
    refuseHeld(locks);
    if (folder !== undefined && locks.length > 0) {
        await whileLocked(folder, (abandoned) => {
            for (const lock of abandoned) {
                say(`The lock of a run that is dead is removed (${ownerOf(lock)}).`);
                endSessionOf(lock.pid);
            }
        });
    }
}

/**
 * Takes a stack up where a killed engine has dropped it, so that the next operation meets no half-made things; says what it
 * finds and does. Nothing happens where nothing was interrupted.
 */
export async function recover(
    stack: PulumiStack,
    state: StackState,
    api: ClusterApi,
    stop: AbortSignal,
): Promise<void> {
    const interruption = interruptionOf(state);
    if (interruption.operations === 0 && (await stuckReleases(interruption, api)).length === 0) {
        return;
    }
    const folder = lockFolder(stack.backend, stack.name);
    if (folder === undefined) {
        // Elsewhere, only the engine can tell whether somebody works on the stack: it refuses to refresh it then.
        await stack.refresh(stop);
        await takeBack(stack, api, stop);
    } else {
        await whileLocked(folder, () => takeBack(stack, api, stop));
    }
    await stack.refresh(stop);
}

/** Puts the cluster in a state that the engine can go on from, or destroy: without what it does not know to be there. */
async function takeBack(stack: PulumiStack, api: ClusterApi, stop: AbortSignal): Promise<void> {
    const interruption = interruptionOf((await stack.findState(stop)) ?? {});
    const { operations, begun, objects, patches, releases, deleted } = interruption;
    if (operations > 0) {
        say(`A run was killed in the middle of ${operations} operation(s).`);
    }
    for (const release of await stuckReleases(interruption, api)) {
        const revisions = await revisionsOf(api, release);
        if (release.uninstalling) {
            say(`Release ${release.namespace}/${release.name} was being uninstalled: the rest of it is removed.`);
            await removeRelease(api, release, revisions, stop);
        } else {
            say(
                `Release ${release.namespace}/${release.name} was being upgraded: marked as failed, to be upgraded again.`,
            );
            await markFailed(api, revisions);
        }
    }
    for (const release of releases) {
        const revisions = await revisionsOf(api, release);
        if (revisions.every((secret) => isOwn(secret, begun)) && revisions.length > 0) {
            say(`Release ${release.namespace}/${release.name} was being installed: what there is of it is removed.`);
            await removeRelease(api, release, revisions, stop);
        }
    }
    await removeObjects(api, await ownAmong(objects, begun, api), stop);
    await relinquish(patches, begun, api);
    await Promise.all(deleted.map((object) => waitWhileGoing(object, api, stop)));
}

/** Releases that the state knows and Helm has not finished with. */
async function stuckReleases({ knownReleases }: Interruption, api: ClusterApi) {
    const unfinished = knownReleases.length === 0 ? [] : await unfinishedRevisions(api);
    return knownReleases.flatMap((release): (ReleaseName & { uninstalling: boolean })[] => {
        const revision = unfinished.find(
            ({ metadata }) => metadata.labels?.name === release.name && metadata.namespace === release.namespace,
        );
        return revision ? [{ ...release, uninstalling: revision.metadata.labels?.status === "uninstalling" }] : [];
    });
}

/** Those of the objects that are there and that the killed run has made. */
async function ownAmong(objects: KubernetesObject[], begun: Date, api: ClusterApi): Promise<KubernetesObject[]> {
    const live = (await Promise.all(objects.map((object) => api.read(object)))).filter((each) => each !== undefined);
    for (const object of live) {
        say(
            isOwn(object, begun)
                ? `${displayName(object)} was being created: removed, for the state does not know of it.`
                : `${displayName(object)} was to be created, but is somebody else's: left alone.`,
        );
    }
    return live.filter((object) => isOwn(object, begun));
}

/** Gives up fields that were set under a name that is lost with the killed run: nobody else could ever unset them. */
async function relinquish(patches: KubernetesObject[], begun: Date, api: ClusterApi): Promise<void> {
    for (const patch of patches) {
        const live = await api.read(patch);
        for (const fieldManager of live ? lostManagers(live, patch, begun) : []) {
            say(`${displayName(patch)} was being patched: what was set is given up.`);
            const { apiVersion, kind, metadata } = patch;
            const { name, namespace } = metadata;
            await api.apply({ apiVersion, kind, metadata: { name, namespace } }, { force: false, fieldManager });
        }
    }
}

/** The engine would take an object for there that goes a moment later. */
function waitWhileGoing(object: KubernetesObject, api: ClusterApi, stop: AbortSignal): Promise<void> {
    return waitUntil(displayName(object), { timeout: DELETION_TIMEOUT, stop }, async () =>
        (await api.read(object))?.metadata.deletionTimestamp === undefined ? undefined : "is still being deleted",
    );
}

function say(text: string): void {
    console.log(pc.yellow(text));
}
