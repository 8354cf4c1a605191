import { callerOf, GATEWAY, type ServiceName } from "../../../components/bookinfo/accessSpecs";
import type { ClusterApi } from "../../kubernetes/api";
import type { KubernetesObject } from "../../kubernetes/object";
import { isReadyPod } from "../../kubernetes/readiness";
import { isOwnIn } from "../stack/namespaces";
import { gatewayPods } from "./throughApi";

/** The pods of a service of Bookinfo that are ready. */
export async function readyPodsOf(
    api: ClusterApi,
    service: ServiceName,
    namespace: string,
): Promise<KubernetesObject[]> {
    const pods = await api.list("v1", "Pod", {
        labelSelector: `app=${service}`,
        fieldSelector: `metadata.namespace=${namespace}`,
    });
    return pods.filter(isOwnIn(namespace)).filter(isReadyPod);
}

/** The pods that call a service of Bookinfo, and are ready. */
export async function callersOf(api: ClusterApi, service: ServiceName, namespace: string): Promise<KubernetesObject[]> {
    const caller = callerOf(service);
    return caller === GATEWAY ? (await gatewayPods(api)).filter(isReadyPod) : readyPodsOf(api, caller, namespace);
}
