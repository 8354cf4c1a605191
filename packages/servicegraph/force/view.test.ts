import fc from "fast-check";
import type { MeshEdge } from "../graph/mesh";
import { partsOf, sumOf, viewOf } from "./view";

const node = (app: string, namespace: string) => ({ name: app, app, workload: app, namespace });
const edge = (source: number, target: number, figures: Partial<MeshEdge> = {}): MeshEdge => ({
    source,
    target,
    requestsPerSecond: 1,
    errorRatio: 0,
    mutualTls: "all",
    ...figures,
});

const nodes = [node("a", "one"), node("b", "one"), node("c", "two"), node("d", ""), node("e", "")];
const edges = [
    edge(0, 1),
    edge(0, 2, { requestsPerSecond: 3, errorRatio: 0.5, p95Milliseconds: 7, refusedRatio: 0.5 }),
    edge(1, 2, { requestsPerSecond: 1, errorRatio: 0.1, p95Milliseconds: 9, mutualTls: "none" }),
    edge(2, 3),
    edge(3, 9),
];

it("shows folded namespaces with the sums of their edges, and the worst health", () => {
    const { items, lines } = viewOf({ nodes, edges }, () => true);
    expect(items.map(({ workload, namespace, workloads }) => workload?.name ?? [namespace, workloads])).toEqual([
        ["one", 2],
        ["two", 1],
        "d",
        "e",
    ]);
    expect(lines.map((line) => [line.source.namespace, line.target.namespace, line.health, partsOf(line)])).toEqual([
        ["one", "two", "failing", "2 edges, 2 failing"],
        ["one", "one", "healthy", ""],
        ["two", "", "healthy", ""],
    ]);
    expect(lines[0]?.edge).toMatchObject({
        requestsPerSecond: 4,
        errorRatio: 0.4,
        refusedRatio: 0.375,
        p95Milliseconds: 9,
        mutualTls: "some",
    });
    expect(items[1]?.received.length).toBe(2);
});

it("shows the workloads of open namespaces, and ignores edges without nodes", () => {
    const { items, lines } = viewOf({ nodes, edges }, (namespace) => namespace === "two");
    expect(items.map(({ key }) => key)).toEqual([
        '["one","a","a"]',
        '["one","b","b"]',
        '["two"]',
        '["","d","d"]',
        '["","e","e"]',
    ]);
    expect(lines.length).toBe(4);
});

const figure = fc.oneof(
    fc.constant(undefined),
    fc.constantFrom(NaN, Infinity, 0),
    fc.double({ min: 0, max: 1e6, noNaN: true }),
);
const ratio = fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined });

it("adds any edges: rates are sums, and ratios stay between those of the edges", () => {
    const any = fc.record({ requestsPerSecond: figure, bytesPerSecond: figure, errorRatio: ratio, unsentRatio: ratio });
    fc.assert(
        fc.property(fc.array(any, { minLength: 1, maxLength: 6 }), (figures) => {
            const sum = sumOf(figures.map((one) => edge(0, 1, { ...one, mutualTls: undefined })));
            for (const name of ["errorRatio", "unsentRatio"] as const) {
                const known = figures.map((one) => one[name] ?? (name === "errorRatio" ? undefined : 0));
                const numbers = known.filter((one) => one !== undefined);
                const found = sum[name] ?? (numbers.length > 0 ? 0 : undefined);
                if (found !== undefined) {
                    expect(found).toBeGreaterThanOrEqual(Math.min(...numbers) - 1e-9);
                    expect(found).toBeLessThanOrEqual(Math.max(...numbers) + 1e-9);
                }
            }
            const rates = figures.flatMap(({ requestsPerSecond = [] }) => requestsPerSecond);
            expect(sum.requestsPerSecond).toEqual(rates.length > 0 ? rates.reduce((a, b) => a + b, 0) : undefined);
        }),
        { numRuns: 100 },
    );
});
