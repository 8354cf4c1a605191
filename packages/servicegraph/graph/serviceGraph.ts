import { type Budget, bytesOf } from "../budget";
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

/** What an edge and a name need beside the text, in bytes: the objects, and their places in lists and maps. */
const EDGE = 120;
const NAME = 150;

/** Reads edges from the samples of the two queries of 1.0. Each name is in memory once, and not once for each edge. */
export class EdgeReader {
    private readonly names = new Map<string, string>();

    constructor(private readonly budget: Budget) {}

    /** @throws RequestError 503 if the edges exceed the budget */
    read(sample: Sample, label: ServiceEdge["label"]): ServiceEdge {
        this.budget.take(EDGE);
        const source = this.once(nodeName(labelOf(sample, "source_app"), labelOf(sample, "source_workload")));
        const target = this.once(nodeName(labelOf(sample, "destination_app"), labelOf(sample, "destination_workload")));
        return { source, target, label, value: sample.value };
    }

    private once(name: string): string {
        const known = this.names.get(name);
        if (known === undefined) {
            this.budget.take(NAME + bytesOf(name));
            this.names.set(name, name);
        }
        return known ?? name;
    }
}

/** @param added nodes that are shown with or without traffic */
export function serviceGraph(requests: ServiceEdge[], bytes: ServiceEdge[], added: Iterable<string>): ServiceGraph {
    const edges = [...requests, ...bytes];
    const nodes = new Set(added);
    for (const { source, target } of edges) {
        nodes.add(source).add(target);
    }
    return { nodes: [...nodes].sort(), edges };
}
