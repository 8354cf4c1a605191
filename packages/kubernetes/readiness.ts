import type { ClusterApi } from "./api";
import { displayName, type KubernetesObject } from "./object";
import { waitUntil } from "./wait";

/** The counters in the status of a workload. */
type WorkloadStatus = Record<string, number | undefined>;

/**
 * Why an object is not ready, as the end of a sentence about it; undefined if it is ready. A workload is ready if its
 * newest pods are available, a load balancer if it has an address. Objects of other kinds are ready as soon as they exist.
 */
export function whyNotReady(object: KubernetesObject): string | undefined {
    const status = (object.status ?? {}) as WorkloadStatus;
    const spec = (object.spec ?? {}) as { replicas?: number; type?: string };
    switch (object.kind) {
        case "Deployment":
        case "StatefulSet":
            return whyPodsNotReady(object, {
                wanted: spec.replicas ?? 1,
                existing: status.replicas,
                updated: status.updatedReplicas,
                available: status.availableReplicas,
            });
        case "DaemonSet":
            return whyPodsNotReady(object, {
                wanted: status.desiredNumberScheduled ?? 0,
                existing: status.desiredNumberScheduled,
                updated: status.updatedNumberScheduled,
                available: status.numberAvailable,
            });
        case "Service":
            return spec.type === "LoadBalancer" && !hasAddress(object) ? "has no external address yet" : undefined;
        default:
            return undefined;
    }
}

function whyPodsNotReady(
    { metadata, status }: KubernetesObject,
    pods: { wanted: number; existing?: number; updated?: number; available?: number },
): string | undefined {
    const { wanted, existing = 0, updated = 0, available = 0 } = pods;
    const { observedGeneration = 0 } = (status ?? {}) as WorkloadStatus;
    if (observedGeneration < (metadata.generation ?? 0)) {
        return "has not been processed by its controller yet";
    }
    if (updated < wanted) {
        return `has ${updated} of ${wanted} new pods`;
    }
    if (existing > updated) {
        return `still has ${existing - updated} old pods`;
    }
    return available < wanted ? `has ${available} of ${wanted} pods available` : undefined;
}

/** Whether a Service of type LoadBalancer has its address. */
export function hasAddress(service: KubernetesObject): boolean {
    const status = service.status as { loadBalancer?: { ingress?: unknown[] } } | undefined;
    return (status?.loadBalancer?.ingress ?? []).length > 0;
}

/** Whether a pod accepts requests: it is ready, and not being deleted. */
export function isReadyPod({ metadata, status }: KubernetesObject): boolean {
    const { conditions = [] } = (status ?? {}) as { conditions?: { type: string; status: string }[] };
    const ready = conditions.some((condition) => condition.type === "Ready" && condition.status === "True");
    return ready && metadata.deletionTimestamp === undefined;
}

/** Longest time for an object to become ready, or to be gone, in seconds; the same as for Istio's releases. */
export const OBJECT_TIMEOUT = 600;

/** Waits until an object is ready. @throws UserError with the reason if it is not ready after `OBJECT_TIMEOUT` */
export async function waitUntilReady(object: KubernetesObject, api: ClusterApi, stop?: AbortSignal): Promise<void> {
    await waitUntil(displayName(object), { timeout: OBJECT_TIMEOUT, stop }, async () => {
        const current = await api.read(object);
        return current ? whyNotReady(current) : "was deleted in the meantime";
    });
}
