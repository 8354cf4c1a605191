/** What Helm knows of releases: it keeps each revision of a release in a Secret. */
import { gunzipSync, gzipSync } from "node:zlib";
import { parseAllDocuments } from "yaml";
import type { ClusterApi } from "./api";
import type { KubernetesObject } from "./object";
import { removeObjects } from "./removal";

/** The name and namespace by which Helm identifies a release. */
export interface ReleaseName {
    name: string;
    namespace: string;
}

/** A revision of a Helm release, by the labels of its Secret. */
interface Revision {
    number: number;
    /** Such as `deployed`, `superseded`, `failed` or `pending-upgrade`. */
    status?: string;
    /** UID of the Secret. */
    uid?: string;
}

/** The content of a revision's Secret; only the fields that are used here. */
interface RevisionContent {
    info: { status: string; description?: string };
    manifest?: string;
}

/** Annotations that Helm sets on the objects of a release. */
export const RELEASE_ANNOTATION = { name: "meta.helm.sh/release-name", namespace: "meta.helm.sh/release-namespace" };

/** The annotation by which an object stays in the cluster after its release: with the value `keep`. */
const POLICY = "helm.sh/resource-policy";

/** The Secrets of all revisions of the releases in a namespace, without their content. */
export function releaseSecrets(api: ClusterApi, namespace: string): Promise<KubernetesObject[]> {
    return api.listMetadata("v1", "Secret", { labelSelector: "owner=helm", namespace });
}

/** The same of the revisions on which an operation has begun and not ended. */
export function unfinishedRevisions(api: ClusterApi, namespace: string): Promise<KubernetesObject[]> {
    const labelSelector = "owner=helm,status in (pending-install,pending-upgrade,pending-rollback,uninstalling)";
    return api.listMetadata("v1", "Secret", { labelSelector, namespace });
}

/** The Secrets of a release's revisions, with their content. */
export async function revisionSecrets(api: ClusterApi, { name, namespace }: ReleaseName): Promise<KubernetesObject[]> {
    return api.list("v1", "Secret", { labelSelector: `owner=helm,name=${name}`, namespace });
}

/** The revisions of a release, the newest first; empty if there is no such release. */
export function revisionsOf({ name, namespace }: ReleaseName, secrets: readonly KubernetesObject[]): Revision[] {
    return secrets
        .filter(({ metadata }) => metadata.namespace === namespace && metadata.labels?.name === name)
        .map(({ metadata: { labels = {}, uid } }) => ({ number: Number(labels.version), status: labels.status, uid }))
        .sort((a, b) => b.number - a.number);
}

/** Those of the releases that Helm does not know. */
export async function missingAmong(releases: readonly ReleaseName[], api: ClusterApi): Promise<ReleaseName[]> {
    const namespaces = [...new Set(releases.map(({ namespace }) => namespace))];
    const secrets = (await Promise.all(namespaces.map((namespace) => releaseSecrets(api, namespace)))).flat();
    return releases.filter((release) => revisionsOf(release, secrets).length === 0);
}

/**
 * Marks unfinished revisions as failed, as Helm itself does if it is stopped and not killed. The next upgrade then begins
 * from the last good revision; otherwise Helm would refuse it.
 */
export async function markFailed(api: ClusterApi, revisions: readonly KubernetesObject[]): Promise<void> {
    for (const secret of revisions) {
        const revision = decode(secret);
        if (revision.info.status.startsWith("pending-")) {
            const failed = { ...revision, info: { ...revision.info, status: "failed", description: "interrupted" } };
            const { apiVersion, kind, metadata } = secret;
            const { name, namespace } = metadata;
            const marked = { name, namespace, labels: { status: "failed" } };
            await api.apply({ apiVersion, kind, metadata: marked, data: { release: encode(failed) } }, { force: true });
        }
    }
}

/** Removes a release with its objects, except those that Helm is told to keep, as `helm uninstall` does. */
export async function removeRelease(
    api: ClusterApi,
    release: ReleaseName,
    revisions: readonly KubernetesObject[],
    stop?: AbortSignal,
): Promise<void> {
    const declared = revisions.flatMap((secret) => objectsIn(decode(secret).manifest ?? "", release.namespace));
    const live = await Promise.all(declared.map((object) => api.read(object)));
    const own = live.filter((object) => object !== undefined).filter((object) => isRemovedWith(release, object));
    const byUid = new Map(own.map((object) => [object.metadata.uid, object]));
    await removeObjects(api, [...byUid.values()], stop);
    await removeObjects(api, revisions, stop);
}

function isRemovedWith(release: ReleaseName, { metadata: { annotations = {} } }: KubernetesObject): boolean {
    return (
        annotations[RELEASE_ANNOTATION.name] === release.name &&
        annotations[RELEASE_ANNOTATION.namespace] === release.namespace &&
        annotations[POLICY] !== "keep"
    );
}

function objectsIn(manifest: string, namespace: string): KubernetesObject[] {
    return parseAllDocuments(manifest)
        .map((document) => document.toJS() as KubernetesObject | null)
        .filter((object) => object !== null)
        .map((object) => ({ ...object, metadata: { namespace, ...object.metadata } }));
}

/** Reads Helm's encoding: JSON, gzip, base64, and base64 again because it is the data of a Secret. */
export function decode(secret: KubernetesObject): RevisionContent {
    const { release = "" } = secret.data as { release?: string };
    const packed = Buffer.from(Buffer.from(release, "base64").toString(), "base64");
    return JSON.parse(gunzipSync(packed).toString()) as RevisionContent;
}

export function encode(revision: RevisionContent): string {
    const packed = gzipSync(JSON.stringify(revision)).toString("base64");
    return Buffer.from(packed).toString("base64");
}
