import type { ClusterApi } from "../../kubernetes/api";
import type { KubernetesObject } from "../../kubernetes/object";
import { capacityRemedy } from "./capacity";
import { withCrashes } from "./crashes";
import { failedCallIn } from "./failedCall";
import { listNodes } from "../mesh/platform";
import { problemsOfService } from "./loadBalancers";
import { lacksCapacity, problemsOfPod } from "./pods";
import type { Problem } from "./problem";
import { createdAt, problemsOfDeployment, refusalIn } from "./replicas";
import { readWebhookFacts } from "./webhooks";

/** Of how many pods the logs are read at most: the same cause crashes many. */
const LOGS_OF = 5;

/**
 * Finds what keeps a deployment from becoming ready: pods that are refused, fit on no node, crash or do not run, and load
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
    const balanced = services.filter(isOwn).filter((service) => problemsOfService(service).length > 0);
    // A user who may not list nodes gets the remedy without what they tell.
    const nodes = ours.some(lacksCapacity) || balanced.length > 0 ? await listNodes(api) : [];
    const [ofDeployments, ofPods] = await Promise.all([
        problemsOfDeployments(deployments.filter(isOwn), { deployments, pods }, api),
        problemsOfPods(ours, { pods, nodes }, api),
    ]);
    return [
        ...ofDeployments,
        ...ofPods,
        ...balanced.flatMap((service) => problemsOfService(service, { services, nodes })),
    ];
}

async function problemsOfDeployments(
    ours: readonly KubernetesObject[],
    known: Record<"deployments" | "pods", readonly KubernetesObject[]>,
    api: ClusterApi,
): Promise<Problem[]> {
    const problems = await Promise.all(
        ours.map(async (deployment) => {
            const call = failedCallIn(refusalIn(deployment) ?? "");
            return problemsOfDeployment(deployment, call && (await readWebhookFacts(api, call, known)));
        }),
    );
    return problems.flat();
}

async function problemsOfPods(
    ours: readonly KubernetesObject[],
    { pods, nodes }: Record<"pods" | "nodes", readonly KubernetesObject[]>,
    api: ClusterApi,
): Promise<Problem[]> {
    const found = ours.flatMap((pod) =>
        problemsOfPod(pod).map((problem) => ({ pod, problem: { ...problem, created: createdAt(pod) } })),
    );
    return Promise.all(
        found.map(async ({ pod, problem }, index) => {
            if (lacksCapacity(pod)) {
                return { ...problem, remedy: capacityRemedy(pod, nodes, pods) };
            }
            return index < LOGS_OF ? withCrashes(problem, pod, api) : problem;
        }),
    );
}
