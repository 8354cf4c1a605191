import fc from "fast-check";
import { parseDot } from "../testing/dot";
import { anyName } from "../testing/names";
import { wellFormed } from "../text/wellFormed";
import { dotGraph } from "./dot";
import { type ServiceEdge, serviceGraph } from "./serviceGraph";

const anyEdge: fc.Arbitrary<ServiceEdge> = fc.record({
    source: anyName,
    target: anyName,
    label: fc.constantFrom("reqs/sec", "bytes/sec"),
    value: fc.double(),
});

it("is DOT that a strict reader takes, with the same names and edges, whatever the names are", () => {
    fc.assert(
        fc.property(fc.array(anyEdge, { maxLength: 8 }), fc.array(anyName, { maxLength: 4 }), (edges, added) => {
            const graph = serviceGraph(edges, [], added);
            const dot = parseDot(dotGraph(graph));
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

// Looked for one by one, ids would take longer than a test may.
it("tells many names apart that differ in dots, slashes and spaces alone", () => {
    // 14 characters, each of which may be one of three and becomes the same: 10,000 names for one id.
    const name = (index: number) =>
        index
            .toString(3)
            .padStart(14, "0")
            .replace(/\d/g, (digit) => "./ "[Number(digit)] ?? "");
    const names = Array.from({ length: 10_000 }, (_, index) => name(index));
    const ids = parseDot(dotGraph(serviceGraph([], [], names))).nodes.map(({ id }) => id);
    const plain = "_".repeat(14);
    expect(ids).toEqual([plain, ...Array.from({ length: 9999 }, (_, index) => `${plain}_${index + 2}`)]);
});

it("gives no id twice where names have numbers already", () => {
    const ids = parseDot(dotGraph(serviceGraph([], [], ["a b", "a.b", "a_b_2", "a_b_3", "a/b"]))).nodes;
    expect(ids.map(({ id, label }) => [label, id])).toEqual([
        ["a b", "a_b"],
        ["a.b", "a_b_2"],
        ["a/b", "a_b_3"],
        ["a_b_2", "a_b_2_2"],
        ["a_b_3", "a_b_3_2"],
    ]);
});

it("gives no id twice where names differ in what cannot be written alone", () => {
    const ids = parseDot(dotGraph(serviceGraph([], [], ["\ud800", "\ud801"]))).nodes.map(({ id }) => id);
    expect(ids).toEqual(["\ufffd", "\ufffd_2"]);
});

it("the strict reader refuses a name that breaks out", () => {
    expect(() => parseDot('digraph "g" {\n"a" [label=""];evil [label=""];\n}\n')).toThrow();
    expect(() => parseDot('digraph "g" {\n"a" [label="\\q"];\n}\n')).toThrow("no escape");
});
