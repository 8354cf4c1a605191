import { countOf, type Health, HEALTH_ORDER, healthOf } from "../drawing/facts";
import type { Mesh, MeshEdge, MeshNode } from "../graph/mesh";
import { at } from "../layout/geometry";

/* What the live graph shows of a mesh: workloads, folded namespaces with their sums, and the lines between them. */

/** A box: a workload, or a folded namespace. */
export interface Item {
    /** The same for the same workload or namespace in every answer. */
    key: string;
    /** Empty if it is unknown. */
    namespace: string;
    /** Undefined for a folded namespace. */
    workload?: MeshNode;
    /** How many workloads it stands for. */
    workloads: number;
    /** The edges to its workloads. */
    received: MeshEdge[];
}

/** All edges between two boxes. */
export interface Line {
    key: string;
    source: Item;
    target: Item;
    /** The edge, or the sum of the edges. */
    edge: MeshEdge;
    /** That of the worst edge, so that a sum does not hide it. */
    health: Health;
    edges: number;
    failing: number;
}

export interface View {
    items: Item[];
    /** The most important one first. */
    lines: Line[];
}

export function keyOf({ namespace, app, workload }: MeshNode): string {
    return JSON.stringify([namespace, app, workload]);
}

/** @param isFolded whether a namespace is one box. Workloads without a namespace are always single. */
export function viewOf({ nodes, edges }: Mesh, isFolded: (namespace: string) => boolean): View {
    const items = new Map<string, Item>();
    const itemOf = nodes.map((node) => {
        const { namespace } = node;
        const folded = namespace !== "" && isFolded(namespace);
        const key = folded ? JSON.stringify([namespace]) : keyOf(node);
        const workload = folded ? undefined : node;
        const item = items.get(key) ?? { key, namespace, workload, workloads: 0, received: [] };
        item.workloads += 1;
        items.set(key, item);
        return item;
    });
    const between = new Map<string, { source: Item; target: Item; parts: MeshEdge[] }>();
    for (const edge of edges) {
        const [source, target] = [itemOf[edge.source], itemOf[edge.target]];
        if (source && target) {
            target.received.push(edge);
            const key = JSON.stringify([source.key, target.key]);
            const known = between.get(key) ?? { source, target, parts: [] };
            known.parts.push(edge);
            between.set(key, known);
        }
    }
    const lines = [...between].map(([key, { source, target, parts }]): Line => {
        const healths = parts.map(healthOf);
        const worst = HEALTH_ORDER.findLast((health) => healths.includes(health)) ?? "unknown";
        const failing = healths.filter((health) => health === "failing").length;
        return { key, source, target, edge: sumOf(parts), health: worst, edges: parts.length, failing };
    });
    const traffic = ({ edge: { requestsPerSecond: requests = 0, bytesPerSecond: bytes = 0 } }: Line) =>
        (requests || 0) + (bytes || 0) / 1e6;
    const rank = ({ health }: Line) => HEALTH_ORDER.indexOf(health);
    return { items: [...items.values()], lines: lines.sort((a, b) => rank(b) - rank(a) || traffic(b) - traffic(a)) };
}

/** The ratios of `MeshEdge` that are 0 if they are undefined. */
const PARTS = ["refusedRatio", "injectedRatio", "unsentRatio", "delayedRatio", "mirroredRatio"] as const;

/** The traffic of all edges together: rates are added, ratios weighted by requests, and the worst latency counts. */
export function sumOf(edges: readonly MeshEdge[]): MeshEdge {
    if (edges.length === 1) {
        return at(edges, 0);
    }
    const known = (values: (number | undefined)[]) => values.filter((value) => value !== undefined);
    const total = (values: (number | undefined)[]) => {
        const all = known(values);
        return all.length === 0 ? undefined : all.reduce((sum, value) => sum + value, 0);
    };
    const weighted = (ratio: (typeof PARTS)[number] | "errorRatio", from: readonly MeshEdge[]) => {
        const parts = total(from.map((edge) => (edge[ratio] ?? 0) * (edge.requestsPerSecond ?? 0)));
        const mean = (parts ?? NaN) / (total(from.map((edge) => edge.requestsPerSecond)) ?? NaN);
        // Without a weight, the worst counts.
        return Number.isFinite(mean) ? mean : Math.max(0, ...from.map((edge) => edge[ratio] ?? 0));
    };
    const judged = edges.filter(({ errorRatio }) => errorRatio !== undefined);
    const latencies = known(edges.map(({ p95Milliseconds }) => p95Milliseconds));
    const kinds = new Set(edges.map(({ mutualTls }) => mutualTls));
    const isEncrypted = kinds.has("all") || kinds.has("some");
    return {
        ...at(edges, 0),
        requestsPerSecond: total(edges.map(({ requestsPerSecond }) => requestsPerSecond)),
        bytesPerSecond: total(edges.map(({ bytesPerSecond }) => bytesPerSecond)),
        errorRatio: judged.length > 0 ? weighted("errorRatio", judged) : undefined,
        ...Object.fromEntries(PARTS.map((ratio) => [ratio, weighted(ratio, edges) || undefined])),
        p95Milliseconds: latencies.length > 0 ? Math.max(...latencies) : undefined,
        mutualTls: isEncrypted
            ? kinds.size === 1 && kinds.has("all")
                ? "all"
                : "some"
            : kinds.has("none")
              ? "none"
              : undefined,
    };
}

/** What a line stands for; empty for a single edge. */
export function partsOf({ edges, failing }: Line): string {
    const failures = failing > 0 ? `, ${failing} failing` : "";
    return edges === 1 ? "" : `${countOf(edges, "edge")}${failures}`;
}

/** The name of a box in titles, the panel and the table. */
export const nameOf = ({ workload, namespace }: Item) => workload?.name ?? namespace;
