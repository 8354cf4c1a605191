import type { ClusterApi } from "./api";
import { displayName, type KubernetesObject } from "./object";
import { hasAddress } from "./readiness";

interface ContainerStatus {
    name: string;
    ready?: boolean;
    state?: { waiting?: { reason?: string; message?: string }; terminated?: { reason?: string; exitCode?: number } };
}

interface Condition {
    type: string;
    status: string;
    message?: string;
}

/**
 * What keeps a deployment from becoming ready, as far as the cluster tells: pods that do not run, and load balancers
 * without an address. A line for each.
 */
export async function diagnose(api: ClusterApi, namespaces: ReadonlySet<string>): Promise<string[]> {
    const within = ({ metadata }: KubernetesObject) => namespaces.has(metadata.namespace ?? "");
    const pods = (await api.list("v1", "Pod")).filter(within).flatMap(troubleOfPod);
    const services = (await api.list("v1", "Service")).filter(within).flatMap(troubleOfService);
    return [...pods, ...services];
}

/** Why a pod is not ready; nothing where it is, or has done its work. */
export function troubleOfPod(pod: KubernetesObject): string[] {
    const status = (pod.status ?? {}) as {
        phase?: string;
        conditions?: Condition[];
        initContainerStatuses?: ContainerStatus[];
        containerStatuses?: ContainerStatus[];
    };
    const conditions = new Map((status.conditions ?? []).map((condition) => [condition.type, condition]));
    if (status.phase === "Succeeded" || conditions.get("Ready")?.status === "True") {
        return [];
    }
    const scheduled = conditions.get("PodScheduled");
    const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
    const reasons = containers.flatMap(({ name, ready, state }) => {
        const { waiting, terminated } = state ?? {};
        if (waiting?.reason && waiting.reason !== "PodInitializing") {
            return [`${name} ${waiting.reason}${waiting.message ? `: ${waiting.message}` : ""}`];
        }
        if (terminated && terminated.exitCode !== 0) {
            return [`${name} ended: ${terminated.reason ?? `exit code ${String(terminated.exitCode)}`}`];
        }
        return ready === false && !waiting && !terminated ? [`${name} is not ready`] : [];
    });
    const why =
        scheduled?.status === "False"
            ? [scheduled.message ?? "cannot be scheduled"]
            : reasons.length > 0
              ? reasons
              : [];
    return [`${displayName(pod)}: ${why.join("; ") || (status.phase ?? "unknown")}`];
}

/** A load balancer that nobody has given an address. */
export function troubleOfService(service: KubernetesObject): string[] {
    const { type } = (service.spec ?? {}) as { type?: string };
    return type === "LoadBalancer" && !hasAddress(service)
        ? [`${displayName(service)}: has no external address; does the cluster have load balancers?`]
        : [];
}
