import type { ClusterApi } from "../../kubernetes/api";
import type { KubernetesObject } from "../../kubernetes/object";
import { capacityRemedy } from "./capacity";
import { problemsOfService } from "./loadBalancers";
import { lacksRoom, problemsOfPod } from "./pods";
import { problemsOfDeployment } from "./replicas";
import type { Problem } from "./problem";

/**
 * What keeps a deployment from becoming ready, as far as the cluster tells: pods that are refused, find no node or do not
 * run, and load balancers without an address.
 * @param isOwn which objects are looked at
 */
export async function diagnose(api: ClusterApi, isOwn: (object: KubernetesObject) => boolean): Promise<Problem[]> {
    const [deployments, pods, services] = await Promise.all([
        api.list("apps/v1", "Deployment"),
        api.list("v1", "Pod"),
        api.list("v1", "Service"),
    ]);
    const ours = pods.filter(isOwn);
    // Who may not see the nodes does without their figures.
    const nodes = ours.some(lacksRoom) ? await api.list("v1", "Node").catch(() => []) : [];
    return [
        ...deployments.filter(isOwn).flatMap(problemsOfDeployment),
        ...ours.flatMap((pod) =>
            problemsOfPod(pod).map((problem) =>
                lacksRoom(pod) ? { ...problem, remedy: capacityRemedy(pod, nodes, pods) } : problem,
            ),
        ),
        ...services.filter(isOwn).flatMap(problemsOfService),
    ];
}
