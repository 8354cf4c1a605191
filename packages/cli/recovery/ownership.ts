import { ALL_RELEASES, ISTIO_NAMESPACE, STACK_ANNOTATION } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import type { KubernetesObject } from "../../kubernetes/object";
import { releaseSecrets, revisionsOf } from "../../kubernetes/releases";
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
 * is not in the state yet, but then it is still empty. A namespace that was there before keeps its UID if another stack
 * uses it later, but gets the name of that stack.
 * @param recorded UID of the namespace in the state, or of the one that was there before
 * @param stack name of the stack
 */
export async function hasOwnMesh(
    recorded: string | undefined,
    stack: string | undefined,
    api: ClusterApi,
): Promise<boolean> {
    const live = await liveMesh(api);
    if (live === undefined) {
        return true;
    }
    if (userOf(live) !== undefined && userOf(live) !== stack) {
        return false;
    }
    return recorded === undefined ? !(await holdsSomething(ISTIO_NAMESPACE, api)) : recorded === live.metadata.uid;
}

/**
 * @param uid of the mesh's namespace that the stack has created or used; undefined before that
 * @param forget the command that forgets what the stack has deployed
 * @throws UserError if somebody else has created a new mesh, or uses this one: its objects have the same names
 */
export async function refuseForeignMesh(
    stack: string,
    uid: string | undefined,
    api: ClusterApi,
    forget: string,
): Promise<void> {
    const live = await liveMesh(api);
    const user = live && userOf(live);
    if (user !== undefined && user !== stack) {
        throw new UserError(
            `stack "${user}" of this program uses the namespace ${ISTIO_NAMESPACE} (annotation ${STACK_ANNOTATION}): nothing is touched.\n` +
                `It may be somebody else's: ask who deploys it, or use another cluster. If it is gone, and nothing of it is in the ` +
                `cluster, take its mark away:\n  ${api.kubectl} annotate namespace ${ISTIO_NAMESPACE} ${STACK_ANNOTATION}-`,
        );
    }
    if (live && uid !== undefined && uid !== live.metadata.uid) {
        throw new UserError(
            `the namespace ${ISTIO_NAMESPACE} of stack "${stack}" is gone, and somebody else has created another one: nothing is ` +
                `touched.\nForget what this stack has deployed: ${forget}`,
        );
    }
}

/**
 * @param uid of the mesh's namespace, if it was there before the stack: then it is still there after its end
 * @throws UserError for a stack that its backend has lost, if the cluster has a mesh that the stack may have deployed
 */
export async function refuseLostState(
    stack: string,
    backend: string,
    api: ClusterApi,
    { forget, uid }: { forget: string; uid?: string },
): Promise<void> {
    const live = await liveMesh(api);
    if (live !== undefined && (live.metadata.uid !== uid || (await hasReleases(api)))) {
        throw new UserError(
            `stack "${stack}" is no longer in ${backend}, which had its state, and the namespace ${ISTIO_NAMESPACE} is in the ` +
                `cluster: nothing is touched.\nRestore the backend. If the state is lost for good, forget the stack: ${forget}\n` +
                "What is in the cluster stays, because nobody knows any more which part of it is this stack's.",
        );
    }
}

/** Whether Helm has one of the program's releases. */
async function hasReleases(api: ClusterApi): Promise<boolean> {
    const secrets = await releaseSecrets(api, ISTIO_NAMESPACE);
    return ALL_RELEASES.some((name) => revisionsOf({ name, namespace: ISTIO_NAMESPACE }, secrets).length > 0);
}

/** The stack that uses a namespace that was there before it. */
function userOf({ metadata }: KubernetesObject): string | undefined {
    return metadata.annotations?.[STACK_ANNOTATION];
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
    const { annotations, labels } = patch.metadata;
    const metadata = { ...(annotations && { annotations }), ...(labels && { labels }) };
    const fields = JSON.stringify(fieldsOf({ metadata }));
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
