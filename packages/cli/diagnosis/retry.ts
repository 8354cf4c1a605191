import { ALL_RELEASES, ISTIO_NAMESPACE } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import { unlessForbidden } from "../../kubernetes/apiError";
import type { KubernetesObject } from "../../kubernetes/object";
import { releaseSecrets, revisionsOf } from "../../kubernetes/releases";
import { isWaitingForImage } from "./pods";
import { refusalIn } from "./replicas";
import { findHelm, Helm } from "../../kubernetes/helm";
import type { Connection } from "../stack/connection";
import { isTouchableIn } from "../stack/namespaces";

/** Time for a rollback, in seconds. It waits for no pods. */
const ROLLBACK_TIMEOUT = 60;

/** Set on a ReplicaSet to retry it: its controller looks at a changed object at once. */
const ANNOTATION = "bookinfo-mesh/tried-again";

/** Retries what failed in an earlier run, because the user may have repaired the cause since then. */
export async function retry({ stack, api }: Connection, stop: AbortSignal): Promise<void> {
    await retryFailed(api, isTouchableIn(stack.appNamespace));
    const helm = await findHelm();
    if (helm !== undefined) {
        await rollBackFailed(api, new Helm(helm, stack.cluster), stop);
    }
}

/**
 * Makes the cluster retry at once what failed in an earlier run: refused pods, and images that could not be pulled.
 * Otherwise it would pause for up to minutes before it retries, as it does if the user may not do this.
 * @param isTouchable which ReplicaSets and pods are the deployment's own: these are changed or replaced
 */
export async function retryFailed(api: ClusterApi, isTouchable: (object: KubernetesObject) => boolean): Promise<void> {
    const [replicaSets, pods] = await Promise.all([api.list("apps/v1", "ReplicaSet"), api.list("v1", "Pod")]);
    await Promise.all([
        ...replicaSets
            .filter((set) => isTouchable(set) && refusalIn(set) !== undefined)
            .map(({ apiVersion, kind, metadata: { name, namespace } }) => {
                const annotations = { [ANNOTATION]: new Date().toISOString() };
                const changed = { apiVersion, kind, metadata: { name, namespace, annotations } };
                return unlessForbidden(() => api.apply(changed, { force: true }));
            }),
        ...pods
            .filter((pod) => isTouchable(pod) && isWaitingForImage(pod))
            .map((pod) => unlessForbidden(() => api.delete(pod))),
    ]);
}

/**
 * Rolls releases whose last upgrade failed back to the deployed revision. Helm compares the next upgrade with that
 * revision: without the rollback, a setting of the failed upgrade would stay in the cluster forever.
 */
export async function rollBackFailed(api: ClusterApi, helm: Helm, stop?: AbortSignal): Promise<void> {
    const secrets = await releaseSecrets(api, ISTIO_NAMESPACE);
    for (const name of ALL_RELEASES) {
        const revisions = revisionsOf({ name, namespace: ISTIO_NAMESPACE }, secrets);
        const deployed = revisions.find(({ status }) => status === "deployed");
        if (revisions[0]?.status === "failed" && deployed) {
            const release = { name, namespace: ISTIO_NAMESPACE, timeout: ROLLBACK_TIMEOUT };
            await helm.rollBack(release, deployed.number, stop);
        }
    }
}
