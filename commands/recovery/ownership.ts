import { ISTIO_NAMESPACE } from "../../names";
import type { ClusterApi } from "../cluster/api";
import type { KubernetesObject } from "../cluster/object";
import type { StackState } from "./interruption";

/** An entry of `metadata.managedFields`: who has set which fields, how and when. */
interface ManagedFields {
    manager: string;
    operation: string;
    time?: string;
    subresource?: string;
    fieldsV1?: Record<string, unknown>;
}

/** How far the clocks of the cluster and of this machine may differ, in milliseconds. */
const SKEW = 5000;

/**
 * Whether the mesh in a cluster can be a stack's own: the namespace that every stack of this program begins with is the one
 * that the state knows, or there is none. One that the state does not know can be what a killed run has made; but then
 * nothing has been deployed to it. Two stacks of this program make the same names, of which neither tells whose it is.
 */
export async function hasOwnMesh({ deployment }: StackState, api: ClusterApi): Promise<boolean> {
    const live = await api.read({ apiVersion: "v1", kind: "Namespace", metadata: { name: ISTIO_NAMESPACE } });
    const recorded = deployment?.resources?.find(
        ({ type, id }) => type === "kubernetes:core/v1:Namespace" && id === ISTIO_NAMESPACE,
    );
    if (live === undefined) {
        return true;
    }
    if (recorded) {
        return (recorded.outputs?.metadata as { uid?: string } | undefined)?.uid === live.metadata.uid;
    }
    const kinds = [
        ["v1", "Secret"],
        ["v1", "Service"],
        ["apps/v1", "Deployment"],
    ] as const;
    const objects = (await Promise.all(kinds.map(([apiVersion, kind]) => api.list(apiVersion, kind)))).flat();
    return !objects.some(({ metadata }) => metadata.namespace === ISTIO_NAMESPACE);
}

/**
 * Whether an object that a killed run was about to create is its work: made by Pulumi's Kubernetes provider (or by Helm in
 * it), and not before the stack was begun. The name alone proves nothing.
 */
export function isOwn({ metadata }: KubernetesObject, begun: Date): boolean {
    const created = Date.parse(String(metadata.creationTimestamp));
    return (
        created >= begun.getTime() - SKEW && managersOf(metadata).some(({ manager }) => manager.startsWith("pulumi-"))
    );
}

/**
 * Names under which the provider has applied exactly the fields of a patch since the stack was begun. It makes up a name
 * for each patch, and keeps it in the state: that of an interrupted one is lost.
 */
export function lostManagers(live: KubernetesObject, patch: KubernetesObject, begun: Date): string[] {
    const fields = JSON.stringify(fieldsOf({ metadata: { labels: patch.metadata.labels } }));
    return managersOf(live.metadata)
        .filter(
            ({ manager, operation, time = "", fieldsV1 }) =>
                operation === "Apply" &&
                manager.startsWith("pulumi-kubernetes-") &&
                Date.parse(time) >= begun.getTime() - SKEW &&
                JSON.stringify(fieldsV1) === fields,
        )
        .map(({ manager }) => manager);
}

function managersOf(metadata: KubernetesObject["metadata"]): ManagedFields[] {
    return (metadata.managedFields ?? []) as ManagedFields[];
}

/** The fields of an object in the form of `fieldsV1`. */
function fieldsOf(value: unknown): Record<string, unknown> {
    const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
    return Object.fromEntries(entries.map(([key, entry]) => [`f:${key}`, fieldsOf(entry)]));
}
