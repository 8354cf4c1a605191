import { displayName, type KubernetesObject } from "../../kubernetes/object";
import { bytes, cores } from "../../../components/quantity";
import { REQUESTS } from "./refusals";

/** CPU in cores and memory in bytes. */
interface Capacity {
    cpu: number;
    memory: number;
}

type Requests = Partial<Record<keyof Capacity, string>>;

interface PodSpec {
    nodeName?: string;
    containers?: { resources?: { requests?: Requests } }[];
}

/** What a pod requests: the sum over its containers. */
export function requestedBy({ spec }: KubernetesObject): Capacity {
    const { containers = [] } = (spec ?? {}) as PodSpec;
    return containers.reduce((sum, { resources }) => plus(sum, capacityOf(resources?.requests)), capacityOf());
}

/** What is free on each node, by its name: its allocatable capacity less the requests of the pods on it. */
export function freeOnNodes(
    nodes: readonly KubernetesObject[],
    pods: readonly KubernetesObject[],
): Map<string, Capacity> {
    return new Map(
        nodes.map(({ metadata: { name }, status }) => {
            const { allocatable } = (status ?? {}) as { allocatable?: Requests };
            const requests = pods.filter((pod) => occupies(pod, name)).map(requestedBy);
            return [name, requests.reduce((left, request) => plus(left, request, -1), capacityOf(allocatable))];
        }),
    );
}

function occupies({ spec, status }: KubernetesObject, node: string): boolean {
    const { phase } = (status ?? {}) as { phase?: string };
    return (spec as PodSpec | undefined)?.nodeName === node && phase !== "Succeeded" && phase !== "Failed";
}

export function capacityRemedy(
    pod: KubernetesObject,
    nodes: readonly KubernetesObject[],
    pods: readonly KubernetesObject[],
): string {
    const free = [...freeOnNodes(nodes, pods)].map(([name, left]) => `${name} has ${inWords(left)} left`);
    const { length } = free;
    const some = free.slice(0, 3).join(", ") + (length > 3 ? `, and ${length - 3} more nodes` : "");
    return (
        `${displayName(pod)} requests ${inWords(requestedBy(pod))}${length > 0 ? `; ${some}` : ""}. ` +
        `Add a node or a bigger one, or request less: ${REQUESTS}.`
    );
}

function capacityOf({ cpu = "0", memory = "0" }: Requests = {}): Capacity {
    return { cpu: cores(cpu), memory: bytes(memory) };
}

function plus(one: Capacity, other: Capacity, sign: 1 | -1 = 1): Capacity {
    return { cpu: one.cpu + sign * other.cpu, memory: one.memory + sign * other.memory };
}

function inWords({ cpu, memory }: Capacity): string {
    return `${Number(cpu.toFixed(2))} CPU and ${Math.round(memory / 2 ** 20)} MiB`;
}
