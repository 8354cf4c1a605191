import type { ClusterApi } from "../../kubernetes/api";
import type { KubernetesObject } from "../../kubernetes/object";
import { capacityRemedy } from "./capacity";
import { problemsOfService } from "./loadBalancers";
import { lacksCapacity, problemsOfPod } from "./pods";
import type { Problem } from "./problem";
import { problemsOfDeployment } from "./replicas";

/**
 * Finds what keeps a deployment from becoming ready: pods that are refused, fit on no node or do not run, and load
 * balancers without an address.
 * @param isOwn which objects belong to the deployment
 */
export async function diagnose(api: ClusterApi, isOwn: (object: KubernetesObject) => boolean): Promise<Problem[]> {
    const [deployments, pods, services] = await Promise.all([
        api.list("apps/v1", "Deployment"),
        api.list("v1", "Pod"),
        api.list("v1", "Service"),
    ]);
    const ours = pods.filter(isOwn);
    // A user who may not list nodes gets the remedy without their figures.
    const nodes = ours.some(lacksCapacity) ? await api.list("v1", "Node").catch(() => []) : [];
    return [
        ...deployments.filter(isOwn).flatMap(problemsOfDeployment),
        ...ours.flatMap((pod) =>
            problemsOfPod(pod).map((problem) =>
                lacksCapacity(pod) ? { ...problem, remedy: capacityRemedy(pod, nodes, pods) } : problem,
            ),
        ),
        ...services.filter(isOwn).flatMap(problemsOfService),
    ];
}
