import { displayName, type KubernetesObject } from "../../kubernetes/object";
import { failedCallIn } from "./failedCall";
import type { Problem } from "./problem";
import { remedyOf } from "./refusals";
import { callVerdict, type WebhookFacts } from "./webhooks";

/**
 * The problem of a Deployment whose pods a quota, an admission webhook or a policy refuses.
 * @param facts of the webhook that was called in vain, if there is one
 */
export function problemsOfDeployment(deployment: KubernetesObject, facts?: WebhookFacts): Problem[] {
    const why = refusalIn(deployment);
    if (why === undefined) {
        return [];
    }
    const problem = { object: displayName(deployment), why, created: createdAt(deployment) };
    const call = failedCallIn(why);
    if (call && facts) {
        return [{ ...problem, ...callVerdict(call, facts) }];
    }
    // A webhook without a server refuses pods too, but the server may come back, as istiod does.
    return [{ ...problem, remedy: remedyOf(why), final: call === undefined }];
}

/** Why the pods of a workload cannot be created; undefined if they can. */
export function refusalIn({ status }: KubernetesObject): string | undefined {
    const { conditions = [] } = (status ?? {}) as { conditions?: Record<"type" | "status" | "message", string>[] };
    const failure = conditions.find(({ type, status }) => type === "ReplicaFailure" && status === "True");
    return failure && (failure.message || "its pods cannot be created");
}

/** When an object was created; undefined if it does not say so. */
export function createdAt({ metadata: { creationTimestamp } }: KubernetesObject): Date | undefined {
    return typeof creationTimestamp === "string" ? new Date(creationTimestamp) : undefined;
}
