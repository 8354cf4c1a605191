import type { ClusterApi } from "./api";
import { displayName, type KubernetesObject } from "./object";
import { waitUntil } from "./wait";

export type Readiness = { ready: true } | { ready: false; why: string };

interface WorkloadStatus {
    observedGeneration?: number;
    replicas?: number;
    updatedReplicas?: number;
    availableReplicas?: number;
    desiredNumberScheduled?: number;
    updatedNumberScheduled?: number;
    numberAvailable?: number;
}

/**
 * Whether an object does what it was made for: pods of a workload available in their newest form, an address for a
 * load balancer. Kinds that do nothing of the sort are ready as soon as they exist.
 */
export function readinessOf(object: KubernetesObject): Readiness {
    const status = (object.status ?? {}) as WorkloadStatus;
    const spec = (object.spec ?? {}) as { replicas?: number; type?: string };
    switch (object.kind) {
        case "Deployment":
        case "StatefulSet":
            return workloadReadiness(object, {
                wanted: spec.replicas ?? 1,
                existing: status.replicas ?? 0,
                updated: status.updatedReplicas ?? 0,
                available: status.availableReplicas ?? 0,
            });
        case "DaemonSet":
            return workloadReadiness(object, {
                wanted: status.desiredNumberScheduled ?? 0,
                existing: status.desiredNumberScheduled ?? 0,
                updated: status.updatedNumberScheduled ?? 0,
                available: status.numberAvailable ?? 0,
            });
        case "Service":
            return spec.type === "LoadBalancer" && !hasAddress(object)
                ? { ready: false, why: "has no external address yet" }
                : { ready: true };
        default:
            return { ready: true };
    }
}

function workloadReadiness(
    object: KubernetesObject,
    pods: { wanted: number; existing: number; updated: number; available: number },
): Readiness {
    const { observedGeneration = 0 } = (object.status ?? {}) as WorkloadStatus;
    if (observedGeneration < (object.metadata.generation ?? 0)) {
        return { ready: false, why: "has not been looked at by its controller yet" };
    }
    if (pods.updated < pods.wanted) {
        return { ready: false, why: `has ${pods.updated} of ${pods.wanted} new pods` };
    }
    if (pods.existing > pods.updated) {
        return { ready: false, why: `still has ${pods.existing - pods.updated} old pods` };
    }
    return pods.available < pods.wanted
        ? { ready: false, why: `has ${pods.available} of ${pods.wanted} pods available` }
        : { ready: true };
}

/** Whether a Service of type LoadBalancer has been given its address. */
export function hasAddress(service: KubernetesObject): boolean {
    const status = service.status as { loadBalancer?: { ingress?: unknown[] } } | undefined;
    return (status?.loadBalancer?.ingress ?? []).length > 0;
}

/** Whether a pod takes requests: it is ready, and not about to go. */
export function isReadyPod({ metadata, status }: KubernetesObject): boolean {
    const { conditions = [] } = (status ?? {}) as { conditions?: { type: string; status: string }[] };
    const ready = conditions.some((condition) => condition.type === "Ready" && condition.status === "True");
    return ready && metadata.deletionTimestamp === undefined;
}

/** Time in which an object must become ready, or be gone, in seconds; the same that Istio's releases get. */
export const OBJECT_TIMEOUT = 600;

/** Waits until an object does what it was made for. @throws UserError with what it lacks after `OBJECT_TIMEOUT` */
export async function waitUntilReady(object: KubernetesObject, api: ClusterApi, stop?: AbortSignal): Promise<void> {
    await waitUntil(displayName(object), { timeout: OBJECT_TIMEOUT, stop }, async () => {
        const current = await api.read(object);
        if (!current) {
            return "was deleted meanwhile";
        }
        const readiness = readinessOf(current);
        return readiness.ready ? undefined : readiness.why;
    });
}
