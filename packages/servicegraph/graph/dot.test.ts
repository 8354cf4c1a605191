import fc from "fast-check";
import { parseDot } from "../testing/dot";
import { anyName } from "../testing/names";
import { wellFormed } from "../text/wellFormed";
import { dotGraph } from "./dot";
import { type ServiceEdge, serviceGraph, type ServiceGraph } from "./serviceGraph";

const written = (graph: ServiceGraph) => [...dotGraph(graph)].join("");

const anyEdge: fc.Arbitrary<ServiceEdge> = fc.record({
    source: anyName,
    target: anyName,
    label: fc.constantFrom("reqs/sec", "bytes/sec"),
    value: fc.double(),
});

it("is valid DOT with the same names and edges, with any names", () => {
    fc.assert(
        fc.property(fc.array(anyEdge, { maxLength: 8 }), fc.array(anyName, { maxLength: 4 }), (edges, added) => {
            const graph = serviceGraph(edges, [], added);
            const dot = parseDot(written(graph));
            expect(dot.nodes.map(({ label }) => label)).toEqual(graph.nodes.map(wellFormed));

            const ids = dot.nodes.map(({ id }) => id);
            expect(new Set(ids).size).toBe(ids.length);
            const idOf = (name: string) => ids[graph.nodes.indexOf(name)];
            expect(dot.edges.map(({ source, target }) => [source, target])).toEqual(
                edges.map(({ source, target }) => [idOf(source), idOf(target)]),
            );
        }),
    );
});

// A linear search for each id would exceed the time limit of the test.
it("distinguishes many names that differ only in dots, slashes and spaces", () => {
    // 14 characters, each one of three that become `_`: 10,000 names for one id.
    const name = (index: number) =>
        index
            .toString(3)
            .padStart(14, "0")
            .replace(/\d/g, (digit) => "./ "[Number(digit)] ?? "");
    const names = Array.from({ length: 10_000 }, (_, index) => name(index));
    const ids = parseDot(written(serviceGraph([], [], names))).nodes.map(({ id }) => id);
    const plain = "_".repeat(14);
    expect(ids).toEqual([plain, ...Array.from({ length: 9999 }, (_, index) => `${plain}_${index + 2}`)]);
});

it("gives different ids to names that end with numbers", () => {
    const ids = parseDot(written(serviceGraph([], [], ["a b", "a.b", "a_b_2", "a_b_3", "a/b"]))).nodes;
    expect(ids.map(({ id, label }) => [label, id])).toEqual([
        ["a b", "a_b"],
        ["a.b", "a_b_2"],
        ["a/b", "a_b_3"],
        ["a_b_2", "a_b_2_2"],
        ["a_b_3", "a_b_3_2"],
    ]);
});

it("gives different ids to names that differ only in lone surrogates", () => {
    const ids = parseDot(written(serviceGraph([], [], ["\ud800", "\ud801"]))).nodes.map(({ id }) => id);
    expect(ids).toEqual(["\ufffd", "\ufffd_2"]);
});

it("this test detects a name that ends its string", () => {
    expect(() => parseDot('digraph "g" {\n"a" [label=""];evil [label=""];\n}\n')).toThrow();
    expect(() => parseDot('digraph "g" {\n"a" [label="\\q"];\n}\n')).toThrow("no escape");
});
