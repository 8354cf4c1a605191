import type { ClusterApi } from "../cluster/api";
import type { KubernetesObject } from "../cluster/object";
import { capacityRemedy } from "./capacity";
import { troubleOfService } from "./loadBalancers";
import { lacksRoom, troubleOfPod } from "./pods";
import { troubleOfDeployment } from "./replicas";
import type { Trouble } from "./trouble";

/**
 * What keeps a deployment from becoming ready, as far as the cluster tells: pods that are refused, find no node or do not
 * run, and load balancers without an address.
 * @param isOwn which objects are looked at
 */
export async function diagnose(api: ClusterApi, isOwn: (object: KubernetesObject) => boolean): Promise<Trouble[]> {
    const [deployments, pods, services] = await Promise.all([
        api.list("apps/v1", "Deployment"),
        api.list("v1", "Pod"),
        api.list("v1", "Service"),
    ]);
    const ours = pods.filter(isOwn);
    // Who may not see the nodes does without their figures.
    const nodes = ours.some(lacksRoom) ? await api.list("v1", "Node").catch(() => []) : [];
    return [
        ...deployments.filter(isOwn).flatMap(troubleOfDeployment),
        ...ours.flatMap((pod) =>
            troubleOfPod(pod).map((trouble) =>
                lacksRoom(pod) ? { ...trouble, remedy: capacityRemedy(pod, nodes, pods) } : trouble,
            ),
        ),
        ...services.filter(isOwn).flatMap(troubleOfService),
    ];
}
