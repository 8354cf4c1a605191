import { INJECTION_LABEL } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import { ApiError } from "../../kubernetes/apiError";
import { displayName, type KubernetesObject } from "../../kubernetes/object";
import { isOwnIn } from "../stack/namespaces";

/** Kinds of workloads, whose pods get a sidecar when they restart. */
const WORKLOADS = [
    ["apps/v1", "Deployment"],
    ["apps/v1", "StatefulSet"],
    ["apps/v1", "DaemonSet"],
    ["batch/v1", "CronJob"],
] as const;

/** Kinds that own the pods of such workloads, with the workload's kind. */
const WORKLOAD_OF: Readonly<Record<string, string>> = {
    ReplicaSet: "Deployment",
    StatefulSet: "StatefulSet",
    DaemonSet: "DaemonSet",
};

/** How many workloads the note names. */
const NAMED = 3;

/** The workload or pod's own word on injection: a label, which Istio once read as an annotation. */
const CHOICE = "sidecar.istio.io/inject";

/**
 * What the first deployment changes for others: the label for injection applies to everything that restarts in the namespace.
 * @param namespace as it is; undefined if there is none, or if the user may not read it
 * @returns a note; undefined if the namespace has the label already, or has nothing of others that would get a sidecar
 */
export async function noteOnSharedNamespace(
    name: string,
    namespace: KubernetesObject | undefined,
    api: ClusterApi,
): Promise<string | undefined> {
    const [label = "", value = ""] = Object.entries(INJECTION_LABEL)[0] ?? [];
    if (namespace?.metadata.labels?.[label] === value || (namespace === undefined && name !== "default")) {
        return undefined;
    }
    const isOwn = isOwnIn(name);
    const list = async (apiVersion: string, kind: string) => {
        const found = await api
            .list(apiVersion, kind, { fieldSelector: `metadata.namespace=${name}` })
            .catch(ifRefused);
        return found?.filter((object) => object.metadata.namespace === name && !isOwn(object) && isInjected(object));
    };
    const [pods = [], ...workloads] = await Promise.all([
        list("v1", "Pod"),
        ...WORKLOADS.map(([apiVersion, kind]) => list(apiVersion, kind)),
    ]);
    // A pod of a workload is counted with it, or stands for it if the user may not see such workloads.
    const seen = new Set(WORKLOADS.flatMap(([, kind], index) => (workloads[index] ? [kind as string] : [])));
    const alone = pods.flatMap((pod) => {
        const owner = pod.metadata.ownerReferences?.find(({ kind }) => kind in WORKLOAD_OF);
        if (owner === undefined) {
            return [displayName(pod)];
        }
        return seen.has(WORKLOAD_OF[owner.kind] ?? "") ? [] : [`${owner.kind} ${name}/${owner.name}`];
    });
    const known = workloads.flatMap((found = []) => found.map(displayName));
    const others = [...new Set([...known, ...alone])];
    if (others.length === 0) {
        return undefined;
    }
    const more = others.length > NAMED ? ` and ${others.length - NAMED} more` : "";
    return (
        `The namespace ${name} gets the label ${label}=${value}: whatever restarts in it gets a sidecar, also what is not part of ` +
        `this deployment (${others.slice(0, NAMED).join(", ")}${more}). To leave the namespace as it is, stop here and set ` +
        "app.namespace to another name, such as bookinfo."
    );
}

/** Whether the label of the namespace would give an object's pods a sidecar when they restart. */
function isInjected({ kind, metadata, spec, status }: KubernetesObject): boolean {
    const { template, jobTemplate, hostNetwork } = (spec ?? {}) as {
        template?: PodTemplate;
        jobTemplate?: { spec?: { template?: PodTemplate } };
        hostNetwork?: boolean;
    };
    const pod: PodTemplate =
        kind === "Pod" ? { metadata, spec: { hostNetwork } } : (template ?? jobTemplate?.spec?.template ?? {});
    const { phase } = (status ?? {}) as { phase?: string };
    const choice = pod.metadata?.labels?.[CHOICE] ?? pod.metadata?.annotations?.[CHOICE];
    return pod.spec?.hostNetwork !== true && choice !== "false" && phase !== "Succeeded" && phase !== "Failed";
}

interface PodTemplate {
    metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
    spec?: { hostNetwork?: boolean };
}

/** What the user may not list, or the cluster does not know, does not count. */
function ifRefused(error: unknown): undefined {
    if (error instanceof ApiError && (error.status === 403 || error.status === 404)) {
        return undefined;
    }
    throw error;
}
