import { CHANGES, type MeshEdge, type MeshNode } from "../graph/mesh";
import { at } from "../layout/geometry";
import type { Open } from "../parameters";
import { byImportance, countOf, type Facts, factsOf, type Health, HEALTH_ORDER, healthOf } from "./facts";
import { MOST_LABELS } from "./sizes";

/** What a drawing shows: workloads, and folded namespaces as one node each. */
export interface View {
    nodes: readonly ViewNode[];
    edges: readonly ViewEdge[];
    /** Whether some namespaces are folded. */
    folded: boolean;
    /** The edges that are left out: those with least errors and traffic. */
    omitted: number;
}

export interface ViewNode extends MeshNode {
    /** The namespace that this node stands for, with all its workloads; empty if it is unknown. */
    folded?: string;
}

export interface ViewEdge extends MeshEdge {
    health: Health;
    /** The sums of several edges; undefined for a single one, whose facts are computed when they are needed. */
    sums?: Facts;
    /** Its index in the mesh; undefined if it stands for several edges. */
    index?: number;
}

/** Larger graphs cannot be seen at once. */
const MOST_OPEN = { nodes: 40, edges: MOST_LABELS };

/** More edges between folded namespaces cannot be followed. */
const MOST_FOLDED_EDGES = 16;

/** A node that has no edge in the drawing is left out if there are more nodes. */
const MOST_NODES = 200;

/**
 * What to draw of a mesh. A large one is drawn with one node for each namespace. If some namespaces are open, it is drawn with their
 * workloads, and with what calls them or is called by them.
 */
export function viewOf(nodes: readonly MeshNode[], edges: readonly ViewEdge[], open: Open): View {
    if (open === "all" || (!open && nodes.length <= MOST_OPEN.nodes && edges.length <= MOST_OPEN.edges)) {
        return { nodes, edges, folded: false, omitted: 0 };
    }
    const namespaces = new Set(nodes.map(({ namespace }) => namespace));
    const chosen = open ?? (namespaces.size === 1 ? namespaces : new Set<string>());
    return limited(fold(nodes, edges, chosen), chosen);
}

function fold(nodes: readonly MeshNode[], edges: readonly ViewEdge[], open: ReadonlySet<string>): View {
    const places: number[] = [];
    const boxes = new Map<string, number>();
    const shown: ViewNode[] = [];
    nodes.forEach((node, index) => {
        const { namespace } = node;
        if (open.has(namespace)) {
            places[index] = shown.push(node) - 1;
            return;
        }
        const place = boxes.get(namespace) ?? shown.push(box(namespace)) - 1;
        boxes.set(namespace, place);
        places[index] = place;
    });
    const counts = new Map<number, number>();
    for (const place of places) {
        counts.set(place, (counts.get(place) ?? 0) + 1);
    }
    for (const [place, count] of counts) {
        const node = at(shown, place);
        shown[place] = node.folded === undefined ? node : { ...node, workload: countOf(count, "workload") };
    }
    const bundles = new Map<number, ViewEdge[]>();
    for (const edge of edges) {
        const moved = { ...edge, source: at(places, edge.source), target: at(places, edge.target) };
        const key = moved.source * shown.length + moved.target;
        const bundle = bundles.get(key);
        if (bundle) {
            bundle.push(moved);
        } else {
            bundles.set(key, [moved]);
        }
    }
    return { nodes: shown, edges: [...bundles.values()].map(bundled), folded: true, omitted: 0 };
}

function box(namespace: string): ViewNode {
    const name = namespace || "unknown namespace";
    return { name, app: name, workload: "", namespace: "", folded: namespace };
}

export function viewEdge(edge: MeshEdge, index: number): ViewEdge {
    return { ...edge, index, health: healthOf(edge) };
}

/** The words for the figures of an edge. */
export function factsIn(edge: ViewEdge): Facts {
    return edge.sums ?? factsOf(edge);
}

/** One edge for several, with their sums. Its health is that of the worst one, because a sum would hide it. */
function bundled(edges: readonly ViewEdge[]): ViewEdge {
    const [first] = edges as [ViewEdge];
    if (edges.length === 1) {
        return first;
    }
    const sum = (figure: (edge: ViewEdge) => number | undefined) => {
        const known = edges.flatMap((edge) => figure(edge) ?? []).filter((one) => !Number.isNaN(one));
        return known.length > 0 ? known.reduce((all, one) => all + one, 0) : undefined;
    };
    const requestsPerSecond = sum((edge) => edge.requestsPerSecond);
    const failed = sum(({ errorRatio = NaN, requestsPerSecond = NaN }) => errorRatio * requestsPerSecond);
    const errorRatio = failed !== undefined && requestsPerSecond ? failed / requestsPerSecond : undefined;
    const bytesPerSecond = sum((edge) => edge.bytesPerSecond);
    const latencies = edges.flatMap(({ p95Milliseconds = [] }) => p95Milliseconds);
    const encryption = new Set(edges.map(({ mutualTls }) => mutualTls));
    const rates = {
        requestsPerSecond,
        errorRatio,
        bytesPerSecond,
        p95Milliseconds: latencies.length > 0 ? latencies.reduce((most, one) => Math.max(most, one)) : undefined,
        mutualTls: encryption.size === 1 ? first.mutualTls : ("some" as const),
    };
    const counted = (health: Health) => edges.filter((edge) => edge.health === health).length;
    const health = HEALTH_ORDER.findLast((one) => counted(one) > 0) ?? "idle";
    const troubles = [
        [counted("failing"), "failing"],
        [counted("degraded"), "with errors"],
    ] as const;
    const facts = factsOf({ ...first, ...rates });
    const changes = CHANGES.map((change) => [edges.filter((edge) => edge.changes?.includes(change)).length, change]);
    return {
        source: first.source,
        target: first.target,
        ...rates,
        health,
        sums: {
            ...facts,
            errors:
                troubles
                    .filter(([count]) => count > 0)
                    .map(([count, words]) => `${count} ${words}`)
                    .join(", ") || facts.errors,
            traffic: `${countOf(edges.length, "edge")}, ${facts.traffic}`,
            stopped: counted("stopped") > 0 ? `${counted("stopped")} refused or not sent` : "",
            change: changes
                .filter(([count]) => count !== 0)
                .map(([count, change]) => `${count} ${change}`)
                .join(", "),
        },
    };
}

/** Leaves out what makes the drawing too large to read. */
function limited({ nodes, edges, folded }: View, open: ReadonlySet<string>): View {
    const isOpen = ({ source, target }: ViewEdge) =>
        [source, target].some((end) => at(nodes, end).folded === undefined);
    const wanted = edges.filter((edge) => open.size === 0 || isOpen(edge));
    const kept = wanted.sort(byViewImportance).slice(0, open.size === 0 ? MOST_FOLDED_EDGES : MOST_LABELS);
    const ends = new Set(kept.flatMap(({ source, target }) => [source, target]));
    const stays = nodes.map(
        ({ folded: box }, index) =>
            ends.has(index) || (nodes.length <= MOST_NODES && (open.size === 0 || box === undefined)),
    );
    const shown: ViewNode[] = [];
    const places = nodes.map((node, index) => (stays[index] ? shown.push(node) - 1 : -1));
    return {
        nodes: shown,
        edges: kept
            .map((edge) => ({ ...edge, source: at(places, edge.source), target: at(places, edge.target) }))
            .sort((a, b) => a.source - b.source || a.target - b.target),
        folded,
        omitted: wanted.length - kept.length,
    };
}

/** Compares two edges: the worse one comes first, and then the one with more errors, refusals and traffic. */
export function byViewImportance(a: ViewEdge, b: ViewEdge): number {
    return HEALTH_ORDER.indexOf(b.health) - HEALTH_ORDER.indexOf(a.health) || byImportance(a, b);
}
