import fc from "fast-check";
import { largeMesh } from "../testing/largeMesh";
import { at, type Box, type Point } from "./geometry";
import { layOut } from "./layout";
import type { Layout, LayoutNode } from "./types";
import type { Connection } from "./columns";

interface Graph {
    nodes: LayoutNode[];
    links: Connection[];
}

/** Any graph: nodes of several sizes with or without clusters, and all kinds of links, some with labels. */
const anyGraph: fc.Arbitrary<Graph> = fc
    .array(
        fc.record({
            cluster: fc.constantFrom("", "a", "b", "c", "__proto__"),
            width: fc.integer({ min: 100, max: 220 }),
            height: fc.constant(46),
            above: fc.option(fc.constant({ width: 160, height: 50 }), { nil: undefined }),
        }),
        { minLength: 1, maxLength: 24 },
    )
    .chain((nodes) =>
        fc.record({
            nodes: fc.constant(nodes),
            links: fc.uniqueArray(
                fc.record({
                    source: fc.integer({ min: 0, max: nodes.length - 1 }),
                    target: fc.integer({ min: 0, max: nodes.length - 1 }),
                    label: fc.option(fc.constant({ width: 120, height: 36 }), { nil: undefined }),
                }),
                { maxLength: 50, selector: ({ source, target }) => `${source} ${target}` },
            ),
        }),
    );

/** The properties check the same graphs, which are others in each run. A graph is laid out once for all of them. */
const SAME = { seed: Date.now() };
const layouts = new Map<string, Layout>();
function layoutOf(graph: Graph): Layout {
    const key = JSON.stringify(graph);
    const layout = layouts.get(key) ?? layOut(graph.nodes, graph.links);
    layouts.set(key, layout);
    return layout;
}

const half = 0.5;
const edgesOf = ({ x, y, width, height }: Box) => ({
    left: x - width / 2,
    right: x + width / 2,
    top: y - height / 2,
    bottom: y + height / 2,
});

function overlap(one: Box, other: Box): boolean {
    const [a, b] = [edgesOf(one), edgesOf(other)];
    return a.left < b.right - half && b.left < a.right - half && a.top < b.bottom - half && b.top < a.bottom - half;
}

function contains(outer: Box, inner: Box): boolean {
    const [a, b] = [edgesOf(outer), edgesOf(inner)];
    return a.left <= b.left && a.right >= b.right && a.top <= b.top && a.bottom >= b.bottom;
}

function pairs<T>(list: T[]): [T, T][] {
    return list.flatMap((one, index) => list.slice(index + 1).map((other): [T, T] => [one, other]));
}

const boxesOf = ({ nodes }: Graph, layout: Layout): Box[] =>
    nodes.map(({ width, height }, index) => ({ ...at(layout.nodes, index), width, height }));

function expectNoOverlaps(graph: Graph, layout: Layout): void {
    const boxes = boxesOf(graph, layout);
    expect(pairs(boxes).filter(([a, b]) => overlap(a, b))).toEqual([]);
    expect(pairs(layout.clusters).filter(([a, b]) => overlap(a, b))).toEqual([]);
    for (const cluster of layout.clusters) {
        // A node is in its own frame and in no other.
        const isRight = (box: Box, index: number) =>
            at(graph.nodes, index).cluster === cluster.name ? contains(cluster, box) : !overlap(cluster, box);
        expect(boxes.every(isRight)).toBe(true);
    }
    const drawing = { x: layout.width / 2, y: layout.height / 2, width: layout.width + 1, height: layout.height + 1 };
    expect([...boxes, ...layout.clusters].every((box) => contains(drawing, box))).toBe(true);
}

/** Points on the curve between two points of a route. */
function curve(from: Point, to: Point): Point[] {
    return [0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95].map((part) => {
        const rest = 1 - part;
        const middle = (from.x + to.x) / 2;
        const blend = (a: number, b: number, c: number, d: number) =>
            rest ** 3 * a + 3 * rest ** 2 * part * b + 3 * rest * part ** 2 * c + part ** 3 * d;
        return { x: blend(from.x, middle, middle, to.x), y: blend(from.y, from.y, to.y, to.y) };
    });
}

it("has no overlapping nodes or frames, and every node in its frame", () => {
    fc.assert(
        fc.property(anyGraph, (graph) => {
            expectNoOverlaps(graph, layoutOf(graph));
        }),
        SAME,
    );
});

it("ends every link at its nodes, and routes none under a node or the label of another link", () => {
    fc.assert(
        fc.property(anyGraph, (graph) => {
            const layout = layoutOf(graph);
            const boxes = boxesOf(graph, layout);
            const labels = graph.links.flatMap(({ label }, index): [number, Box][] => {
                const place = layout.routes[index]?.label;
                return label && place ? [[index, { ...place, ...label }]] : [];
            });
            expect(pairs(labels).filter(([[, a], [, b]]) => overlap(a, b))).toEqual([]);

            // One assertion for all links, because jest takes longer for an assertion than layOut for a link.
            const routes = graph.links.map((link, index) => ({ ...link, index, route: layout.routes[index] }));
            expect(routes.filter(({ source, target, route }) => source === target && route)).toEqual([]);
            const drawn = routes.filter(({ source, target }) => source !== target);
            const ends = drawn.flatMap(({ source, target, route }) => [
                { end: route?.points[0], side: edgesOf(at(boxes, source)) },
                { end: route?.points.at(-1), side: edgesOf(at(boxes, target)) },
            ]);
            const distance = (x: number, { left, right }: ReturnType<typeof edgesOf>) =>
                Math.min(Math.abs(x - left), Math.abs(x - right));
            expect(ends.filter(({ end, side }) => !(end && distance(end.x, side) < half))).toEqual([]);
            expect(ends.filter(({ end, side }) => !(end && end.y > side.top))).toEqual([]);
            expect(ends.filter(({ end, side }) => !(end && end.y < side.bottom))).toEqual([]);
            expect(drawn.filter(({ label, route }) => Boolean(route?.label) !== Boolean(label))).toEqual([]);
            const spots = drawn.flatMap(({ index, route }) => {
                const points = route?.points ?? [];
                return points
                    .slice(1)
                    .flatMap((to, index) => curve(at(points, index), to))
                    .map((point) => ({ index, box: { ...point, width: 0, height: 0 } }));
            });
            const inner = boxes.map((box) => ({ ...box, width: box.width - 2 }));
            expect(spots.filter((spot) => inner.some((box) => overlap(box, spot.box)))).toEqual([]);
            expect(
                spots.filter((spot) => labels.some(([other, box]) => other !== spot.index && overlap(box, spot.box))),
            ).toEqual([]);
        }),
        SAME,
    );
});

it("keeps the space above a node free of nodes and labels", () => {
    fc.assert(
        fc.property(anyGraph, (graph) => {
            const layout = layoutOf(graph);
            const boxes = boxesOf(graph, layout);
            const labels = graph.links.flatMap(({ label }, index): Box[] => {
                const place = layout.routes[index]?.label;
                return label && place ? [{ ...place, ...label }] : [];
            });
            const rooms = graph.nodes.flatMap(({ height, above }, index): Box[] => {
                const { x, y } = at(boxes, index);
                return above ? [{ x, y: y - height / 2 - above.height / 2, ...above }] : [];
            });
            expect(rooms.filter((room) => [...boxes, ...labels].some((box) => overlap(room, box)))).toEqual([]);
            const drawing = {
                x: layout.width / 2,
                y: layout.height / 2,
                width: layout.width + 1,
                height: layout.height + 1,
            };
            expect(rooms.filter((room) => !contains(drawing, room))).toEqual([]);
        }),
        SAME,
    );
});

it("sorts links at the side of a frame by their targets", () => {
    const nodes = ["a", "b", "c", "b", "c"].map((cluster) => ({ cluster, width: 100, height: 46 }));
    const { routes } = layOut(
        nodes,
        [1, 2, 3, 4].map((target) => ({ source: 0, target })),
    );
    const ends = routes
        .map((route) => [route?.points[0]?.y ?? NaN, route?.points.at(-1)?.y ?? NaN])
        .sort(([a = 0], [b = 0]) => a - b)
        .map(([, end]) => end ?? NaN);
    expect(ends).toEqual([...ends].sort((a, b) => a - b));
});

it("is the same every time", () => {
    fc.assert(
        fc.property(anyGraph, (graph) => {
            expect(layOut(structuredClone(graph.nodes), structuredClone(graph.links))).toEqual(layoutOf(graph));
        }),
        SAME,
    );
});

it("goes from left to right if calls have no cycle", () => {
    const nodes = Array.from({ length: 6 }, () => ({ cluster: "a", width: 100, height: 46 }));
    const links = [
        [0, 1],
        [0, 2],
        [2, 3],
        [1, 4],
        [3, 5],
        [0, 5],
    ].map(([source = 0, target = 0]) => ({ source, target }));
    const { nodes: places } = layOut(nodes, links);
    for (const { source, target } of links) {
        expect(at(places, source).x).toBeLessThan(at(places, target).x);
    }
});

it("reverses only one link of a cycle", () => {
    const nodes = Array.from({ length: 7 }, () => ({ cluster: "a", width: 100, height: 46 }));
    const links = nodes.map((_, index) => ({ source: index, target: (index + 1) % nodes.length }));
    const { nodes: places } = layOut(nodes, links);
    expect(links.filter(({ source, target }) => at(places, source).x > at(places, target).x)).toHaveLength(1);
});

it("has no crossings in a tree", () => {
    const nodes = Array.from({ length: 40 }, () => ({ cluster: "", width: 100, height: 46 }));
    const links = nodes.slice(1).map((_, index) => ({ source: Math.floor(index / 3), target: index + 1 }));
    const { nodes: places } = layOut(nodes, links);
    const crossing = pairs(links).filter(
        ([a, b]) =>
            at(places, a.source).x === at(places, b.source).x &&
            at(places, a.target).x === at(places, b.target).x &&
            (at(places, a.source).y - at(places, b.source).y) * (at(places, a.target).y - at(places, b.target).y) < 0,
    );
    expect(crossing).toEqual([]);
});

it.each([
    ["many links", 300, 3000],
    ["many nodes", 1200, 1200],
])("has no overlaps in an overview with %s", (_, services, edges) => {
    const mesh = largeMesh(services, edges);
    const names = [...new Set(mesh.flatMap(({ from, to }) => [from.app, to.app]))];
    const graph = {
        nodes: names.map((name, index) => ({
            cluster: index % 9 === 0 ? "" : `n${name.length}`,
            width: 150,
            height: 46,
        })),
        links: mesh.map(({ from, to }) => ({ source: names.indexOf(from.app), target: names.indexOf(to.app) })),
    };
    const layout = layOut(graph.nodes, graph.links);
    expect(layout.dense).toBe(true);
    const places = new Set(layout.nodes.map(({ x, y }) => `${x} ${y}`));
    expect(places.size).toBe(graph.nodes.length);
    expectNoOverlaps({ ...graph, nodes: graph.nodes.slice(0, 300) }, layout);
});

it("accepts an empty graph", () => {
    expect(layOut([], [])).toMatchObject({ nodes: [], clusters: [], routes: [] });
});

it("makes an overview of a deep graph whose links span many columns", () => {
    const nodes = Array.from({ length: 300 }, () => ({ cluster: "", width: 120, height: 46 }));
    const chain = nodes.slice(1).map((_, index) => ({ source: index, target: index + 1 }));
    const long = nodes.slice(2).map((_, index) => ({ source: 0, target: index + 2 }));
    expect(layOut(nodes, [...chain, ...long]).dense).toBe(true);
    expect(layOut(nodes, chain).dense).toBe(false);
});
