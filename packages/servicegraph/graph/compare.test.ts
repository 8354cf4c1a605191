import { compareMeshes } from "./compare";
import type { Mesh, MeshEdge } from "./mesh";

const node = (app: string, namespace = "default") => ({
    name: `${app} (${app}-v1)`,
    app,
    workload: `${app}-v1`,
    namespace,
});

/** A mesh in which "a" calls each of the others with these figures. */
function mesh(calls: Record<string, Partial<MeshEdge>>): Mesh {
    const nodes = [node("a"), ...Object.keys(calls).map((app) => node(app))];
    const edges = Object.values(calls).map((figures, index) => ({
        source: 0,
        target: index + 1,
        requestsPerSecond: 1,
        errorRatio: 0,
        p95Milliseconds: 20,
        mutualTls: "all" as const,
        ...figures,
    }));
    return { nodes, edges };
}

/** The changes by callee. */
function changes(before: Mesh, now: Mesh): Record<string, string[]> {
    const { nodes, edges } = compareMeshes(before, now);
    return Object.fromEntries(edges.map(({ target, changes = [] }) => [nodes[target]?.app ?? "", changes]));
}

it("finds what is new, gone, slower and failing, and the reverse, and nothing else", () => {
    const before = mesh({
        same: {},
        jitter: { errorRatio: 0.02, p95Milliseconds: 100 },
        fast: { p95Milliseconds: 2 },
        slow: { p95Milliseconds: 40 },
        fails: {},
        shut: {},
        gone: {},
        stops: {},
        starts: { requestsPerSecond: 0 },
        unknown: { errorRatio: undefined, p95Milliseconds: undefined },
    });
    const now = mesh({
        new: {},
        same: {},
        jitter: { errorRatio: 0.029, p95Milliseconds: 149 },
        fast: { p95Milliseconds: 6 },
        slow: { p95Milliseconds: 60, errorRatio: 0.01 },
        fails: { errorRatio: 0.5 },
        shut: { refusedRatio: 0.2 },
        stops: { requestsPerSecond: 0, errorRatio: undefined },
        starts: {},
        unknown: { errorRatio: 0.5, p95Milliseconds: 900 },
    });
    const reverse = { "more errors": "fewer errors", slower: "faster", new: "gone", gone: "new" };
    const found = changes(before, now);
    expect(found).toEqual({
        ...{ same: [], jitter: [], fast: [], unknown: [] },
        ...{ slow: ["more errors", "slower"], fails: ["more errors"], shut: ["more refused"] },
        ...{ gone: ["gone"], stops: ["gone"], new: ["new"], starts: ["new"] },
    });
    const { shut, ...others } = changes(now, before);
    expect(shut).toEqual([]);
    expect(others).toEqual(
        Object.fromEntries(
            Object.entries(found)
                .filter(([app]) => app !== "shut")
                .map(([app, all]) => [app, all.map((change) => reverse[change as keyof typeof reverse]).toReversed()])
                .map(([app, all]) => [app, app === "slow" ? ["fewer errors", "faster"] : all]),
        ),
    );
});

it("keeps what is gone with the figures that it had, and sorts all nodes", () => {
    const before: Mesh = { ...mesh({ z: { p95Milliseconds: 7 } }) };
    const { nodes, edges } = compareMeshes(before, mesh({ b: {} }));
    expect(nodes.map(({ app, change }) => [app, change])).toEqual([
        ["a", undefined],
        ["b", "new"],
        ["z", "gone"],
    ]);
    expect(edges).toMatchObject([
        { source: 0, target: 1, requestsPerSecond: 1, changes: ["new"] },
        {
            source: 0,
            target: 2,
            mutualTls: "all",
            changes: ["gone"],
            before: { requestsPerSecond: 1, p95Milliseconds: 7 },
        },
    ]);
    expect(edges[1]?.requestsPerSecond).toBeUndefined();
});
