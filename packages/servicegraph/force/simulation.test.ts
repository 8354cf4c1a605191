import type { Mesh } from "../graph/mesh";
import { type Graph, simulate, update } from "./simulation";

const node = (app: string, namespace = "default") => ({ name: `${app} (${app})`, app, workload: app, namespace });
const edge = (source: number, target: number) => ({ source, target, requestsPerSecond: 1, mutualTls: undefined });
const mesh = (apps: string[], ...edges: [number, number][]): Mesh => ({
    nodes: apps.map((app) => node(app)),
    edges: edges.map(([source, target]) => edge(source, target)),
});

const NOTHING: Graph = { nodes: [], links: [] };

function settle(content: Graph): Graph {
    simulate(content).tick(300);
    return content;
}

const placeOf = ({ nodes }: Graph, app: string) => {
    const { x, y } = nodes.find(({ meshNode }) => meshNode.app === app) ?? {};
    return [x, y];
};

it("places callers on the left, without overlaps", () => {
    const content = settle(update(NOTHING, mesh(["a", "b", "c", "d"], [0, 1], [0, 2], [1, 3], [2, 3], [3, 3])));
    const x = Object.fromEntries(content.nodes.map(({ meshNode, x = NaN }) => [meshNode.app, x]));
    expect(x.a).toBeLessThan(x.b ?? NaN);
    expect(x.b).toBeLessThan(x.d ?? NaN);
    const apart = content.nodes.flatMap((one, index) =>
        content.nodes
            .slice(index + 1)
            .map((other) => Math.hypot((one.x ?? 0) - (other.x ?? 0), (one.y ?? 0) - (other.y ?? 0))),
    );
    expect(Math.min(...apart)).toBeGreaterThan(80);
});

it("keeps the positions of known workloads, dragged ones included", () => {
    const before = settle(update(NOTHING, mesh(["a", "b", "c"], [0, 1], [1, 2])));
    const [dragged] = before.nodes;
    Object.assign(dragged ?? {}, { x: 5, y: 6, fx: 5, fy: 6 });
    // In another order, without c, and with a new one.
    const after = update(before, mesh(["b", "new", "a"], [2, 0], [0, 1]));
    expect(after.changed).toBe(true);
    expect(placeOf(after, "a")).toEqual([5, 6]);
    expect(placeOf(after, "b")).toEqual(placeOf(before, "b"));
    expect(after.nodes.find(({ meshNode }) => meshNode.app === "a")).toMatchObject({ fx: 5, fy: 6 });
    expect(Math.abs((placeOf(after, "new")[0] ?? NaN) - (placeOf(after, "b")[0] ?? NaN))).toBeLessThan(200);
});

it("reports no change if only figures change", () => {
    const before = settle(update(NOTHING, mesh(["a", "b"], [0, 1])));
    const same = mesh(["a", "b"], [0, 1]);
    expect(update(before, { ...same, edges: [{ ...edge(0, 1), requestsPerSecond: 7 }] })).toMatchObject({
        changed: false,
        links: [{ edge: { requestsPerSecond: 7 } }],
    });
    expect(update(before, mesh(["a", "b"], [1, 0])).changed).toBe(true);
    expect(update(before, mesh(["a"])).changed).toBe(true);
});

it("distinguishes workloads of the same name in different namespaces", () => {
    const { nodes } = update(NOTHING, { nodes: [node("a"), node("a", "other")], edges: [] });
    expect(new Set(nodes.map(({ key }) => key)).size).toBe(2);
});

it("distinguishes traffic in both directions from a workload's calls to itself", () => {
    const { links } = update(NOTHING, mesh(["a", "b"], [0, 1], [1, 0], [0, 0]));
    expect(links.map(({ mutual }) => mutual)).toEqual([true, true, false]);
});

it("ignores an edge with missing nodes", () => {
    expect(update(NOTHING, mesh(["a"], [0, 7])).links).toEqual([]);
});

it("continues with the same forces after an answer without changes", () => {
    const before = update(NOTHING, mesh(["a", "b", "c"], [0, 1], [1, 2]));
    const forces = simulate(before).tick(300);
    const width = () => Math.abs((placeOf(before, "a")[0] ?? NaN) - (placeOf(before, "c")[0] ?? NaN));
    const settled = width();
    const after = update(before, mesh(["a", "b", "c"], [0, 1], [1, 2]));
    forces.alpha(0.5).tick(300);
    expect(width() / settled).toBeCloseTo(1, 1);
    expect(after.nodes.map(({ x }) => x)).toEqual(before.nodes.map(({ x }) => x));
});
