import { gunzipSync, gzipSync } from "node:zlib";
import { parseAllDocuments } from "yaml";
import type { ClusterApi } from "../../kubernetes/api";
import { removeObjects } from "../../leftovers/leftovers";
import type { KubernetesObject } from "../../kubernetes/object";
import { type ReleaseName, releaseSecrets, revisionsOf } from "../../kubernetes/releases";

/** A revision of a release in Helm's Secret, as far as it is used here. */
interface Revision {
    info: { status: string; description?: string };
    manifest?: string;
}

/** Helm's annotations on the objects of a release, and on those that outlive it. */
const OWNER = { name: "meta.helm.sh/release-name", namespace: "meta.helm.sh/release-namespace" };
const POLICY = "helm.sh/resource-policy";

/** The Secrets of revisions that Helm has not finished. */
export function unfinishedRevisions(api: ClusterApi): Promise<KubernetesObject[]> {
    const labelSelector = "owner=helm,status in (pending-install,pending-upgrade,pending-rollback,uninstalling)";
    return api.listMetadata("v1", "Secret", { labelSelector });
}

export async function missingAmong(releases: readonly ReleaseName[], api: ClusterApi): Promise<ReleaseName[]> {
    const secrets = await releaseSecrets(api);
    return releases.filter((release) => revisionsOf(release, secrets).length === 0);
}

/** The Secrets of a release with their content: one for each revision. */
export async function revisionSecrets(api: ClusterApi, { name, namespace }: ReleaseName): Promise<KubernetesObject[]> {
    const secrets = await api.list("v1", "Secret", { labelSelector: `owner=helm,name=${name}` });
    return secrets.filter(({ metadata }) => metadata.namespace === namespace);
}

/**
 * Marks unfinished revisions as failed, as Helm does if it is stopped instead of killed. The next upgrade then begins from
 * the last good revision; otherwise it would refuse.
 */
export async function markFailed(api: ClusterApi, revisions: readonly KubernetesObject[]): Promise<void> {
    for (const secret of revisions) {
        const revision = decode(secret);
        if (/^pending-/.test(revision.info.status)) {
            const failed = { ...revision, info: { ...revision.info, status: "failed", description: "interrupted" } };
            const { apiVersion, kind, metadata } = secret;
            const { name, namespace } = metadata;
            await api.apply(
                {
                    apiVersion,
                    kind,
                    metadata: { name, namespace, labels: { status: "failed" } },
                    data: { release: encode(failed) },
                },
                { force: true },
            );
        }
    }
}

/** Removes a release with its objects, except those to be kept, like `helm uninstall`. */
export async function removeRelease(
    api: ClusterApi,
    release: ReleaseName,
    revisions: readonly KubernetesObject[],
    stop?: AbortSignal,
): Promise<void> {
    const declared = revisions.flatMap((secret) => objectsIn(decode(secret).manifest ?? "", release.namespace));
    const live = await Promise.all(declared.map((object) => api.read(object)));
    const own = new Map(
        live
            .filter((object) => object !== undefined)
            .filter(({ metadata: { annotations = {} } }) => {
                const isOwn =
                    annotations[OWNER.name] === release.name && annotations[OWNER.namespace] === release.namespace;
                return isOwn && annotations[POLICY] !== "keep";
            })
            .map((object) => [object.metadata.uid, object]),
    );
    await removeObjects(api, [...own.values()], stop);
    await removeObjects(api, revisions, stop);
}

function objectsIn(manifest: string, namespace: string): KubernetesObject[] {
    return parseAllDocuments(manifest)
        .map((document) => document.toJS() as KubernetesObject | null)
        .filter((object) => object !== null)
        .map((object) => ({ ...object, metadata: { namespace, ...object.metadata } }));
}

/** Helm's encoding: JSON, gzip, base64, and base64 again as in all Secrets. */
export function decode(secret: KubernetesObject): Revision {
    const { release = "" } = secret.data as { release?: string };
    const packed = Buffer.from(Buffer.from(release, "base64").toString(), "base64");
    return JSON.parse(gunzipSync(packed).toString()) as Revision;
}

export function encode(revision: Revision): string {
    const packed = gzipSync(JSON.stringify(revision)).toString("base64");
    return Buffer.from(packed).toString("base64");
}
