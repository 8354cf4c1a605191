import fc from "fast-check";
import type { DeclaredResource } from "../program/declaration";
import { orderResources } from "./order";

const STEP = "kubernetes:core/v1:ConfigMap";
const COMPONENT = "bookinfo-mesh:index:Part";

function resource(urn: string, part: Partial<DeclaredResource> = {}): DeclaredResource {
    const custom = (part.type ?? STEP) !== COMPONENT;
    return {
        urn,
        type: STEP,
        name: urn,
        custom,
        read: false,
        dependencies: [],
        inputs: {},
        secrets: [],
        ignoreChanges: [],
        ...part,
    };
}

const isStep = ({ custom }: DeclaredResource) => custom;
const order = (resources: DeclaredResource[]) =>
    orderResources(resources, isStep).map(({ resource, needs }) => [resource.urn, needs] as const);

/** Resources whose dependencies and parents are all earlier ones. */
const graphs = fc.array(
    fc.record({ step: fc.boolean(), needs: fc.array(fc.nat(), { maxLength: 3 }), parent: fc.nat() }),
    {
        maxLength: 25,
    },
);

function declared(graph: { step: boolean; needs: number[]; parent: number }[]): DeclaredResource[] {
    return graph.map(({ step, needs, parent }, index) =>
        resource(`r${index}`, {
            type: step ? STEP : COMPONENT,
            dependencies: index === 0 ? [] : needs.map((need) => `r${need % index}`),
            parent: index === 0 ? undefined : `r${parent % index}`,
        }),
    );
}

describe("the order of steps", () => {
    it("puts every step after the steps that it needs, and has all of them", () => {
        fc.assert(
            fc.property(graphs, (graph) => {
                const resources = declared(graph);
                const ordered = order(resources);
                expect(ordered.map(([urn]) => urn).sort()).toEqual(
                    resources
                        .filter(isStep)
                        .map(({ urn }) => urn)
                        .sort(),
                );
                ordered.forEach(([, needs], index) => {
                    const before = ordered.slice(0, index).map(([urn]) => urn);
                    expect(before).toEqual(expect.arrayContaining(needs));
                });
            }),
        );
    });

    it("does not depend on the order of registration", () => {
        fc.assert(
            fc.property(graphs, fc.infiniteStream(fc.nat()), (graph, random) => {
                const resources = declared(graph);
                const key = new Map(resources.map(({ urn }) => [urn, random.next().value as number]));
                const shuffled = [...resources].sort((a, b) => (key.get(a.urn) ?? 0) - (key.get(b.urn) ?? 0));
                expect(order(shuffled)).toEqual(order(resources));
            }),
        );
    });

    it("passes on the dependencies of components and reads", () => {
        const resources = [
            resource("label"),
            resource("app", { type: COMPONENT, dependencies: ["label"] }),
            resource("workload", { parent: "app" }),
        ];
        expect(order(resources)).toEqual([
            ["label", []],
            ["workload", ["label"]],
        ]);
    });

    it("omits needs that another need implies", () => {
        const resources = [
            resource("a"),
            resource("b", { dependencies: ["a"] }),
            resource("c", { dependencies: ["a", "b"] }),
        ];
        expect(order(resources).at(-1)).toEqual(["c", ["b"]]);
    });

    it("puts accounts before deployments, which use them without a dependency", () => {
        const resources = [
            resource("z", { type: "kubernetes:apps/v1:Deployment" }),
            resource("y", { type: "kubernetes:core/v1:Service" }),
            resource("x", { type: "kubernetes:core/v1:ServiceAccount" }),
        ];
        expect(order(resources).map(([urn]) => urn)).toEqual(["x", "y", "z"]);
    });

    it("refuses a cycle", () => {
        const resources = [resource("a", { dependencies: ["b"] }), resource("b", { dependencies: ["a"] })];
        expect(() => order(resources)).toThrow("a -> b are a cycle");
    });
});
