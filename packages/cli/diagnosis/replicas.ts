import { displayName, type KubernetesObject } from "../../kubernetes/object";
import { remedyOf } from "./refusals";
import type { Problem } from "./problem";

interface Condition {
    type: string;
    status: string;
    message?: string;
}

/** Whether a Deployment or ReplicaSet has pods refused. */
export function isRefusing(workload: KubernetesObject): boolean {
    return failureOf(workload) !== undefined;
}

/** A Deployment whose pods are refused: by a quota, an admission webhook or a policy. */
export function problemsOfDeployment(deployment: KubernetesObject): Problem[] {
    const failure = failureOf(deployment);
    if (!failure) {
        return [];
    }
    const why = failure.message ?? "its pods cannot be created";
    // While a webhook's server is down, pods are refused as well; it may come back, as istiod's does.
    const final = !why.includes("failed calling webhook");
    return [{ object: displayName(deployment), why, remedy: remedyOf(why), final }];
}

function failureOf({ status }: KubernetesObject): Condition | undefined {
    const { conditions = [] } = (status ?? {}) as { conditions?: Condition[] };
    return conditions.find((condition) => condition.type === "ReplicaFailure" && condition.status === "True");
}
