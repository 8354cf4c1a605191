import { labelOf, type Sample } from "../prometheus/answer";
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

/** The answers to the queries of 1.0, and to those for details as far as there are any. */
export interface Answers {
    requests: Sample[];
    bytes: Sample[];
    details: { requests?: Sample[]; bytes?: Sample[]; failures?: Sample[]; latency?: Sample[] };
}

/**
 * Puts the answers together. An edge of 1.0's, which knows no namespaces, becomes one edge for each pair of namespaces that the
 * details tell of, and stays as it is where they tell nothing.
 * @param options.filterEmpty leaves out edges without traffic
 * @param options.added nodes that are shown whether they have traffic or not
 */
export function mesh(
    { requests, bytes, details }: Answers,
    { filterEmpty, added }: { filterEmpty: boolean; added: Iterable<string> },
): Mesh {
    const drafts = new Drafts();
    for (const kind of ["requests", "bytes"] as const) {
        const detailed = (details[kind] ?? []).filter(({ value }) => !filterEmpty || value > 0);
        const known = new Set(detailed.map((sample) => drafts.pairOf(sample)));
        const plain = { requests, bytes }[kind].filter((sample) => !known.has(drafts.pairOf(sample)));
        for (const sample of [...detailed, ...plain]) {
            const draft = drafts.enter(sample);
            draft[kind] = (draft[kind] ?? 0) + sample.value;
            const policy = POLICIES[labelOf(sample, "connection_security_policy")] ?? "unknown";
            draft[policy] = (draft[policy] ?? 0) + sample.value;
        }
    }
    for (const sample of details.failures ?? []) {
        const draft = drafts.find(sample);
        if (draft) {
            draft.failures += sample.value;
        }
    }
    for (const sample of details.latency ?? []) {
        const draft = drafts.find(sample);
        if (draft) {
            draft.p95 = sample.value;
        }
    }
    return assemble(drafts, added, details.failures !== undefined);
}

/** An edge while its figures are gathered. */
interface Draft {
    /** Numbers of nodes, in the order in which they appeared. */
    source: number;
    target: number;
    requests?: number;
    bytes?: number;
    failures: number;
    p95?: number;
    /** Traffic by how it is secured; undefined where there is no such series. */
    encrypted?: number;
    plain?: number;
    unknown?: number;
}

/** The values of `connection_security_policy` that say something. */
const POLICIES: Partial<Record<string, "encrypted" | "plain">> = { mutual_tls: "encrypted", none: "plain" };

/** More nodes than a mesh can have: pairs of node numbers become one number by it. */
const MANY = 2 ** 24;

class Drafts {
    readonly nodes: MeshNode[] = [];
    private readonly numbers = new Numbers();
    private readonly plainNumbers = new Numbers();
    private readonly edges = new Map<number, Draft>();

    [Symbol.iterator](): Iterator<Draft> {
        return this.edges.values();
    }

    /** The draft of a sample's edge, a new one where there is none. */
    enter(sample: Sample): Draft {
        const [source, target] = [this.node(sample, "source"), this.node(sample, "destination")];
        const draft = this.edges.get(source * MANY + target) ?? { source, target, failures: 0 };
        this.edges.set(source * MANY + target, draft);
        return draft;
    }

    find(sample: Sample): Draft | undefined {
        return this.edges.get(this.node(sample, "source") * MANY + this.node(sample, "destination"));
    }

    /** Which edge of 1.0's a sample belongs to, whatever the namespaces. */
    pairOf(sample: Sample): number {
        const number = (end: "source" | "destination") =>
            this.plainNumbers.of(labelOf(sample, `${end}_app`), labelOf(sample, `${end}_workload`));
        return number("source") * MANY + number("destination");
    }

    private node(sample: Sample, end: "source" | "destination"): number {
        const [app, workload] = [labelOf(sample, `${end}_app`), labelOf(sample, `${end}_workload`)];
        const label = labelOf(sample, `${end}_workload_namespace`);
        // Istio's word for what it does not know.
        const namespace = label === "unknown" ? "" : label;
        const number = this.numbers.of(namespace, app, workload);
        this.nodes[number] ??= { name: nodeName(app, workload), app, workload, namespace };
        return number;
    }
}

/** Gives each list of texts a number, from 0 on. No text can be mistaken for two others. */
class Numbers {
    private readonly roots = new Map<string, Branch>();
    private next = 0;

    of(...texts: string[]): number {
        let branches = this.roots;
        let branch: Branch | undefined;
        for (const text of texts) {
            branch = branches.get(text);
            if (!branch) {
                branch = { branches: new Map() };
                branches.set(text, branch);
            }
            branches = branch.branches;
        }
        if (!branch) {
            return -1;
        }
        branch.number ??= this.next++;
        return branch.number;
    }
}

interface Branch {
    number?: number;
    branches: Map<string, Branch>;
}

function assemble(drafts: Drafts, added: Iterable<string>, failuresKnown: boolean): Mesh {
    // Only what an edge was made for: a latency alone makes no node.
    const used = new Set([...drafts].flatMap(({ source, target }) => [source, target]));
    const known = drafts.nodes.map((node, number) => ({ node, number })).filter(({ number }) => used.has(number));
    const names = new Set(known.map(({ node }) => node.name));
    const extra = [...added]
        .filter((name) => !names.has(name))
        .map((name) => ({ node: { name, app: name, workload: "", namespace: "" }, number: undefined }));

    const sorted = [...known, ...extra].sort(
        ({ node: a }, { node: b }) =>
            compareAsGo(a.namespace, b.namespace) || compareAsGo(a.app, b.app) || compareAsGo(a.workload, b.workload),
    );
    const places = new Map(sorted.map(({ number }, place) => [number, place]));
    const edges = [...drafts]
        .map((draft) => finish(draft, places, failuresKnown))
        .sort((a, b) => a.source - b.source || a.target - b.target);
    return { nodes: sorted.map(({ node }) => node), edges };
}

function finish(draft: Draft, places: ReadonlyMap<number | undefined, number>, failuresKnown: boolean): MeshEdge {
    const { requests, failures, p95 } = draft;
    return {
        source: places.get(draft.source) ?? 0,
        target: places.get(draft.target) ?? 0,
        requestsPerSecond: requests,
        errorRatio:
            failuresKnown && requests !== undefined && requests > 0 ? Math.min(failures / requests, 1) : undefined,
        p95Milliseconds: Number.isFinite(p95) ? p95 : undefined,
        bytesPerSecond: draft.bytes,
        mutualTls: mutualTls(draft),
    };
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
