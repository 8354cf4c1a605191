import { displayName, type KubernetesObject } from "../../kubernetes/object";
import { bytes, cores } from "../../../components/quantity";
import { REQUESTS } from "./refusals";

/** CPU in cores and memory in bytes. */
export interface Capacity {
    cpu: number;
    memory: number;
}

type Requests = Partial<Record<keyof Capacity, string>>;

interface PodSpec {
    nodeName?: string;
    containers?: { resources?: { requests?: Requests } }[];
}

/** What a pod requests: the sum over its containers. */
export function requestedBy(pod: KubernetesObject): Capacity {
    const { containers = [] } = (pod.spec ?? {}) as PodSpec;
    return containers.reduce((sum, { resources }) => plus(sum, capacityOf(resources?.requests)), { cpu: 0, memory: 0 });
}

/** What is free on each node, by its name: what it offers to pods, less what those on it request. */
export function freeOnNodes(
    nodes: readonly KubernetesObject[],
    pods: readonly KubernetesObject[],
): Map<string, Capacity> {
    return new Map(
        nodes.map((node) => {
            const { allocatable } = (node.status ?? {}) as { allocatable?: Requests };
            const taken = pods
                .filter(({ spec, status }) => {
                    const { phase } = (status ?? {}) as { phase?: string };
                    const isOver = phase === "Succeeded" || phase === "Failed";
                    return (spec as PodSpec | undefined)?.nodeName === node.metadata.name && !isOver;
                })
                .map(requestedBy);
            const offered = capacityOf(allocatable);
            return [
                node.metadata.name,
                taken.reduce((left, { cpu, memory }) => plus(left, { cpu: -cpu, memory: -memory }), offered),
            ];
        }),
    );
}

/** What to do about a pod that no node has room for. */
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
        `Add a node or take a bigger one, or ask for less: ${REQUESTS}.`
    );
}

function capacityOf({ cpu = "0", memory = "0" }: Requests = {}): Capacity {
    return { cpu: cores(cpu), memory: bytes(memory) };
}

function plus(one: Capacity, other: Capacity): Capacity {
    return { cpu: one.cpu + other.cpu, memory: one.memory + other.memory };
}

function inWords({ cpu, memory }: Capacity): string {
    return `${Number(cpu.toFixed(2))} CPU and ${Math.round(memory / 2 ** 20)} MiB`;
}
