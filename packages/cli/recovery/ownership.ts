import { ISTIO_NAMESPACE } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import type { KubernetesObject } from "../../kubernetes/object";
import { UserError } from "../../shared/errors";
import type { StackState, StateResource } from "./interruption";

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
export async function hasOwnMesh(state: StackState, api: ClusterApi): Promise<boolean> {
    const live = await liveMesh(api);
    if (live === undefined) {
        return true;
    }
    const recorded = recordedMesh(state);
    return recorded ? uidOf(recorded) === live.metadata.uid : !(await holdsSomething(ISTIO_NAMESPACE, api));
}

/**
 * @param uid of the mesh's namespace, as the stack has made it; undefined where it has not got as far
 * @param forget the command by which one forgets what the stack had deployed
 * @throws UserError where somebody else has made the mesh anew: what has the same names would be changed, or removed
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
            `the namespace ${ISTIO_NAMESPACE} of stack "${stack}" is gone, and somebody else has made another one: nothing is touched.\n` +
                `Forget what this stack had deployed: ${forget}`,
        );
    }
}

/** @throws UserError where a stack is not in its backend any more, and a mesh is in the cluster: that may be what it has deployed */
export async function refuseLostState(stack: string, backend: string, api: ClusterApi, forget: string): Promise<void> {
    if ((await liveMesh(api)) !== undefined) {
        throw new UserError(
            `stack "${stack}" is not in ${backend} any more, which kept its state, and the namespace ${ISTIO_NAMESPACE} is in the ` +
                `cluster: nothing is touched.
Bring the backend back. If the state is lost for good, forget the stack, and remove ` +
                `by hand what is in the cluster: ${forget}`,
        );
    }
}

/** UID of the mesh's namespace in a state; undefined where that does not know it, and so nothing that comes after it. */
export function meshIn(state: StackState): string | undefined {
    const recorded = recordedMesh(state);
    return recorded && uidOf(recorded);
}

/** The namespace of the mesh that is in a cluster, whoever has made it. */
export function liveMesh(api: ClusterApi): Promise<KubernetesObject | undefined> {
    return api.read({ apiVersion: "v1", kind: "Namespace", metadata: { name: ISTIO_NAMESPACE } });
}

/** The namespace that every stack of this program begins with, as a state knows it. */
function recordedMesh({ deployment }: StackState): StateResource | undefined {
    return deployment?.resources?.find(
        ({ type, id }) => type === "kubernetes:core/v1:Namespace" && id === ISTIO_NAMESPACE,
    );
}

function uidOf({ outputs }: StateResource): string | undefined {
    return (outputs?.metadata as { uid?: string } | undefined)?.uid;
}

/** Whether anything has been deployed to a namespace. */
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
