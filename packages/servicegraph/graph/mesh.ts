import { labelOf, type Sample } from "../prometheus/answer";
import type { Detail } from "../prometheus/queries";
import { nodeName } from "./serviceGraph";

/** The mesh that the pages show. */
export interface Mesh {
    /** Sorted by namespace, app and workload. */
    nodes: MeshNode[];
    /** Sorted by source, then by target; at most one for each pair of nodes. */
    edges: MeshEdge[];
}

export interface MeshNode {
    /** The name in 1.0, such as `reviews (reviews-v2)`. */
    name: string;
    app: string;
    workload: string;
    /** Empty if it is unknown. */
    namespace: string;
}

/** How much of an edge's traffic is encrypted by mutual TLS; undefined if Istio does not report it. */
export type MutualTls = "all" | "some" | "none" | undefined;

export interface MeshEdge {
    /** Indexes of nodes. */
    source: number;
    target: number;
    /** Undefined if there were no HTTP or gRPC requests. */
    requestsPerSecond?: number;
    /** The part of the requests that failed, from 0 to 1. */
    errorRatio?: number;
    p95Milliseconds?: number;
    /** Undefined if there was no TCP traffic. */
    bytesPerSecond?: number;
    mutualTls: MutualTls;
}

/**
 * Builds a mesh from Prometheus' answers. An edge of 1.0 has no namespaces: it becomes one edge for each pair of namespaces in the
 * details, and stays as it is if the details do not have it.
 */
export class MeshBuilder {
    private readonly nodes: MeshNode[] = [];
    private readonly indexes = new Map<string, number>();
    private readonly edges = new Map<number, EdgeFigures>();
    /** From the two queries of 1.0: traffic between nodes without namespaces. */
    private readonly plain = { requests: new Figures(), bytes: new Figures() };
    private failuresKnown = false;

    /**
     * Adds a sample to the figures of its answer.
     * @param detailed whether the sample has namespaces
     */
    read(sample: Sample, detailed: boolean, { pairs, values, policies }: Figures): void {
        pairs.push(pairKey(this.node(sample, "source", detailed), this.node(sample, "destination", detailed)));
        values.push(sample.value);
        policies.push(POLICIES.get(labelOf(sample, "connection_security_policy")) ?? "unknown");
    }

    /** Adds the answer to one of the two queries of 1.0. */
    traffic(kind: "requests" | "bytes", figures: Figures): void {
        this.plain[kind] = figures;
    }

    /** Adds the answer to one of the queries for details. */
    detail(detail: Detail, { pairs, values, policies }: Figures): void {
        this.failuresKnown ||= detail === "failures";
        values.forEach((value, index) => {
            const edge = this.edge(pairs[index] ?? 0);
            const policy = policies[index] ?? "unknown";
            edge[detail] = combined(detail, edge[detail], value);
            if (detail === "requests" || detail === "bytes") {
                edge[policy] = (edge[policy] ?? 0) + value;
            }
        });
    }

    /**
     * @param filterEmpty leaves out edges without traffic
     * @param added names of nodes that are shown with or without traffic
     */
    finish(filterEmpty: boolean, added: Iterable<string>): Mesh {
        for (const kind of ["requests", "bytes"] as const) {
            const detailed = new Set<number>();
            for (const edge of this.edges.values()) {
                // The queries for details have no `> 0`.
                if (filterEmpty && !((edge[kind] ?? 0) > 0)) {
                    edge[kind] = undefined;
                }
                if (edge[kind] !== undefined) {
                    detailed.add(pairKey(this.withoutNamespace(edge.source), this.withoutNamespace(edge.target)));
                }
            }
            const { pairs, values } = this.plain[kind];
            values.forEach((value, index) => {
                const pair = pairs[index] ?? 0;
                if (!detailed.has(pair)) {
                    const edge = this.edge(pair);
                    edge[kind] = (edge[kind] ?? 0) + value;
                    edge.unknown = (edge.unknown ?? 0) + value;
                }
            });
        }
        const used = [...this.edges.values()].filter(
            ({ requests, bytes }) => requests !== undefined || bytes !== undefined,
        );
        return this.assemble(used, added);
    }

    private assemble(figures: readonly EdgeFigures[], added: Iterable<string>): Mesh {
        const used = new Set(figures.flatMap(({ source, target }) => [source, target]));
        const known = this.nodes.map((node, index) => ({ node, index })).filter(({ index }) => used.has(index));
        const names = new Set(known.map(({ node }) => node.name));
        const extra = [...added]
            .filter((name) => !names.has(name))
            .map((name) => ({ node: { name, app: name, workload: "", namespace: "" }, index: undefined }));
        const sorted = [...known, ...extra].sort(
            ({ node: a }, { node: b }) =>
                compare(a.namespace, b.namespace) || compare(a.app, b.app) || compare(a.workload, b.workload),
        );
        const places = new Map(sorted.map(({ index }, place) => [index, place]));
        const edges = figures
            .map((edge) => this.edgeOf(edge, places))
            .sort((a, b) => a.source - b.source || a.target - b.target);
        return { nodes: sorted.map(({ node }) => node), edges };
    }

    private edgeOf(figures: EdgeFigures, places: ReadonlyMap<number | undefined, number>): MeshEdge {
        const { source, target, requests, bytes, failures = 0, latency } = figures;
        return {
            source: places.get(source) ?? 0,
            target: places.get(target) ?? 0,
            requestsPerSecond: requests,
            errorRatio:
                this.failuresKnown && requests !== undefined && requests > 0 ? ratioOf(failures, requests) : undefined,
            p95Milliseconds: Number.isFinite(latency) ? latency : undefined,
            bytesPerSecond: bytes,
            mutualTls: mutualTls(figures),
        };
    }

    private edge(pair: number): EdgeFigures {
        const edge = this.edges.get(pair) ?? { source: Math.floor(pair / MOST_NODES), target: pair % MOST_NODES };
        this.edges.set(pair, edge);
        return edge;
    }

    private node(sample: Sample, end: keyof typeof LABELS, detailed: boolean): number {
        const { app, workload, namespace } = LABELS[end];
        const known = detailed ? labelOf(sample, namespace) : "";
        // "unknown" is Istio's word for a missing namespace.
        return this.indexOf(labelOf(sample, app), labelOf(sample, workload), known === "unknown" ? "" : known);
    }

    private indexOf(app: string, workload: string, namespace: string): number {
        // With the lengths, different labels never give the same key.
        const key = `${app.length} ${workload.length} ${app}${workload}${namespace}`;
        const known = this.indexes.get(key);
        if (known !== undefined) {
            return known;
        }
        this.indexes.set(key, this.nodes.length);
        return this.nodes.push({ name: nodeName(app, workload), app, workload, namespace }) - 1;
    }

    private withoutNamespace(index: number): number {
        const { app = "", workload = "" } = this.nodes[index] ?? {};
        return this.indexOf(app, workload, "");
    }
}

/** The labels of Istio's metrics for the two ends of an edge. */
const LABELS = {
    source: { app: "source_app", workload: "source_workload", namespace: "source_workload_namespace" },
    destination: {
        app: "destination_app",
        workload: "destination_workload",
        namespace: "destination_workload_namespace",
    },
} as const;

/** How traffic is secured. */
type Policy = "encrypted" | "plain" | "unknown";

/** The samples of an answer in columns: an object for each sample takes several times the memory, and time to collect it. */
export class Figures {
    /** By `pairKey`. */
    readonly pairs: number[] = [];
    readonly values: number[] = [];
    readonly policies: Policy[] = [];
}

/** The values of `connection_security_policy` with a meaning. */
const POLICIES: ReadonlyMap<string, Policy> = new Map([
    ["mutual_tls", "encrypted"],
    ["none", "plain"],
]);

/** The figures of an edge so far, undefined if there are no series; source and target are indexes of nodes. */
interface EdgeFigures extends Partial<Record<Detail | Policy, number>> {
    source: number;
    target: number;
}

/** More nodes than a mesh can have. */
const MOST_NODES = 2 ** 24;

/** One number for two indexes of nodes. */
const pairKey = (source: number, target: number) => source * MOST_NODES + target;

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Combines the figures of two series of the same edge. Percentiles cannot be added: the worst one counts. */
function combined(detail: Detail, before: number | undefined, value: number): number | undefined {
    if (detail !== "latency") {
        return (before ?? 0) + value;
    }
    return Number.isFinite(value) ? Math.max(before ?? value, value) : before;
}

/** A ratio from 0 to 1; undefined if the figures give no number. */
function ratioOf(part: number, whole: number): number | undefined {
    const ratio = part / whole;
    return Number.isFinite(ratio) ? Math.min(Math.max(ratio, 0), 1) : undefined;
}

/** Judges by the series with traffic; if no series has traffic, by all. */
function mutualTls({ encrypted, plain, unknown }: EdgeFigures): MutualTls {
    const series = [encrypted, plain, unknown];
    const isIdle = series.every((traffic) => !((traffic ?? 0) > 0));
    const [isEncrypted, isPlain, isUnknown] = series.map((traffic) => traffic !== undefined && (isIdle || traffic > 0));
    if (isEncrypted) {
        return isPlain || isUnknown ? "some" : "all";
    }
    return isPlain ? "none" : undefined;
}
