import type { ClusterApi } from "./api";
import type { KubernetesObject } from "./object";

/** A revision of a Helm release. */
export interface Revision {
    number: number;
    /** What became of it, such as `deployed`, `superseded`, `failed` or `pending-upgrade`. */
    status?: string;
}

/** The Secrets in which Helm keeps its releases, one for each revision, without their content. */
export function releaseSecrets(api: ClusterApi): Promise<KubernetesObject[]> {
    return api.listMetadata("v1", "Secret", { labelSelector: "owner=helm" });
}

/** A release, by the name that Helm knows it by. */
export interface ReleaseName {
    name: string;
    namespace: string;
}

/** The revisions of a release, the newest first; none if there is no such release. */
export function revisionsOf({ name, namespace }: ReleaseName, secrets: readonly KubernetesObject[]): Revision[] {
    return secrets
        .filter(({ metadata }) => metadata.namespace === namespace && metadata.labels?.name === name)
        .map(({ metadata: { labels = {} } }) => ({ number: Number(labels.version), status: labels.status }))
        .sort((a, b) => b.number - a.number);
}
