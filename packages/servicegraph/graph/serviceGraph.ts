import { labelOf, type Sample } from "../prometheus/answer";

/** The graph of 1.0. */
export interface ServiceGraph {
    /** The names of all nodes, sorted. */
    nodes: string[];
    /** In Prometheus' order, requests before bytes. */
    edges: ServiceEdge[];
}

export interface ServiceEdge {
    source: string;
    target: string;
    /** The unit of the value. Two workloads with both kinds of traffic have two edges. */
    label: "reqs/sec" | "bytes/sec";
    value: number;
}

/** The name of a node, such as `reviews (reviews-v2)`. */
export function nodeName(app: string, workload: string): string {
    return `${app} (${workload})`;
}

/** The edge of a sample from one of the two queries of 1.0. */
export function readEdge(sample: Sample, label: ServiceEdge["label"]): ServiceEdge {
    return {
        source: nodeName(labelOf(sample, "source_app"), labelOf(sample, "source_workload")),
        target: nodeName(labelOf(sample, "destination_app"), labelOf(sample, "destination_workload")),
        label,
        value: sample.value,
    };
}

/** @param added nodes that are shown with or without traffic */
export function serviceGraph(requests: ServiceEdge[], bytes: ServiceEdge[], added: Iterable<string>): ServiceGraph {
    const edges = [...requests, ...bytes];
    const nodes = new Set([...edges.flatMap(({ source, target }) => [source, target]), ...added]);
    return { nodes: [...nodes].sort(), edges };
}
