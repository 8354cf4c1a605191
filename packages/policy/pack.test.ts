import type { ResourceValidationArgs, StackValidationArgs } from "@pulumi/policy";
import { policyOf, stackPolicyOf } from "./pack";
import { at, items, type Rule, UNKNOWN } from "./rule";

/** Inputs as the SDK passes them in a preview: reading an unknown one throws. */
function preview<T extends object>(inputs: T, unknown: string): T {
    const get = (target: T, key: string | symbol): unknown => {
        if (key === unknown) {
            throw new Error(`string value at .${unknown} can't be known during preview`);
        }
        const value: unknown = Reflect.get(target, key);
        return typeof value === "object" && value !== null ? preview(value, unknown) : value;
    };
    return new Proxy(inputs, { get });
}

/** What a rule reports for a resource, by the SDK's interface. */
function reportsOf(rule: Rule, props: object, config = {}): string[] {
    const reports: string[] = [];
    const { validateResource } = policyOf(rule);
    const args = { type: "t", name: "n", props, getConfig: () => config } as unknown as ResourceValidationArgs;
    for (const validate of [validateResource ?? []].flat()) {
        void validate(args, (message) => reports.push(message));
    }
    return reports;
}

const rule: Rule = {
    name: "echo",
    description: "Reports what it sees.",
    level: "advisory",
    settings: { keys: { description: "Paths to look at.", default: ["a"] } },
    violations: ({ inputs }, { keys = [] }) => keys.map((key) => `${key}=${String(at(inputs, key))}`),
};

describe("a rule in the pack", () => {
    it("keeps its name, description, level and settings", () => {
        expect(policyOf(rule)).toMatchObject({
            name: "echo",
            description: "Reports what it sees.",
            enforcementLevel: "advisory",
            configSchema: { properties: { keys: { type: "array", items: { type: "string" }, default: ["a"] } } },
        });
    });

    it("reports each violation, with the settings of the stack or the defaults", () => {
        expect(reportsOf(rule, { a: 1, b: { c: 2 } })).toEqual(["a=1"]);
        expect(reportsOf(rule, { a: 1, b: { c: 2 } }, { keys: ["b.c", "d"] })).toEqual(["b.c=2", "d=undefined"]);
    });

    it("continues if a preview does not know a value", () => {
        const props = preview({ a: { b: "" }, list: [{ b: "", c: 3 }] }, "b");
        expect(reportsOf(rule, props, { keys: ["a.b", "list.0.c"] })).toEqual(["a.b=Symbol(unknown)", "list.0.c=3"]);
    });
});

test("a rule for a stack reports a violation at the resource that it is about, also if a value is unknown", () => {
    const { validateStack } = stackPolicyOf({
        ...{ name: "last", description: "Reports the last resource.", level: "mandatory" },
        violations: (resources) => resources.slice(-1).map((of) => ({ of, message: String(at(of.inputs, "a.b")) })),
    });
    const resources = ["u1", "u2"].map((urn) => ({ type: "t", name: "n", urn, props: preview({ a: { b: "" } }, "b") }));
    const report = jest.fn();
    void validateStack({ resources } as unknown as StackValidationArgs, report);
    expect(report.mock.calls).toEqual([["Symbol(unknown)", "u2"]]);
});

describe("inputs", () => {
    it("are unknown below an unknown value, and undefined below a missing one", () => {
        expect(at({ a: UNKNOWN }, "a.b.c")).toBe(UNKNOWN);
        expect(at({ a: null }, "a.b.c")).toBeUndefined();
        expect(items({ a: UNKNOWN }, "a")).toEqual([]);
    });
});
