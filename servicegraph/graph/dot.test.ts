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

it("the strict reader refuses a name that breaks out", () => {
    expect(() => parseDot('digraph "g" {\n"a" [label=""];evil [label=""];\n}\n')).toThrow();
    expect(() => parseDot('digraph "g" {\n"a" [label="\\q"];\n}\n')).toThrow("no escape");
});
