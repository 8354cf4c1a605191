import fc from "fast-check";
import { anyName } from "../testing/names";
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

it("has the same names and edges, with any names", () => {
    fc.assert(
        fc.property(anyEdges, fc.array(anyName, { maxLength: 4 }), (edges, added) => {
            const graph = serviceGraph(edges, [], added);
            const byName = JSON.parse([...graphJson(graph)].join("")) as { nodes: object; edges: ServiceEdge[] };
            expect(Object.keys(byName.nodes).sort()).toEqual(graph.nodes);
            expect(byName.edges.map(({ source, target }) => [source, target])).toEqual(
                edges.map(({ source, target }) => [source, target]),
            );

            const d3 = JSON.parse([...d3Json(graph)].join("")) as {
                nodes: { name: string }[];
                links: { source: number; target: number }[];
            };
            const names = d3.nodes.map(({ name }) => name);
            expect(names).toEqual(graph.nodes);
            expect(d3.links.map(({ source, target }) => [names[source], names[target]])).toEqual(
                edges.map(({ source, target }) => [source, target]),
            );
        }),
    );
});
