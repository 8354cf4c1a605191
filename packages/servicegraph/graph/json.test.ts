import fc from "fast-check";
import { anyName } from "../testing/names";
import { wellFormed } from "../text/wellFormed";
import { d3Json, graphJson } from "./json";
import { type ServiceEdge, serviceGraph } from "./serviceGraph";

const anyEdges = fc.array(
    fc.record<ServiceEdge>({
        source: anyName,
        target: anyName,
        label: fc.constantFrom("reqs/sec", "bytes/sec"),
        value: fc.double(),
    }),
    { maxLength: 8 },
);

/** The names in the order in which they are written: JSON.parse would move "1" to the front. */
function keysOf(json: string): string[] {
    const members = json.slice('{"nodes":{'.length, json.lastIndexOf('},"edges":['));
    return [...members.matchAll(/("(?:[^"\\]|\\.)*"):\{\}/g)].map(([, key]) => JSON.parse(key ?? "") as string);
}

it("gives the same names back, whatever they are, in sorted order, and nothing that could end a script", () => {
    fc.assert(
        fc.property(anyEdges, fc.array(anyName, { maxLength: 4 }), (edges, added) => {
            const graph = serviceGraph(edges, [], added);
            const names = graph.nodes.map(wellFormed);
            expect(keysOf(graphJson(graph))).toEqual(names);

            const d3 = JSON.parse(d3Json(graph)) as {
                nodes: { name: string }[];
                links: { source: number; target: number }[];
            };
            expect(d3.nodes.map(({ name }) => name)).toEqual(names);
            expect(d3.links.map(({ source, target }) => [names[source], names[target]])).toEqual(
                edges.map(({ source, target }) => [wellFormed(source), wellFormed(target)]),
            );
            expect(graphJson(graph) + d3Json(graph)).not.toMatch(/[<>&\u2028\u2029]/);
        }),
    );
});
