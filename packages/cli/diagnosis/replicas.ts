import { displayName, type KubernetesObject } from "../../kubernetes/object";
import type { Problem } from "./problem";
import { remedyOf } from "./refusals";

interface Condition {
    type: string;
    status: string;
    message?: string;
}

export function isRefusing(workload: KubernetesObject): boolean {
    return failureOf(workload) !== undefined;
}

/** The problem of a Deployment whose pods a quota, an admission webhook or a policy refuses. */
export function problemsOfDeployment(deployment: KubernetesObject): Problem[] {
    const failure = failureOf(deployment);
    if (!failure) {
        return [];
    }
    const why = failure.message ?? "its pods cannot be created";
    // A webhook without a server refuses pods too, but the server may come back, as istiod does.
    const final = !why.includes("failed calling webhook");
    return [{ object: displayName(deployment), why, remedy: remedyOf(why), final }];
}

function failureOf({ status }: KubernetesObject): Condition | undefined {
    const { conditions = [] } = (status ?? {}) as { conditions?: Condition[] };
    return conditions.find((condition) => condition.type === "ReplicaFailure" && condition.status === "True");
}
