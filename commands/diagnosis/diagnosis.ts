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

/** Longest explanation that is shown, in characters; container runtimes tell whole stories. */
const LONGEST = 240;

/** Time between two looks for trouble, in milliseconds. */
const LOOK_INTERVAL = 10_000;

/** Something that does not become ready, and why. */
export interface Trouble {
    object: string;
    why: string;
}

/**
 * What keeps a deployment from becoming ready, as far as the cluster tells: pods that do not run, and load balancers
 * without an address.
 */
export async function diagnose(api: ClusterApi, namespaces: ReadonlySet<string>): Promise<Trouble[]> {
    const within = ({ metadata }: KubernetesObject) => namespaces.has(metadata.namespace ?? "");
    const pods = (await api.list("v1", "Pod")).filter(within).flatMap(troubleOfPod);
    const services = (await api.list("v1", "Service")).filter(within).flatMap(troubleOfService);
    return [...pods, ...services];
}

/**
 * Tells of trouble while something goes on that waits for pods: each once, when it has lasted for two looks.
 * @returns ends it
 */
export function reportTrouble(
    api: ClusterApi,
    namespaces: ReadonlySet<string>,
    report: (trouble: Trouble) => void,
): () => void {
    const told = new Set<string>();
    let last = new Set<string>();
    const timer = setInterval(() => {
        void diagnose(api, namespaces)
            .catch(() => [])
            .then((found) => {
                for (const trouble of found) {
                    if (last.has(trouble.object) && !told.has(trouble.object)) {
                        told.add(trouble.object);
                        report(trouble);
                    }
                }
                last = new Set(found.map(({ object }) => object));
            });
    }, LOOK_INTERVAL);
    return () => {
        clearInterval(timer);
    };
}

/** Trouble as a line to read. */
export function troubleLine({ object, why }: Trouble): string {
    return `${object}: ${why}`;
}

/** Why a pod is not ready; nothing where it is, or has done its work. */
export function troubleOfPod(pod: KubernetesObject): Trouble[] {
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
    return [{ object: displayName(pod), why: (why.join("; ") || (status.phase ?? "unknown")).slice(0, LONGEST) }];
}

/** A load balancer that nobody has given an address. */
export function troubleOfService(service: KubernetesObject): Trouble[] {
    const { type } = (service.spec ?? {}) as { type?: string };
    return type === "LoadBalancer" && !hasAddress(service)
        ? [{ object: displayName(service), why: "has no external address; does the cluster have load balancers?" }]
        : [];
}
