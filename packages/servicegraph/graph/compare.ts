import { byName, type Change, CHANGES, type EdgeRates, type Mesh, type MeshEdge, type MeshNode } from "./mesh";

/** How much more errors or refusals are a change: one in a hundred requests. */
const MORE = 0.01;

/**
 * How much longer a latency is a change: half again, and 5 ms. Prometheus estimates percentiles from Istio's buckets (5, 10, 25, 50, 100
 * and so on), so that smaller differences may be none.
 */
const SLOWER = { ratio: 1.5, milliseconds: 5 };

/** The mesh of both moments, with how it has changed: what is gone is there with the figures that it had. */
export function compareMeshes(before: Mesh, now: Mesh): Mesh {
    const keys = new Map<string, MeshNode>();
    const keyOf = ({ app, workload, namespace }: MeshNode) => JSON.stringify([app, workload, namespace]);
    for (const node of [...now.nodes, ...before.nodes]) {
        keys.set(keyOf(node), node);
    }
    const nodes = [...keys.values()].sort(byName);
    const places = new Map(nodes.map((node, place) => [keyOf(node), place]));
    const edgesOf = (mesh: Mesh) => {
        const moved = mesh.nodes.map((node) => places.get(keyOf(node)) ?? 0);
        const edges = mesh.edges.map((edge) => ({
            ...edge,
            source: moved[edge.source] ?? 0,
            target: moved[edge.target] ?? 0,
        }));
        return new Map(edges.map((edge) => [`${edge.source} ${edge.target}`, edge]));
    };
    const [old, current] = [edgesOf(before), edgesOf(now)];
    const edges = [...new Set([...current.keys(), ...old.keys()])]
        .map((pair) => compareEdges(old.get(pair), current.get(pair)))
        .filter((edge) => edge !== undefined)
        .sort((a, b) => a.source - b.source || a.target - b.target);
    const [had, has] = [endsOf([...old.values()]), endsOf([...current.values()])];
    return {
        nodes: nodes.map((node, place) => ({
            ...node,
            ...(has.has(place) !== had.has(place) && { change: has.has(place) ? ("new" as const) : ("gone" as const) }),
        })),
        edges,
    };
}

/** The nodes with traffic. */
function endsOf(edges: readonly MeshEdge[]): Set<number> {
    return new Set(edges.filter(hasTraffic).flatMap(({ source, target }) => [source, target]));
}

function compareEdges(before: MeshEdge | undefined, now: MeshEdge | undefined): MeshEdge | undefined {
    if (!now) {
        return (
            before && {
                source: before.source,
                target: before.target,
                mutualTls: before.mutualTls,
                ...(hasTraffic(before) && { changes: ["gone"], before: ratesOf(before) }),
            }
        );
    }
    const changes = changesOf(before, now);
    return {
        ...now,
        ...(changes.length > 0 && { changes }),
        ...(before && hasTraffic(before) && { before: ratesOf(before) }),
    };
}

function ratesOf(edge: MeshEdge): EdgeRates {
    const { requestsPerSecond, errorRatio, refusedRatio, injectedRatio, unsentRatio } = edge;
    const { delayedRatio, mirroredRatio, p95Milliseconds, bytesPerSecond } = edge;
    return {
        ...{ requestsPerSecond, errorRatio, refusedRatio, injectedRatio, unsentRatio },
        ...{ delayedRatio, mirroredRatio, p95Milliseconds, bytesPerSecond },
    };
}

/** Whether something was sent, received or not. */
function hasTraffic({ requestsPerSecond = 0, bytesPerSecond = 0 }: EdgeRates): boolean {
    return requestsPerSecond > 0 || bytesPerSecond > 0;
}

function changesOf(before: MeshEdge | undefined, now: MeshEdge): Change[] {
    if (!before || !hasTraffic(before)) {
        return hasTraffic(now) ? ["new"] : [];
    }
    if (!hasTraffic(now)) {
        return ["gone"];
    }
    const rise = (ratio: "refusedRatio" | "injectedRatio" | "unsentRatio") => (now[ratio] ?? 0) - (before[ratio] ?? 0);
    // NaN if one of them is unknown.
    const errors = (now.errorRatio ?? NaN) - (before.errorRatio ?? NaN);
    const is: Partial<Record<Change, boolean>> = {
        "more errors": errors >= MORE,
        "fewer errors": errors <= -MORE,
        "more refused": Math.max(rise("refusedRatio"), rise("injectedRatio"), rise("unsentRatio")) >= MORE,
        slower: isSlower(before.p95Milliseconds, now.p95Milliseconds),
        faster: isSlower(now.p95Milliseconds, before.p95Milliseconds),
    };
    return CHANGES.filter((change) => is[change]);
}

function isSlower(before: number | undefined, now: number | undefined): boolean {
    return (
        before !== undefined && now !== undefined && now >= before * SLOWER.ratio && now - before >= SLOWER.milliseconds
    );
}
