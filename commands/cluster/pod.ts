import type { KubernetesObject } from "./object";

/** Whether a pod takes requests: it is ready, and not about to go. */
export function isReadyPod({ metadata, status }: KubernetesObject): boolean {
    const { conditions = [] } = (status ?? {}) as { conditions?: { type: string; status: string }[] };
    const ready = conditions.some((condition) => condition.type === "Ready" && condition.status === "True");
    return ready && metadata.deletionTimestamp === undefined;
}
