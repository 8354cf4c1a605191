import { BOOKINFO_NAMES, ISTIO_NAMESPACE } from "../../components/names";
import { ClusterApi } from "../kubernetes/api";
import { ApiError, unlessForbidden } from "../kubernetes/apiError";
import { displayName, type KubernetesObject } from "../kubernetes/object";
import { REMOVAL_TIMEOUT, removeObjects } from "../kubernetes/removal";
import { waitUntil } from "../kubernetes/wait";
import { UserError } from "../shared/errors";
import { markDefinitions, ownDefinitions, releasedDefinitions, servedKind } from "./definitions";
import { COUNTS_AS_GONE, countsAsGone } from "./gone";
import { kubectlCommand, type KubectlTarget, shellWord } from "../shared/shell";
import { uidsOf, writtenByIstiod } from "./written";

/** ConfigMaps that istiod writes into every namespace and never removes. */
const CONFIG_MAPS = ["istio-ca-root-cert", "istio-ca-crl"];

/** Selects control planes, and their pods. */
const ISTIOD = { labelSelector: "app=istiod" };

/** The webhook of a control plane, also of one outside of the cluster. This stack's own is gone with its release. */
const INJECTOR = [
    "admissionregistration.k8s.io/v1",
    "MutatingWebhookConfiguration",
    { labelSelector: "app=sidecar-injector" },
] as const;

/** Selects Bookinfo's pods, which have a sidecar. */
const BOOKINFO = { labelSelector: `security.istio.io/tlsMode=istio,app in (${BOOKINFO_NAMES.join(",")})` };

/** A namespace of the control plane that stays, because it was there before the stack. */
export interface StayingNamespace {
    name: string;
    /** UIDs of what an earlier istiod had written into it: that stays. */
    kept: readonly string[];
}

/** What a stack remembers, and by which it is certain of what it removes. */
export interface Memory {
    /** UID of its cluster's namespace kube-system. Undefined if an earlier version of this program deployed it. */
    cluster?: string;
    /** What it marks the CRDs with that it has installed. Undefined as above: then the name of the release decides. */
    mark?: string;
    /** The namespace of the control plane, if it stays. */
    staying?: StayingNamespace;
}

/** What Istio leaves in a cluster after its releases are removed. */
interface Leftovers {
    definitions: KubernetesObject[];
    /** What istiod wrote itself, which no release removes. */
    written: KubernetesObject[];
    /** Whether a release of the same name has installed CRDs that are not this stack's. */
    areForeign?: boolean;
    /** Objects of Istio's kinds. The objects of this program are removed by now, so these belong to others. */
    inUse: KubernetesObject[];
    /** Control planes that still run, or the webhooks of one outside of the cluster: they need the CRDs and the ConfigMaps. */
    controlPlanes: KubernetesObject[];
}

/** A cluster, as the resource knows it. */
export interface LeftoversCluster {
    /** Its kubeconfig, as YAML. */
    kubeconfig: string;
    /** How the user's own kubectl reaches it, for messages. */
    reachedBy: KubectlTarget;
}

/**
 * Removes what Istio has left in the cluster of a kubeconfig, as `removeLeftovers` does. A cluster that does not answer has
 * nothing to remove if the user says that it is gone.
 * @returns a message about what stays, or was not looked at; undefined if nothing stays
 * @throws UserError with a remedy if the cluster cannot be reached
 */
export async function connectAndRemove(
    { kubeconfig, reachedBy }: LeftoversCluster,
    stop: AbortSignal,
    memory: Memory = {},
): Promise<string | undefined> {
    const api = await connectTo({ kubeconfig, reachedBy });
    const { silence, identity } = await contact(api);
    if (silence !== undefined) {
        if (countsAsGone()) {
            return goneNotice(silence);
        }
        throw new UserError(`${silence}\n${IF_GONE}`);
    }
    if (memory.cluster !== undefined && memory.cluster !== identity) {
        return (
            `The context "${reachedBy.context}" leads to another cluster than the one of this stack (${api.server}). ` +
            "Istio's CRDs and ConfigMaps are not looked for, in neither of them."
        );
    }
    return removeLeftovers(api, kubectlCommand(reachedBy), stop, memory);
}

/**
 * What a new stack remembers of the cluster of a kubeconfig: its identity, and the UIDs of what an earlier istiod has written
 * into a namespace.
 * @throws UserError with a remedy if the cluster cannot be reached
 */
export async function connectAndLook(
    cluster: LeftoversCluster,
    namespace: string | undefined,
): Promise<{ identity: string | undefined; written: string[] | undefined }> {
    const api = await connectTo(cluster);
    const identity = await unlessForbidden(() => api.identity());
    const written = namespace === undefined ? undefined : uidsOf(await writtenByIstiod(namespace, api));
    return { identity, written };
}

/** Marks the CRDs of the release that a stack has installed. @throws UserError if the cluster cannot be reached */
export async function connectAndMark(cluster: LeftoversCluster, mark: string): Promise<void> {
    await markDefinitions(await connectTo(cluster), mark);
}

/**
 * Why a refresh takes the resource out of the state, as Pulumi's Kubernetes provider does with its own: the user says that a
 * cluster without an answer is gone.
 * @returns undefined if the resource stays, because the cluster answers, or because that cannot be known
 */
export async function whyGone(cluster: LeftoversCluster): Promise<string | undefined> {
    try {
        const { silence } = await contact(await connectTo(cluster));
        return silence && goneNotice(silence);
    } catch (error) {
        if (error instanceof UserError) {
            return undefined;
        }
        throw error;
    }
}

const IF_GONE =
    "If the cluster is gone for good, with everything in it, run these two commands. They keep what is billed elsewhere in view:\n" +
    `  ${COUNTS_AS_GONE}=true pulumi refresh\n` +
    "  pulumi destroy";

function goneNotice(silence: string): string {
    return (
        `Istio's CRDs and ConfigMaps are not looked for, because ${COUNTS_AS_GONE} is true and ${silence.split("\n")[0] ?? ""}\n` +
        "If that cluster still exists, they stay in it, as do its load balancer and its volumes."
    );
}

function connectTo({ kubeconfig, reachedBy }: LeftoversCluster): Promise<ClusterApi> {
    return ClusterApi.connect({ kubeconfig: reachedBy.path ?? "of the stack", context: reachedBy.context }, kubeconfig);
}

/**
 * The identity of the cluster at an address; or why none answers: there is no answer, or that of a server without a cluster.
 * @throws UserError if it refuses, or fails: then it exists
 */
async function contact(api: ClusterApi): Promise<{ identity?: string; silence?: string }> {
    try {
        return { identity: await api.identity() };
    } catch (error) {
        if (error instanceof UserError && error.cause instanceof ApiError && [0, 404].includes(error.cause.status)) {
            return { silence: error.message };
        }
        throw error;
    }
}

/**
 * Removes what Istio's charts and istiod leave behind, unless others need it, and waits until Bookinfo's pods have ended.
 * @param kubectl the start of a kubectl command for the cluster
 * @returns a message about what stays; undefined if nothing stays
 */
export async function removeLeftovers(
    api: ClusterApi,
    kubectl: string,
    stop?: AbortSignal,
    memory: Memory = {},
): Promise<string | undefined> {
    const notices = await Promise.all([removeUnused(api, kubectl, stop, memory), untilPodsEnd(api, stop)]);
    return notices.filter((notice) => notice !== undefined).join("\n") || undefined;
}

async function removeUnused(
    api: ClusterApi,
    kubectl: string,
    stop: AbortSignal | undefined,
    { mark, staying }: Memory,
): Promise<string | undefined> {
    await untilIstiodEnds(api, stop);
    const released = await releasedDefinitions(api);
    const definitions = ownDefinitions(released, mark);
    if (mark !== undefined && released.length === 0) {
        // The release was never installed. Nothing that an istiod has written is this stack's.
        return undefined;
    }
    const [deployments, injectors, configMaps, inNamespace, inUse] = await Promise.all([
        api.list("apps/v1", "Deployment", ISTIOD),
        unlessForbidden(() => api.list(...INJECTOR)),
        Promise.all(CONFIG_MAPS.map((name) => api.list("v1", "ConfigMap", { fieldSelector: `metadata.name=${name}` }))),
        staying ? writtenByIstiod(staying.name, api) : [],
        Promise.all(definitions.map((definition) => api.list(...servedKind(definition)))),
    ]);
    const ours = inNamespace.filter(({ metadata }) => !staying?.kept.includes(metadata.uid ?? ""));
    const written = new Map([...ours, ...configMaps.flat()].map((object) => [displayName(object), object]));
    const { remove, notice } = chooseLeftovers(
        {
            definitions,
            written: [...written.values()],
            inUse: inUse.flat(),
            controlPlanes: [...deployments, ...(injectors ?? [])],
            areForeign: definitions.length < released.length,
        },
        kubectl,
    );
    // The CRDs last: if this is interrupted, their marks still say whose the rest is.
    const [last, first] = [remove.filter(isDefinition), remove.filter((object) => !isDefinition(object))];
    await removeObjects(api, first, stop);
    await removeObjects(api, last, stop);
    return notice;
}

function isDefinition({ kind }: KubernetesObject): boolean {
    return kind === "CustomResourceDefinition";
}

/** Waits for the last istiod: after the removal of its Deployment it may still write its ConfigMaps again. */
async function untilIstiodEnds(api: ClusterApi, stop?: AbortSignal): Promise<void> {
    await waitUntil("istiod", { timeout: REMOVAL_TIMEOUT, stop }, async () => {
        const [deployments, pods] = await Promise.all([
            api.list("apps/v1", "Deployment", ISTIOD),
            api.list("v1", "Pod", ISTIOD),
        ]);
        const ending = pods.filter(({ metadata }) => metadata.namespace === ISTIO_NAMESPACE);
        return deployments.length === 0 && ending.length > 0
            ? `has not ended: ${ending.map(displayName).join(", ")}`
            : undefined;
    });
}

/**
 * Waits for Bookinfo's pods. Its Deployments are deleted in the background: they are gone before their pods, which keep
 * serving for a moment.
 * @returns a message about pods that do not end: nothing depends on their end
 */
async function untilPodsEnd(api: ClusterApi, stop?: AbortSignal): Promise<string | undefined> {
    try {
        await waitUntil("Bookinfo", { timeout: REMOVAL_TIMEOUT, stop }, async () => {
            const pods = await api.list("v1", "Pod", BOOKINFO);
            const left = pods.length > 0 ? await abandoned(pods, api) : [];
            return left.length > 0 ? `has pods that have not ended: ${left.map(displayName).join(", ")}` : undefined;
        });
    } catch (error) {
        if (error instanceof UserError) {
            return error.message;
        }
        throw error;
    }
    return undefined;
}

/** Pods whose ReplicaSet or Deployment is gone. */
async function abandoned(pods: KubernetesObject[], api: ClusterApi): Promise<KubernetesObject[]> {
    const [deployments, replicaSets] = await Promise.all([
        api.listMetadata("apps/v1", "Deployment", {}),
        api.listMetadata("apps/v1", "ReplicaSet", {}),
    ]);
    const going = ownerless(replicaSets, "Deployment", deployments);
    const staying = replicaSets.filter((replicaSet) => !going.includes(replicaSet));
    return ownerless(pods, "ReplicaSet", staying);
}

/** Objects with an owner of a kind that is not among the existing objects of that kind. */
function ownerless(objects: KubernetesObject[], kind: string, existing: KubernetesObject[]): KubernetesObject[] {
    const uids = new Set(existing.map(({ metadata }) => metadata.uid));
    return objects.filter(({ metadata }) =>
        metadata.ownerReferences?.some((owner) => owner.kind === kind && !uids.has(owner.uid)),
    );
}

/**
 * Decides what may be removed. If others use a single CRD, all CRDs stay, because the removal of a CRD deletes its objects.
 * What a control plane still needs stays too.
 * @param kubectl the start of a kubectl command for the cluster
 */
export function chooseLeftovers(
    { definitions, written, inUse, controlPlanes, areForeign = false }: Leftovers,
    kubectl: string,
): { remove: KubernetesObject[]; notice?: string } {
    if (controlPlanes.length > 0) {
        const names = controlPlanes.map(displayName).join(", ");
        return { remove: [], notice: `Another Istio still runs (${names}): its CRDs and ConfigMaps stay.` };
    }
    if (areForeign) {
        return {
            remove: [],
            notice: "Istio's CRDs and ConfigMaps stay, because this stack has not installed these CRDs.",
        };
    }
    if (inUse.length > 0) {
        const names = definitions.map(({ metadata }) => shellWord(metadata.name)).join(",");
        return {
            remove: written,
            notice: [
                "Istio's CRDs stay, because they have objects that were not deployed from here:",
                ...inUse.map((object) => `  ${displayName(object)}`),
                "Without the CRDs these objects would be lost, so their owners decide. What uses the CRDs, at any time:",
                `  ${kubectl} get ${names} --all-namespaces`,
                "They harm nothing. When nothing uses them, another deployment takes them over, and its removal takes them away.",
            ].join("\n"),
        };
    }
    return { remove: [...definitions, ...written] };
}
