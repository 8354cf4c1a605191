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
import { beginningOf, type Creations, interruptionOf, managersIn, type StackState } from "./interruption";
import { hasOwnMesh, holdsSomething, isOwn, lostManagers } from "./ownership";
import { isAutonamed, unrecordedOf } from "./missingFromState";

/** Something in the cluster that keeps the engine from going on. */
export interface Finding {
    /** What was found, and what is done about it. */
    text: string;
    /** Undefined where it is somebody else's. */
    mend?: (stop: AbortSignal) => Promise<void>;
}

/** Where to look for what the state does not know of. */
export interface SearchScope {
    /** What the program declares. */
    declaration: Declaration;
    /** When the state last held all that was made: what has a declared name and is older is somebody else's. Default: never. */
    settled?: Date;
}

/**
 * Looks for what is half-made in the cluster.
 * @param scope default: only what the state says was under way is looked for
 */
export async function findingsOf(
    state: StackState,
    api: ClusterApi,
    scope: SearchScope | undefined,
): Promise<Finding[]> {
    const { created, knownReleases } = interruptionOf(state);
    const [unrecorded, stuck] = await Promise.all([
        scope ? unrecordedOf(scope.declaration, state, api) : undefined,
        stuckReleases(knownReleases, api),
    ]);
    const { objects, patches, releases } = unrecorded ? merged(created, unrecorded) : created;
    const begun = beginningOf(state);
    if (begun === undefined || objects.length + patches.length + releases.length + stuck.length === 0) {
        return [];
    }
    if (!(await hasOwnMesh(state, api))) {
        return [{ text: "The mesh in this cluster is another stack's by now: nothing in it is touched." }];
    }
    const managers = managersIn(state);
    const underWay = new Set([...created.objects.map(nameOfObject), ...created.releases.map(nameOfRelease)]);
    const since = (name: string) => (underWay.has(name) ? begun : latest(begun, scope?.settled));
    const findings = await Promise.all([
        ...stuck.map((release) => findStuck(release, api)),
        ...releases.map((release) => findRelease(release, since(nameOfRelease(release)), api)),
        ...objects.map((object) => findObject(object, { begun, since: since(nameOfObject(object)) }, api)),
        ...patches.map((patch) => findPatch(patch, begun, managers, api)),
    ]);
    return findings.flat();
}

function merged(some: Creations, others: Creations): Creations {
    const names = <T>(all: T[], nameOf: (each: T) => string) => [
        ...new Map(all.map((each) => [nameOf(each), each])).values(),
    ];
    return {
        objects: names([...some.objects, ...others.objects], nameOfObject),
        patches: names([...some.patches, ...others.patches], nameOfObject),
        releases: names([...some.releases, ...others.releases], nameOfRelease),
    };
}

function nameOfObject(object: KubernetesObject): string {
    return `${object.apiVersion} ${displayName(object)}`;
}

function nameOfRelease({ namespace, name }: ReleaseName): string {
    return `${namespace}/${name}`;
}

function latest(one: Date, other: Date = one): Date {
    return one > other ? one : other;
}

/** A release that the state knows and Helm has not finished with. */
type StuckRelease = ReleaseName & { uninstalling: boolean };

async function stuckReleases(knownReleases: ReleaseName[], api: ClusterApi): Promise<StuckRelease[]> {
    const unfinished = knownReleases.length === 0 ? [] : await unfinishedRevisions(api);
    return knownReleases.flatMap((release) => {
        const revision = unfinished.find(
            ({ metadata }) => metadata.labels?.name === release.name && metadata.namespace === release.namespace,
        );
        return revision ? [{ ...release, uninstalling: revision.metadata.labels?.status === "uninstalling" }] : [];
    });
}

async function findStuck(release: StuckRelease, api: ClusterApi): Promise<Finding[]> {
    const name = `Release ${release.namespace}/${release.name}`;
    const revisions = await revisionSecrets(api, release);
    return release.uninstalling
        ? [
              {
                  text: `${name} was being uninstalled: the rest of it is removed.`,
                  mend: (stop) => removeRelease(api, release, revisions, stop),
              },
          ]
        : [
              {
                  text: `${name} was being upgraded: marked as failed, to be upgraded again.`,
                  mend: () => markFailed(api, revisions),
              },
          ];
}

async function findRelease(release: ReleaseName, begun: Date, api: ClusterApi): Promise<Finding[]> {
    const name = `Release ${release.namespace}/${release.name}`;
    const revisions = await revisionSecrets(api, release);
    if (revisions.length === 0) {
        return [];
    }
    return revisions.every((secret) => isOwn(secret, begun))
        ? [
              {
                  text: `${name} was being installed: what there is of it is removed.`,
                  mend: (stop) => removeRelease(api, release, revisions, stop),
              },
          ]
        : [{ text: `${name} was to be installed, but is somebody else's: left alone.` }];
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
    // A name that the provider has made up is made up anew by the next run, which can end well beside the lost object.
    const own = isOwn(live, isAutonamed(live) ? begun : since);
    // Nothing is created in a namespace before the engine knows of it.
    return own && !(live.kind === "Namespace" && (await holdsSomething(live.metadata.name, api)))
        ? [
              {
                  text: `${displayName(object)} was being created: removed, for the state does not know of it.`,
                  mend: (stop) => removeObjects(api, [live], stop),
              },
          ]
        : [{ text: `${displayName(object)} was to be created, but is somebody else's: left alone.` }];
}

/** Fields that were set under a name that is lost with the killed run: nobody else could ever unset them. */
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
            text: `${displayName(patch)} was being patched: what was set is given up.`,
            mend: async () => {
                await api.apply({ apiVersion, kind, metadata: { name, namespace } }, { force: false, fieldManager });
            },
        }));
}
