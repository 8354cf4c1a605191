import fc from "fast-check";
import type { MeshEdge } from "../graph/mesh";
import { at } from "../layout/geometry";
import { drawMesh } from "./drawMesh";
import { HEALTH_ORDER } from "./facts";
import { factsIn, viewEdge, viewOf } from "./view";

const NAMESPACES = ["", "a", "b", "c", "unknown namespace"];

/** A mesh of 50 nodes, which is too large to be drawn one by one. */
const anyMesh = fc.record({
    nodes: fc
        .array(fc.constantFrom(...NAMESPACES), { minLength: 50, maxLength: 50 })
        .map((namespaces) =>
            namespaces.map((namespace, index) => ({ name: `n${index}`, app: `n${index}`, workload: "w", namespace })),
        ),
    edges: fc.uniqueArray(
        fc.record({
            source: fc.nat(49),
            target: fc.nat(49),
            requestsPerSecond: fc.constantFrom(undefined, 0, 1, NaN),
            errorRatio: fc.constantFrom(undefined, 0, 0.02, 0.5),
            refusedRatio: fc.constantFrom(undefined, 0.1),
            mutualTls: fc.constantFrom("all" as const, "none" as const, undefined),
        }),
        { maxLength: 120, selector: ({ source, target }) => source * 50 + target },
    ),
});

const drawn = (edges: readonly MeshEdge[]) => edges.map(viewEdge);

it("shows every namespace of a large mesh, the worst trouble between each two, and no more lines than can be followed", () => {
    fc.assert(
        fc.property(anyMesh, ({ nodes, edges }) => {
            const all = drawn(edges);
            const view = viewOf(nodes, all, undefined);
            expect(new Set(view.nodes.map(({ folded }) => folded))).toEqual(
                new Set(nodes.map(({ namespace }) => namespace)),
            );
            const namespaceOf = (index: number) => at(nodes, index).namespace;
            const worst = Math.max(...all.map(({ health }) => HEALTH_ORDER.indexOf(health)));
            const shown = view.edges.map(({ health }) => HEALTH_ORDER.indexOf(health));
            expect(Math.max(...shown)).toBe(worst);
            for (const edge of view.edges) {
                const [source, target] = [at(view.nodes, edge.source).folded, at(view.nodes, edge.target).folded];
                const members = all.filter(
                    (one) => namespaceOf(one.source) === source && namespaceOf(one.target) === target,
                );
                const health = Math.max(...members.map((one) => HEALTH_ORDER.indexOf(one.health)));
                expect(HEALTH_ORDER.indexOf(edge.health)).toBe(health);
            }
            const pairs = new Set(all.map(({ source, target }) => `${namespaceOf(source)} > ${namespaceOf(target)}`));
            expect(view.edges.length + view.omitted).toBe(pairs.size);
        }),
        { numRuns: 15 },
    );
});

it("shows the workloads of open namespaces, and only what they call or are called by", () => {
    fc.assert(
        fc.property(anyMesh, ({ nodes, edges }) => {
            const view = viewOf(nodes, drawn(edges), new Set(["a"]));
            const inA = nodes.filter(({ namespace }) => namespace === "a").map(({ name }) => name);
            expect(view.nodes.filter(({ folded }) => folded === undefined).map(({ name }) => name)).toEqual(inA);
            const ends = view.edges.flatMap(({ source, target }) => [[at(view.nodes, source), at(view.nodes, target)]]);
            expect(ends.filter((pair) => pair.every(({ folded }) => folded !== undefined))).toEqual([]);
        }),
        { numRuns: 15 },
    );
});

it("writes sums that hide no failing edge", () => {
    const nodes = Array.from({ length: 50 }, (_, index) => ({
        name: `n${index}`,
        app: `n${index}`,
        workload: "w",
        namespace: index < 25 ? "shop" : "bank",
    }));
    const calls = Array.from({ length: 25 }, (_, index) => ({
        source: index,
        target: 25 + index,
        requestsPerSecond: 2,
        errorRatio: index === 3 ? 0.5 : 0,
        p95Milliseconds: 10 + index,
        mutualTls: index === 7 ? ("none" as const) : ("all" as const),
    }));
    const view = viewOf(nodes, drawn(calls), undefined);
    expect(view.edges.map((edge) => [edge.health, factsIn(edge)])).toEqual([
        [
            "failing",
            {
                traffic: "25 edges, 50 req/s",
                errors: "1 failing",
                stopped: "",
                latency: "p95 34 ms",
                mutualTls: "mutual TLS in part",
                change: "",
            },
        ],
    ]);
    const svg = drawMesh(view, { open: (name) => `?open=${name}`, fold: () => undefined, id: () => undefined });
    expect(svg).toContain('<a href="?open=shop"><title>Open shop, 25 workloads</title>');
});

it("draws a small mesh as it is, and a large one if all namespaces are open", () => {
    const nodes = Array.from({ length: 50 }, (_, index) => ({
        name: `n${index}`,
        app: "a",
        workload: "w",
        namespace: "a",
    }));
    expect(viewOf(nodes.slice(0, 40), [], undefined)).toMatchObject({ folded: false, nodes: nodes.slice(0, 40) });
    expect(viewOf(nodes, [], "all")).toMatchObject({ folded: false, nodes });
    // A single namespace is open at once: one box would say nothing.
    expect(viewOf(nodes, [], undefined).nodes).toHaveLength(50);
});
