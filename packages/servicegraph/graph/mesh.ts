import { type Budget, bytesOf } from "../budget";
import { labelOf, type Sample } from "../prometheus/answer";
import { type Detail, interventionOf } from "../prometheus/queries";
import { type EdgeFigures, Figures, pairKey, pairOf, POLICIES } from "./figures";
import { addInterventions } from "./interventions";
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
    /** Only if two moments are compared: whether it has traffic at one of them only. */
    change?: "new" | "gone";
}

/** How much of an edge's traffic is encrypted by mutual TLS; undefined if Istio does not report it. */
export type MutualTls = "all" | "some" | "none" | undefined;

/** How an edge differs from the earlier moment that it is compared with; the most important change first. */
export const CHANGES = ["more errors", "more refused", "gone", "slower", "new", "fewer errors", "faster"] as const;

export type Change = (typeof CHANGES)[number];

export interface MeshEdge extends EdgeRates {
    /** Indexes of nodes. */
    source: number;
    target: number;
    mutualTls: MutualTls;
    /** Only if two moments are compared, and if there is a change; in the order of `CHANGES`. */
    changes?: Change[];
    /** The figures at the earlier moment; undefined if there was no traffic. */
    before?: EdgeRates;
}

/** The figures of an edge at one moment. */
export interface EdgeRates {
    /** Undefined if there were no HTTP or gRPC requests. */
    requestsPerSecond?: number;
    /** The part of the requests that failed, from 0 to 1. */
    errorRatio?: number;
    /** The part of the requests that were refused, from 0 to 1; undefined if there were none. */
    refusedRatio?: number;
    /**
     * What the source's own proxy did with its requests to the service, from 0 to 1; undefined if nothing. Those that it did not send
     * have no workload, so all workloads of the service have the same ratios.
     */
    injectedRatio?: number;
    unsentRatio?: number;
    delayedRatio?: number;
    /** The part of the requests that were copies of others, from 0 to 1; undefined if there were none. */
    mirroredRatio?: number;
    p95Milliseconds?: number;
    /** Undefined if there was no TCP traffic. */
    bytesPerSecond?: number;
}

/** Stands for the workload if none received any of the source's requests to a service. Kubernetes allows no such name. */
const NO_WORKLOAD = "no workload";

/** What a sample, a node and an edge need beside their texts, in bytes: the objects, and what their page is drawn from. */
const BYTES = { sample: 32, intervention: 200, node: 400, edge: 450 };

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
    /** Nodes of services by their host names. */
    private readonly services = new Map<string, number>();
    /** From the queries for details. */
    private requests: Figures | undefined;
    private interventions = new Figures();

    constructor(private readonly budget: Budget) {}

    /**
     * Adds a sample to the figures of its answer.
     * @param query undefined for the two queries of 1.0, whose samples have no namespaces
     * @throws RequestError 503 if the mesh exceeds the budget, as all methods
     */
    read(sample: Sample, query: Detail | undefined, { pairs, values, kinds, services }: Figures): void {
        this.budget.take(BYTES.sample);
        const detailed = query !== undefined;
        const source = this.node(sample, "source", detailed);
        if (query === "interventions") {
            // It can become an edge.
            this.budget.take(BYTES.intervention);
            pairs.push(pairKey(source, this.service(sample)));
            kinds.push(interventionOf(labelOf(sample, "response_flags")) ?? "unsent");
        } else {
            pairs.push(pairKey(source, this.node(sample, "destination", detailed)));
            kinds.push(POLICIES.get(labelOf(sample, "connection_security_policy")) ?? "unknown");
        }
        values.push(sample.value);
        if (query === "requests") {
            services.push(pairKey(source, this.service(sample)));
        }
    }

    /** Adds the answer to one of the two queries of 1.0. */
    traffic(kind: "requests" | "bytes", figures: Figures): void {
        this.plain[kind] = figures;
    }

    /** Adds the answer to one of the queries for details. */
    detail(detail: Detail, figures: Figures): void {
        if (detail === "interventions") {
            this.interventions = figures;
            return;
        }
        this.failuresKnown ||= detail === "failures";
        if (detail === "requests") {
            this.requests = figures;
        }
        const { pairs, values, kinds } = figures;
        values.forEach((value, index) => {
            const edge = this.edge(pairs[index] ?? 0);
            const kind = kinds[index] ?? "unknown";
            edge[detail] = combined(detail, edge[detail], value);
            if (detail === "requests" || detail === "bytes") {
                edge[kind] = (edge[kind] ?? 0) + value;
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
        // Without this answer, nobody knows which edges there are.
        if (this.requests) {
            addInterventions(this.interventions, this.requests, this.edges);
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
        const sorted = [...known, ...extra].sort(({ node: a }, { node: b }) => byName(a, b));
        const places = new Map(sorted.map(({ index }, place) => [index, place]));
        const edges = figures
            .map((edge) => this.edgeOf(edge, places))
            .sort((a, b) => a.source - b.source || a.target - b.target);
        return { nodes: sorted.map(({ node }) => node), edges };
    }

    private edgeOf(figures: EdgeFigures, places: ReadonlyMap<number | undefined, number>): MeshEdge {
        const { source, target, requests, bytes, failures = 0, refusals = 0, latency } = figures;
        return {
            source: places.get(source) ?? 0,
            target: places.get(target) ?? 0,
            requestsPerSecond: requests,
            errorRatio:
                this.failuresKnown && requests !== undefined && requests > 0 ? ratioOf(failures, requests) : undefined,
            refusedRatio: ratioOf(refusals, requests ?? 0) || undefined,
            injectedRatio: figures.injected || undefined,
            unsentRatio: figures.unsent || undefined,
            delayedRatio: figures.delayed || undefined,
            mirroredRatio: ratioOf(figures.copies ?? 0, requests ?? 0) || undefined,
            p95Milliseconds: Number.isFinite(latency) ? latency : undefined,
            bytesPerSecond: bytes,
            mutualTls: mutualTls(figures),
        };
    }

    private edge(pair: number): EdgeFigures {
        const known = this.edges.get(pair);
        if (known) {
            return known;
        }
        this.budget.take(BYTES.edge);
        const edge = pairOf(pair);
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
        // The key, the name and the labels.
        this.budget.take(BYTES.node + 3 * bytesOf(key));
        this.indexes.set(key, this.nodes.length);
        return this.nodes.push({ name: nodeName(app, workload), app, workload, namespace }) - 1;
    }

    /** The node of the service that was called, which is shown only if no workload is known. */
    private service(sample: Sample): number {
        const host = labelOf(sample, "destination_service");
        const known = this.services.get(host);
        if (known !== undefined) {
            return known;
        }
        const [, name = host, namespace = ""] = /^([^.]+)\.([^.]+)\.svc(?:\.|$)/.exec(host) ?? [];
        const index = this.indexOf(name, NO_WORKLOAD, namespace);
        this.budget.take(BYTES.sample + bytesOf(host));
        this.services.set(host, index);
        return index;
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

/** The order of nodes. */
export function byName(a: MeshNode, b: MeshNode): number {
    return compare(a.namespace, b.namespace) || compare(a.app, b.app) || compare(a.workload, b.workload);
}

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
