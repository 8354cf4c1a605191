import type { ClusterApi } from "./api";
import { displayName, type KubernetesObject } from "./object";
import { readinessOf } from "./readiness";
import { waitUntil } from "./wait";

/** Time in which an object must become ready, or be gone, in seconds; the same that Istio's releases get. */
export const OBJECT_TIMEOUT = 600;

/** Waits until an object does what it was made for. @throws Fault with what it lacks after `OBJECT_TIMEOUT` */
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
