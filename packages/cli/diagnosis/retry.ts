import { ISTIO_NAMESPACE, KIALI_RELEASE, RELEASES } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import type { KubernetesObject } from "../../kubernetes/object";
import { releaseSecrets, revisionsOf } from "../../kubernetes/releases";
import { isWaitingForImage } from "./pods";
import { isRefusing } from "./replicas";
import { findHelm, Helm } from "../../kubernetes/helm";
import type { Site } from "../target/site";
import { appNamespaceOf, isOwnIn } from "../target/namespaces";

/** Time for a rollback, which waits for nothing, in seconds. */
const ROLLBACK_TIMEOUT = 60;

/** Marks a ReplicaSet as tried again: any change has its controller look at it at once. */
const ANNOTATION = "bookinfo-mesh/tried-again";

/** Sees to what failed in an earlier run, so that what has been mended meanwhile counts at once, and what was taken back is gone. */
export async function retry({ target, api }: Site, stop: AbortSignal): Promise<void> {
    await retryFailed(api, isOwnIn(appNamespaceOf(target.stack)));
    const helm = findHelm();
    if (helm !== undefined) {
        await rollBackFailed(api, new Helm(helm, target.cluster), stop);
    }
}

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

/**
 * Brings releases whose last upgrade failed back to what was deployed before. Helm compares the next upgrade with that,
 * and not with what failed: a setting that only the failed one had would stay in the cluster for good.
 */
export async function rollBackFailed(api: ClusterApi, helm: Helm, stop?: AbortSignal): Promise<void> {
    const secrets = await releaseSecrets(api);
    for (const name of [...Object.values(RELEASES), KIALI_RELEASE]) {
        const revisions = revisionsOf({ name, namespace: ISTIO_NAMESPACE }, secrets);
        const deployed = revisions.find(({ status }) => status === "deployed");
        if (revisions[0]?.status === "failed" && deployed) {
            const release = { name, namespace: ISTIO_NAMESPACE, timeout: ROLLBACK_TIMEOUT };
            await helm.rollBack(release, deployed.number, stop);
        }
    }
}
