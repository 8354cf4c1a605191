import { displayName, type KubernetesObject } from "../../kubernetes/object";
import { imageMessage, imageRemedy, isFinal, isImageProblem } from "./images";
import type { Problem } from "./problem";

/** How a container has ended. */
export interface Termination {
    /** Such as `Error` or `OOMKilled`. */
    reason?: string;
    exitCode?: number;
    /** What the container runtime says, or the end of the log. */
    message?: string;
}

export interface ContainerStatus {
    name: string;
    image?: string;
    ready?: boolean;
    restartCount?: number;
    state?: { waiting?: { reason?: string; message?: string }; terminated?: Termination };
    /** How its run before this one has ended. */
    lastState?: { terminated?: Termination };
}

interface PodStatus {
    phase?: string;
    conditions?: { type: string; status: string; message?: string }[];
    initContainerStatuses?: ContainerStatus[];
    containerStatuses?: ContainerStatus[];
}

/** Longest explanation that is shown, in characters: those of container runtimes are long. */
const LONGEST = 240;

export function problemsOfPod(pod: KubernetesObject): Problem[] {
    const status = (pod.status ?? {}) as PodStatus;
    const conditions = new Map((status.conditions ?? []).map((condition) => [condition.type, condition]));
    if (status.phase === "Succeeded" || conditions.get("Ready")?.status === "True") {
        return [];
    }
    const scheduled = conditions.get("PodScheduled");
    if (scheduled?.status === "False") {
        const why = (scheduled.message ?? "cannot be scheduled").slice(0, LONGEST);
        return [{ object: displayName(pod), why }];
    }
    const reasons = containersOf(pod).flatMap(({ name, ready, state }) => {
        const { waiting, terminated } = state ?? {};
        if (waiting?.reason && waiting.reason !== "PodInitializing") {
            const { reason, message = "" } = waiting;
            const words = isImageProblem(reason) ? imageMessage(message) : message;
            return [`${name} ${reason}${words && `: ${words}`}`];
        }
        if (terminated && terminated.exitCode !== 0) {
            return [`${name} ended: ${terminated.reason ?? `exit code ${String(terminated.exitCode)}`}`];
        }
        return ready === false && !waiting && !terminated ? [`${name} is not ready`] : [];
    });
    const why = (reasons.join("; ") || (status.phase ?? "unknown")).slice(0, LONGEST);
    return [{ object: displayName(pod), why, ...imageProblem(pod) }];
}

/** Whether no node has enough CPU or memory for the pod. */
export function lacksCapacity(pod: KubernetesObject): boolean {
    const { conditions = [] } = (pod.status ?? {}) as PodStatus;
    return conditions.some(
        ({ type, status, message = "" }) =>
            type === "PodScheduled" && status === "False" && /Insufficient (?:cpu|memory)/.test(message),
    );
}

export function isWaitingForImage(pod: KubernetesObject): boolean {
    return containersOf(pod).some(isWithoutImage);
}

function imageProblem(pod: KubernetesObject): Pick<Problem, "remedy" | "final"> {
    const waiting = containersOf(pod).find(isWithoutImage);
    const { reason = "", message = "" } = waiting?.state?.waiting ?? {};
    return waiting ? { remedy: imageRemedy(pod, waiting.name, message), final: isFinal(reason, message) } : {};
}

function isWithoutImage({ state }: ContainerStatus): boolean {
    return isImageProblem(state?.waiting?.reason ?? "");
}

/** The status of each container of a pod: first of those that prepare it, sidecars among them. */
export function containersOf({ status }: KubernetesObject): ContainerStatus[] {
    const { initContainerStatuses = [], containerStatuses = [] } = (status ?? {}) as PodStatus;
    return [...initContainerStatuses, ...containerStatuses];
}
