import type { ClusterApi } from "../cluster/api";
import type { KubernetesObject } from "../cluster/object";
import { isWaitingForImage } from "../diagnosis/pods";
import { isRefusing } from "../diagnosis/replicas";

/** Marks a ReplicaSet as tried again: any change has its controller look at it at once. */
const ANNOTATION = "bookinfo-mesh/tried-again";

/**
 * Has the cluster try at once what failed in an earlier run: pods that were refused, and images that could not be
 * pulled. By itself it tries again after ever longer pauses, of minutes in the end, whatever was mended meanwhile.
 */
export async function retryFailed(api: ClusterApi, isOwn: (object: KubernetesObject) => boolean): Promise<void> {
    const [replicaSets, pods] = await Promise.all([api.list("apps/v1", "ReplicaSet"), api.list("v1", "Pod")]);
    await Promise.all([
        ...replicaSets
            .filter((set) => isOwn(set) && isRefusing(set))
            .map(({ apiVersion, kind, metadata: { name, namespace } }) => {
                const annotations = { [ANNOTATION]: new Date().toISOString() };
                return api.apply({ apiVersion, kind, metadata: { name, namespace, annotations } }, { force: true });
            }),
        ...pods.filter((pod) => isOwn(pod) && isWaitingForImage(pod)).map((pod) => api.delete(pod)),
    ]);
}
