/** What an istiod writes into its own namespace, which no release removes. */
import type { ClusterApi } from "../kubernetes/api";
import { unlessForbidden } from "../kubernetes/apiError";
import type { KubernetesObject } from "../kubernetes/object";

/** The kinds of what istiod writes into its own namespace: its locks, its CA's key, and the mesh's root certificate. */
const WRITTEN = [
    ["v1", "ConfigMap"],
    ["v1", "Secret"],
    ["coordination.k8s.io/v1", "Lease"],
] as const;

/** The field manager of istiod: the name of its program. */
const ISTIOD_MANAGER = "pilot-discovery";

/**
 * What an istiod has written into a namespace, without its content. What anybody else has changed does not count, nor do kinds
 * that the user may not list.
 */
export async function writtenByIstiod(namespace: string, api: ClusterApi): Promise<KubernetesObject[]> {
    const query = { namespace };
    const lists = WRITTEN.map(async ([apiVersion, kind]) =>
        ((await unlessForbidden(() => api.listMetadata(apiVersion, kind, query))) ?? []).map((object) => ({
            ...object,
            apiVersion,
            kind,
        })),
    );
    return (await Promise.all(lists)).flat().filter(({ metadata }) => {
        const managers = (metadata.managedFields ?? []) as { manager?: string }[];
        return managers.length > 0 && managers.every(({ manager }) => manager === ISTIOD_MANAGER);
    });
}

export function uidsOf(objects: readonly KubernetesObject[]): string[] {
    return objects.map(({ metadata }) => metadata.uid ?? "");
}
