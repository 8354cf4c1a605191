import { ISTIO_NAMESPACE } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import type { KubernetesObject } from "../../kubernetes/object";
import { UserError } from "../../shared/errors";

/** An entry of `metadata.managedFields`: which manager has set which fields, how and when. */
interface ManagedFields {
    manager: string;
    operation: string;
    time?: string;
    fieldsV1?: Record<string, unknown>;
}

/** Largest difference between the clocks of the cluster and of this machine, in milliseconds. */
const SKEW = 5000;

/**
 * Whether the mesh in a cluster can belong to a stack. Names do not tell, because two stacks of this program use the same
 * ones. The cluster must have the Istio namespace that is in the state, or none. A namespace that a killed run has created
 * is not in the state yet, but then it is still empty.
 * @param recorded UID of the namespace in the state
 */
export async function hasOwnMesh(recorded: string | undefined, api: ClusterApi): Promise<boolean> {
    const live = await liveMesh(api);
    if (live === undefined) {
        return true;
    }
    return recorded === undefined ? !(await holdsSomething(ISTIO_NAMESPACE, api)) : recorded === live.metadata.uid;
}

/**
 * @param uid of the mesh's namespace that the stack has created; undefined before that
 * @param forget the command that forgets what the stack has deployed
 * @throws UserError if somebody else has created a new mesh: its objects have the same names
 */
export async function refuseForeignMesh(
    stack: string,
    uid: string | undefined,
    api: ClusterApi,
    forget: string,
): Promise<void> {
    const live = await liveMesh(api);
    if (live && uid !== undefined && uid !== live.metadata.uid) {
        throw new UserError(
            `the namespace ${ISTIO_NAMESPACE} of stack "${stack}" is gone, and somebody else has created another one: nothing is ` +
                `touched.\nForget what this stack has deployed: ${forget}`,
        );
    }
}

/** @throws UserError for a stack that its backend has lost, if the cluster has a mesh that the stack may have deployed */
export async function refuseLostState(stack: string, backend: string, api: ClusterApi, forget: string): Promise<void> {
    if ((await liveMesh(api)) !== undefined) {
        throw new UserError(
            `stack "${stack}" is no longer in ${backend}, which had its state, and the namespace ${ISTIO_NAMESPACE} is in the ` +
                `cluster: nothing is touched.\nRestore the backend. If the state is lost for good, forget the stack: ${forget}\n` +
                "What is in the cluster stays, because nobody knows any more which part of it is this stack's.",
        );
    }
}

/** The namespace of the mesh in a cluster, from any owner. */
export function liveMesh(api: ClusterApi): Promise<KubernetesObject | undefined> {
    return api.read({ apiVersion: "v1", kind: "Namespace", metadata: { name: ISTIO_NAMESPACE } });
}

export async function holdsSomething(namespace: string, api: ClusterApi): Promise<boolean> {
    const kinds = [
        ["v1", "Secret"],
        ["v1", "Service"],
        ["v1", "Pod"],
        ["v1", "PersistentVolumeClaim"],
        ["apps/v1", "Deployment"],
    ] as const;
    const objects = (await Promise.all(kinds.map(([apiVersion, kind]) => api.list(apiVersion, kind)))).flat();
    return objects.some(({ metadata }) => metadata.namespace === namespace);
}

/**
 * Whether an object that a killed run was about to create is its work: from Pulumi's Kubernetes provider (or Helm inside it),
 * and not older than the stack. The name alone proves nothing.
 */
export function isOwn({ metadata }: KubernetesObject, begun: Date): boolean {
    const created = Date.parse(String(metadata.creationTimestamp));
    return (
        created >= begun.getTime() - SKEW && managersOf(metadata).some(({ manager }) => manager.startsWith("pulumi-"))
    );
}

/**
 * Manager names with which the provider has applied exactly the fields of a patch since the stack began. The provider generates
 * a name for each patch and keeps it in the state. The name of an interrupted patch is lost.
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

function fieldsOf(value: unknown): Record<string, unknown> {
    const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
    return Object.fromEntries(entries.map(([key, entry]) => [`f:${key}`, fieldsOf(entry)]));
}
