import { displayName, type KubernetesObject } from "../../kubernetes/object";
import { imageRemedy, isFinal, isImageTrouble } from "./images";
import type { Problem } from "./problem";

interface ContainerStatus {
    name: string;
    ready?: boolean;
    state?: { waiting?: { reason?: string; message?: string }; terminated?: { reason?: string; exitCode?: number } };
}

interface PodStatus {
    phase?: string;
    conditions?: { type: string; status: string; message?: string }[];
    initContainerStatuses?: ContainerStatus[];
    containerStatuses?: ContainerStatus[];
}

/** Longest explanation that is shown, in characters; container runtimes tell whole stories. */
const LONGEST = 240;

/** Why a pod is not ready; nothing where it is, or has done its work. */
export function problemsOfPod(pod: KubernetesObject): Problem[] {
    const status = (pod.status ?? {}) as PodStatus;
    const conditions = new Map((status.conditions ?? []).map((condition) => [condition.type, condition]));
    if (status.phase === "Succeeded" || conditions.get("Ready")?.status === "True") {
        return [];
    }
    const scheduled = conditions.get("PodScheduled");
    if (scheduled?.status === "False") {
        return [{ object: displayName(pod), why: shortened(scheduled.message ?? "cannot be scheduled") }];
    }
    const reasons = containersOf(pod).flatMap(({ name, ready, state }) => {
        const { waiting, terminated } = state ?? {};
        if (waiting?.reason && waiting.reason !== "PodInitializing") {
            return [`${name} ${waiting.reason}${waiting.message ? `: ${waiting.message}` : ""}`];
        }
        if (terminated && terminated.exitCode !== 0) {
            return [`${name} ended: ${terminated.reason ?? `exit code ${String(terminated.exitCode)}`}`];
        }
        return ready === false && !waiting && !terminated ? [`${name} is not ready`] : [];
    });
    const why = shortened(reasons.join("; ") || (status.phase ?? "unknown"));
    return [{ object: displayName(pod), why, ...imageProblem(pod) }];
}

/** Whether no node takes the pod for want of CPU or memory. */
export function lacksRoom(pod: KubernetesObject): boolean {
    const { conditions = [] } = (pod.status ?? {}) as PodStatus;
    return conditions.some(
        ({ type, status, message = "" }) =>
            type === "PodScheduled" && status === "False" && /Insufficient (?:cpu|memory)/.test(message),
    );
}

/** Whether a container of the pod waits for an image that could not be pulled. */
export function isWaitingForImage(pod: KubernetesObject): boolean {
    return containersOf(pod).some(({ state }) => isImageTrouble(state?.waiting?.reason ?? ""));
}

function imageProblem(pod: KubernetesObject): Pick<Problem, "remedy" | "final"> {
    for (const { name, state } of containersOf(pod)) {
        const { reason = "", message = "" } = state?.waiting ?? {};
        if (isImageTrouble(reason)) {
            return { remedy: imageRemedy(pod, name), final: isFinal(reason, message) };
        }
    }
    return {};
}

function containersOf({ status }: KubernetesObject): ContainerStatus[] {
    const { initContainerStatuses = [], containerStatuses = [] } = (status ?? {}) as PodStatus;
    return [...initContainerStatuses, ...containerStatuses];
}

function shortened(text: string): string {
    return text.slice(0, LONGEST);
}
