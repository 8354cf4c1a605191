import type { Mesh } from "../graph/mesh";
import { type Bodies, simulate, update } from "./simulation";

const node = (app: string, namespace = "default") => ({ name: `${app} (${app})`, app, workload: app, namespace });
const edge = (source: number, target: number) => ({ source, target, requestsPerSecond: 1, mutualTls: undefined });
const mesh = (apps: string[], ...edges: [number, number][]): Mesh => ({
    nodes: apps.map((app) => node(app)),
    edges: edges.map(([source, target]) => edge(source, target)),
});

const NOTHING: Bodies = { bodies: [], bonds: [] };

/** Lets the forces come to rest. */
function settle(content: Bodies): Bodies {
    simulate(content).tick(300);
    return content;
}

const placeOf = ({ bodies }: Bodies, app: string) => {
    const { x, y } = bodies.find(({ node }) => node.app === app) ?? {};
    return [x, y];
};

it("gives every workload a place, callers on the left, none upon another", () => {
    const content = settle(update(NOTHING, mesh(["a", "b", "c", "d"], [0, 1], [0, 2], [1, 3], [2, 3], [3, 3])));
    const x = Object.fromEntries(content.bodies.map(({ node, x = NaN }) => [node.app, x]));
    expect(x.a).toBeLessThan(x.b ?? NaN);
    expect(x.b).toBeLessThan(x.d ?? NaN);
    const apart = content.bodies.flatMap((one, index) =>
        content.bodies
            .slice(index + 1)
            .map((other) => Math.hypot((one.x ?? 0) - (other.x ?? 0), (one.y ?? 0) - (other.y ?? 0))),
    );
    expect(Math.min(...apart)).toBeGreaterThan(80);
});

it("keeps the places of known workloads, where they were dragged to as well", () => {
    const before = settle(update(NOTHING, mesh(["a", "b", "c"], [0, 1], [1, 2])));
    const [dragged] = before.bodies;
    Object.assign(dragged ?? {}, { x: 5, y: 6, fx: 5, fy: 6 });
    // In another order, without c, and with somebody new.
    const after = update(before, mesh(["b", "new", "a"], [2, 0], [0, 1]));
    expect(after.changed).toBe(true);
    expect(placeOf(after, "a")).toEqual([5, 6]);
    expect(placeOf(after, "b")).toEqual(placeOf(before, "b"));
    expect(after.bodies.find(({ node }) => node.app === "a")).toMatchObject({ fx: 5, fy: 6 });
    expect(Math.abs((placeOf(after, "new")[0] ?? NaN) - (placeOf(after, "b")[0] ?? NaN))).toBeLessThan(200);
});

it("sees no change where the figures alone are others", () => {
    const before = settle(update(NOTHING, mesh(["a", "b"], [0, 1])));
    const same = mesh(["a", "b"], [0, 1]);
    expect(update(before, { ...same, edges: [{ ...edge(0, 1), requestsPerSecond: 7 }] })).toMatchObject({
        changed: false,
        bonds: [{ edge: { requestsPerSecond: 7 } }],
    });
    expect(update(before, mesh(["a", "b"], [1, 0])).changed).toBe(true);
    expect(update(before, mesh(["a"])).changed).toBe(true);
});

it("tells workloads of the same name in different namespaces apart", () => {
    const { bodies } = update(NOTHING, { nodes: [node("a"), node("a", "other")], edges: [] });
    expect(new Set(bodies.map(({ key }) => key)).size).toBe(2);
});

it("knows traffic that goes both ways from a workload's calls to itself", () => {
    const { bonds } = update(NOTHING, mesh(["a", "b"], [0, 1], [1, 0], [0, 0]));
    expect(bonds.map(({ mutual }) => mutual)).toEqual([true, true, false]);
});

it("ignores an edge whose nodes are not there", () => {
    expect(update(NOTHING, mesh(["a"], [0, 7])).bonds).toEqual([]);
});

it("goes on with the same forces after an answer that changes nothing", () => {
    const before = update(NOTHING, mesh(["a", "b", "c"], [0, 1], [1, 2]));
    const forces = simulate(before).tick(300);
    const width = () => Math.abs((placeOf(before, "a")[0] ?? NaN) - (placeOf(before, "c")[0] ?? NaN));
    const settled = width();
    const after = update(before, mesh(["a", "b", "c"], [0, 1], [1, 2]));
    forces.alpha(0.5).tick(300);
    expect(width() / settled).toBeCloseTo(1, 1);
    expect(after.bodies.map(({ x }) => x)).toEqual(before.bodies.map(({ x }) => x));
});
