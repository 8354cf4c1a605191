import { labelOf, type Sample } from "../prometheus/answer";
import type { Detail } from "../prometheus/queries";
import { compareAsGo } from "../text/goText";
import { nodeName } from "./serviceGraph";

/** The mesh as the pages show it. */
export interface Mesh {
    /** Sorted by namespace, then by name. */
    nodes: MeshNode[];
    /** Sorted by source, then by target; at most one for each pair. */
    edges: MeshEdge[];
}

export interface MeshNode {
    /** The name that 1.0 gave it, such as `reviews (reviews-v2)`. */
    name: string;
    app: string;
    workload: string;
    /** Empty where it is not known. */
    namespace: string;
}

/** How much of an edge's traffic is encrypted by mutual TLS; undefined where Istio does not say. */
export type MutualTls = "all" | "some" | "none" | undefined;

export interface MeshEdge {
    /** Indexes of nodes. */
    source: number;
    target: number;
    /** Undefined where there were no HTTP or gRPC requests. */
    requestsPerSecond?: number;
    /** The part of the requests that failed, from 0 to 1. */
    errorRatio?: number;
    p95Milliseconds?: number;
    /** Undefined where there was no TCP traffic. */
    bytesPerSecond?: number;
    mutualTls: MutualTls;
}

/**
 * Puts a mesh together from what Prometheus answers, element by element.
 *
 * An edge of 1.0's, which knows no namespaces, becomes one edge for each pair of namespaces that the details tell of, and stays as
 * it is where they tell nothing.
 */
export class MeshBuilder {
    private readonly nodes: MeshNode[] = [];
    private readonly numbers = new Numbers();
    /** By the numbers of both nodes. */
    private readonly edges = new Map<number, Draft>();
    /** What 1.0 asked for: traffic by nodes without namespaces. */
    private readonly plain: Record<"requests" | "bytes", Figures> = { requests: new Figures(), bytes: new Figures() };
    private failuresKnown = false;

    /** Collects the answer to one of 1.0's two queries. It counts once it is complete. */
    traffic(kind: "requests" | "bytes"): Collector {
        const figures = new Figures();
        return {
            take: (sample) => {
                this.collect(sample, false, figures);
            },
            complete: () => {
                this.plain[kind] = figures;
            },
        };
    }

    /** Collects the answer to one of the queries for details, likewise. */
    detail(detail: Detail): Collector {
        const figures = new Figures();
        return {
            take: (sample) => {
                this.collect(sample, true, figures);
            },
            complete: () => {
                this.failuresKnown ||= detail === "failures";
                figures.forEach((source, target, value, policy) => {
                    const draft = this.edge(source, target);
                    draft[detail] = combined(detail, draft[detail], value);
                    if (detail === "requests" || detail === "bytes") {
                        draft[policy] = (draft[policy] ?? 0) + value;
                    }
                });
            },
        };
    }

    /**
     * @param filterEmpty leaves out edges without traffic
     * @param added names of nodes that are shown whether they have traffic or not
     */
    finish(filterEmpty: boolean, added: Iterable<string>): Mesh {
        for (const draft of this.edges.values()) {
            dropEmpty(draft, filterEmpty);
        }
        for (const kind of ["requests", "bytes"] as const) {
            const detailed = new Set<number>();
            for (const { source, target, [kind]: traffic } of this.edges.values()) {
                if (traffic !== undefined) {
                    detailed.add(this.withoutNamespace(source) * MANY + this.withoutNamespace(target));
                }
            }
            this.plain[kind].forEach((source, target, value) => {
                if (!detailed.has(source * MANY + target)) {
                    const draft = this.edge(source, target);
                    draft[kind] = (draft[kind] ?? 0) + value;
                    draft.unknown = (draft.unknown ?? 0) + value;
                }
            });
        }
        const drafts = [...this.edges.values()].filter(
            ({ requests, bytes }) => requests !== undefined || bytes !== undefined,
        );
        return this.assemble(drafts, added);
    }

    private assemble(drafts: readonly Draft[], added: Iterable<string>): Mesh {
        const used = new Set(drafts.flatMap(({ source, target }) => [source, target]));
        const known = this.nodes.map((node, number) => ({ node, number })).filter(({ number }) => used.has(number));
        const names = new Set(known.map(({ node }) => node.name));
        const extra = [...added]
            .filter((name) => !names.has(name))
            .map((name) => ({ node: { name, app: name, workload: "", namespace: "" }, number: undefined }));
        const sorted = [...known, ...extra].sort(
            ({ node: a }, { node: b }) =>
                compareAsGo(a.namespace, b.namespace) ||
                compareAsGo(a.app, b.app) ||
                compareAsGo(a.workload, b.workload),
        );
        const places = new Map(sorted.map(({ number }, place) => [number, place]));
        const edges = drafts
            .map((draft) => this.edgeOf(draft, places))
            .sort((a, b) => a.source - b.source || a.target - b.target);
        return { nodes: sorted.map(({ node }) => node), edges };
    }

    private edgeOf(draft: Draft, places: ReadonlyMap<number | undefined, number>): MeshEdge {
        const { requests, bytes, failures = 0, latency } = draft;
        return {
            source: places.get(draft.source) ?? 0,
            target: places.get(draft.target) ?? 0,
            requestsPerSecond: requests,
            errorRatio:
                this.failuresKnown && requests !== undefined && requests > 0 ? ratioOf(failures, requests) : undefined,
            p95Milliseconds: Number.isFinite(latency) ? latency : undefined,
            bytesPerSecond: bytes,
            mutualTls: mutualTls(draft),
        };
    }

    private edge(source: number, target: number): Draft {
        const key = source * MANY + target;
        const draft = this.edges.get(key) ?? { source, target };
        this.edges.set(key, draft);
        return draft;
    }

    private collect(sample: Sample, detailed: boolean, figures: Figures): void {
        const source = this.node(sample, "source", detailed);
        const target = this.node(sample, "destination", detailed);
        figures.add(
            source,
            target,
            sample.value,
            POLICIES.get(labelOf(sample, "connection_security_policy")) ?? "unknown",
        );
    }

    private node(sample: Sample, end: keyof typeof LABELS, detailed: boolean): number {
        const { app, workload, namespace } = LABELS[end];
        const known = detailed ? labelOf(sample, namespace) : "";
        // Istio's word for what it does not know.
        return this.number(labelOf(sample, app), labelOf(sample, workload), known === "unknown" ? "" : known);
    }

    private number(app: string, workload: string, namespace: string): number {
        const number = this.numbers.of(app, workload, namespace);
        this.nodes[number] ??= { name: nodeName(app, workload), app, workload, namespace };
        return number;
    }

    private withoutNamespace(number: number): number {
        const { app = "", workload = "" } = this.nodes[number] ?? {};
        return this.number(app, workload, "");
    }
}

/** The labels of Istio's metrics that name the two ends of an edge. */
const LABELS = {
    source: { app: "source_app", workload: "source_workload", namespace: "source_workload_namespace" },
    destination: {
        app: "destination_app",
        workload: "destination_workload",
        namespace: "destination_workload_namespace",
    },
} as const;

/** Takes the elements of an answer. */
export interface Collector {
    take: (sample: Sample) => void;
    complete: () => void;
}

/** How traffic is secured. */
type Policy = "encrypted" | "plain" | "unknown";

/**
 * The elements of an answer, with numbers in the place of their nodes' names. In lists of numbers: an object for each element would
 * take several times the memory, and the time to clear it up.
 */
class Figures {
    private readonly sources: number[] = [];
    private readonly targets: number[] = [];
    private readonly values: number[] = [];
    private readonly policies: Policy[] = [];

    add(source: number, target: number, value: number, policy: Policy): void {
        this.sources.push(source);
        this.targets.push(target);
        this.values.push(value);
        this.policies.push(policy);
    }

    forEach(visit: (source: number, target: number, value: number, policy: Policy) => void): void {
        this.values.forEach((value, index) => {
            visit(this.sources[index] ?? 0, this.targets[index] ?? 0, value, this.policies[index] ?? "unknown");
        });
    }
}

/** An edge while its figures are gathered; those that there is no series of are undefined. */
interface Draft extends Partial<Record<Detail | Policy, number>> {
    /** Numbers of nodes. */
    source: number;
    target: number;
}

/** One figure of two series of the same edge. Percentiles cannot be added: of several the worst is told. */
function combined(detail: Detail, before: number | undefined, value: number): number | undefined {
    if (detail !== "latency") {
        return (before ?? 0) + value;
    }
    return Number.isFinite(value) ? Math.max(before ?? value, value) : before;
}

/** A part of a whole, from 0 to 1; undefined where the figures give none. */
function ratioOf(part: number, whole: number): number | undefined {
    const ratio = part / whole;
    return Number.isFinite(ratio) ? Math.min(Math.max(ratio, 0), 1) : undefined;
}

/** The values of `connection_security_policy` that say something. */
const POLICIES: ReadonlyMap<string, Policy> = new Map([
    ["mutual_tls", "encrypted"],
    ["none", "plain"],
]);

/** More nodes than a mesh can have: a pair of their numbers becomes one number by it. */
const MANY = 2 ** 24;

/** Gives each list of texts a number, from 0 on. No text can be mistaken for two others. */
class Numbers {
    private readonly tree = new Map<string, Map<string, Map<string, number>>>();
    private next = 0;

    of(first: string, second: string, third: string): number {
        const branch = entry(this.tree, first, () => new Map<string, Map<string, number>>());
        const leaves = entry(branch, second, () => new Map<string, number>());
        return entry(leaves, third, () => this.next++);
    }
}

function entry<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
    const found = map.get(key) ?? make();
    map.set(key, found);
    return found;
}

/** The query for details knows no `> 0`, so that edges without traffic are left out here. */
function dropEmpty(draft: Draft, filterEmpty: boolean): void {
    for (const kind of ["requests", "bytes"] as const) {
        if (filterEmpty && !((draft[kind] ?? 0) > 0)) {
            draft[kind] = undefined;
        }
    }
}

/** Judged by the series that have traffic; where none has, by all of them. */
function mutualTls({ encrypted, plain, unknown }: Draft): MutualTls {
    const series = [encrypted, plain, unknown];
    const isIdle = series.every((traffic) => !((traffic ?? 0) > 0));
    const [isEncrypted, isPlain, isUnknown] = series.map((traffic) => traffic !== undefined && (isIdle || traffic > 0));
    if (isEncrypted) {
        return isPlain || isUnknown ? "some" : "all";
    }
    return isPlain ? "none" : undefined;
}
