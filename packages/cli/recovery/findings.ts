import { ISTIO_NAMESPACE } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import { displayName, type KubernetesObject } from "../../kubernetes/object";
import { removeObjects } from "../../kubernetes/removal";
import {
    markFailed,
    type ReleaseName,
    removeRelease,
    revisionSecrets,
    unfinishedRevisions,
} from "../../kubernetes/releases";
import type { Declaration } from "../program/declaration";
import type { Creations, Snapshot } from "./snapshot";
import { hasOwnMesh, holdsSomething, isOwn, lostManagers } from "./ownership";
import { isAutonamed, missingFromState } from "./missingFromState";

/** Something in the cluster that keeps the engine from continuing. */
export interface Finding {
    /** What was found, and what happens to it. */
    text: string;
    /** Undefined if it belongs to somebody else. */
    repair?: (stop: AbortSignal) => Promise<void>;
}

/** Where to look for objects that are missing from the state. */
export interface SearchScope {
    declaration: Declaration;
    /** When the state last had everything: an older object with a declared name is somebody else's. Default: never. */
    settled?: Date;
}

/**
 * Looks for incomplete work in the cluster.
 * @param scope default: only the operations that the state has as pending
 */
export async function findingsOf(
    { created, begun, known, releases: knownReleases, managers, mesh, stack }: Snapshot,
    api: ClusterApi,
    scope: SearchScope | undefined,
): Promise<Finding[]> {
    const [missing, stuck] = await Promise.all([
        scope ? missingFromState(scope.declaration, known, api) : undefined,
        stuckReleases(knownReleases, api),
    ]);
    const { objects, patches, releases } = missing ? merged(created, missing) : created;
    if (begun === undefined || objects.length + patches.length + releases.length + stuck.length === 0) {
        return [];
    }
    if (!(await hasOwnMesh(mesh, stack, api))) {
        return [{ text: "The mesh in this cluster now belongs to another stack: nothing in it is touched." }];
    }
    const pending = new Set([...created.objects.map(nameOfObject), ...created.releases.map(nameOfRelease)]);
    const settled = scope?.settled && scope.settled > begun ? scope.settled : begun;
    const since = (name: string) => (pending.has(name) ? begun : settled);
    const findings = await Promise.all([
        ...stuck.map((release) => findStuck(release, api)),
        ...releases.map((release) => findRelease(release, since(nameOfRelease(release)), api)),
        ...objects.map((object) => findObject(object, { begun, since: since(nameOfObject(object)) }, api)),
        ...patches.map((patch) => findPatch(patch, begun, managers, api)),
    ]);
    return findings.flat();
}

function merged(some: Creations, others: Creations): Creations {
    const unique = <T>(all: T[], nameOf: (each: T) => string) => [
        ...new Map(all.map((each) => [nameOf(each), each])).values(),
    ];
    return {
        objects: unique([...some.objects, ...others.objects], nameOfObject),
        patches: unique([...some.patches, ...others.patches], nameOfObject),
        releases: unique([...some.releases, ...others.releases], nameOfRelease),
    };
}

function nameOfObject(object: KubernetesObject): string {
    return `${object.apiVersion} ${displayName(object)}`;
}

function nameOfRelease({ namespace, name }: ReleaseName): string {
    return `Release ${namespace}/${name}`;
}

/** A release in the state that Helm has not finished. */
type StuckRelease = ReleaseName & { uninstalling: boolean };

async function stuckReleases(knownReleases: ReleaseName[], api: ClusterApi): Promise<StuckRelease[]> {
    const unfinished = knownReleases.length === 0 ? [] : await unfinishedRevisions(api, ISTIO_NAMESPACE);
    return knownReleases.flatMap((release) => {
        const revision = unfinished.find(
            ({ metadata }) => metadata.labels?.name === release.name && metadata.namespace === release.namespace,
        );
        return revision ? [{ ...release, uninstalling: revision.metadata.labels?.status === "uninstalling" }] : [];
    });
}

async function findStuck(release: StuckRelease, api: ClusterApi): Promise<Finding> {
    const name = nameOfRelease(release);
    const revisions = await revisionSecrets(api, release);
    return release.uninstalling
        ? {
              text: `${name} was being uninstalled: the rest of it is removed.`,
              repair: (stop) => removeRelease(api, release, revisions, stop),
          }
        : {
              text: `${name} was being upgraded: marked as failed, so that the next upgrade can begin.`,
              repair: () => markFailed(api, revisions),
          };
}

async function findRelease(release: ReleaseName, begun: Date, api: ClusterApi): Promise<Finding[]> {
    const name = nameOfRelease(release);
    const revisions = await revisionSecrets(api, release);
    if (revisions.length === 0) {
        return [];
    }
    if (!revisions.every((secret) => isOwn(secret, begun))) {
        return [{ text: `${name} was to be installed, but is somebody else's: left alone.` }];
    }
    const repair = (stop: AbortSignal) => removeRelease(api, release, revisions, stop);
    return [{ text: `${name} was being installed: its incomplete parts are removed.`, repair }];
}

async function findObject(
    object: KubernetesObject,
    { begun, since }: { begun: Date; since: Date },
    api: ClusterApi,
): Promise<Finding[]> {
    const live = await api.read(object);
    if (live === undefined) {
        return [];
    }
    // The next run generates another name, so it can succeed although the lost object exists.
    const own = isOwn(live, isAutonamed(live) ? begun : since);
    // Nothing is created in a namespace before the engine knows the namespace.
    if (!own || (live.kind === "Namespace" && (await holdsSomething(live.metadata.name, api)))) {
        return [{ text: `${displayName(object)} was to be created, but is somebody else's: left alone.` }];
    }
    const repair = (stop: AbortSignal) => removeObjects(api, [live], stop);
    return [{ text: `${displayName(object)} was being created: removed, because it is not in the state.`, repair }];
}

/** Fields that were set under a manager name that the killed run has lost: nothing else could ever unset them. */
async function findPatch(
    patch: KubernetesObject,
    begun: Date,
    known: ReadonlySet<unknown>,
    api: ClusterApi,
): Promise<Finding[]> {
    const live = await api.read(patch);
    const { apiVersion, kind, metadata } = patch;
    const { name, namespace } = metadata;
    return (live ? lostManagers(live, patch, begun) : [])
        .filter((manager) => !known.has(manager))
        .map((fieldManager) => ({
            text: `${displayName(patch)} was being patched: its patched fields are given up.`,
            repair: async () => {
                await api.apply({ apiVersion, kind, metadata: { name, namespace } }, { force: false, fieldManager });
            },
        }));
}
