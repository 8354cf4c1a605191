import fc from "fast-check";
import { anyName } from "../testing/names";
import { type MeshAnswer, meshJson, readMeshJson } from "./meshJson";

const node = { name: "a (a)", app: "a", workload: "a", namespace: "n" };
const answer = (requestsPerSecond: number) => ({
    nodes: [node],
    edges: [{ source: 0, target: 0, requestsPerSecond, mutualTls: undefined }],
    missing: [],
});

const written = (answer: MeshAnswer) => [...meshJson(answer)].join("");

it.each([
    [NaN, '"NaN"'],
    [Infinity, '"+Inf"'],
    [-Infinity, '"-Inf"'],
    [0, "0"],
    [-1.5, "-1.5"],
])("writes %d requests a second as %s", (figure, text) => {
    expect(written(answer(figure))).toContain(`"requestsPerSecond":${text}`);
});

it("reads what it wrote, with any names and figures", () => {
    const figure = fc.option(
        fc.double().map((number) => (Object.is(number, -0) ? 0 : number)),
        { nil: undefined },
    );
    const anyEdge = fc.record({
        source: fc.nat(),
        target: fc.nat(),
        requestsPerSecond: figure,
        bytesPerSecond: figure,
        errorRatio: fc.constant(0.5),
        mutualTls: fc.constantFrom("all" as const, undefined),
    });
    fc.assert(
        fc.property(fc.array(anyEdge), anyName, (edges, name) => {
            const mesh = { nodes: [{ ...node, name }], edges, missing: [name] };
            expect(readMeshJson(written(mesh))).toEqual(mesh);
            expect(written(mesh)).not.toMatch(/PerSecond":null/);
        }),
    );
});
