import { displayName, type KubernetesObject } from "../../kubernetes/object";
import type { Problem } from "./problem";
import { remedyOf } from "./refusals";

/** The problem of a Deployment whose pods a quota, an admission webhook or a policy refuses. */
export function problemsOfDeployment(deployment: KubernetesObject): Problem[] {
    const why = refusalIn(deployment);
    if (why === undefined) {
        return [];
    }
    // A webhook without a server refuses pods too, but the server may come back, as istiod does.
    const final = !why.includes("failed calling webhook");
    return [{ object: displayName(deployment), why, remedy: remedyOf(why), final }];
}

/** Why the pods of a workload cannot be created; undefined if they can. */
export function refusalIn({ status }: KubernetesObject): string | undefined {
    const { conditions = [] } = (status ?? {}) as { conditions?: Record<"type" | "status" | "message", string>[] };
    const failure = conditions.find(({ type, status }) => type === "ReplicaFailure" && status === "True");
    return failure && (failure.message || "its pods cannot be created");
}
