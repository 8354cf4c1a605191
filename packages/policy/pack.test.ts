import type { ResourceValidationArgs } from "@pulumi/policy";
import { policyOf } from "./pack";
import { at, items, type Rule, UNKNOWN } from "./rule";

/** Inputs as the SDK hands them out in a preview: to read an unknown one is an error. */
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

/** What a rule reports of a resource, through the SDK's eyes. */
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
    description: "Says what it sees.",
    level: "advisory",
    settings: { keys: { description: "What to look at.", default: ["a"] } },
    violations: ({ inputs }, { keys = [] }) => keys.map((key) => `${key}=${String(at(inputs, key))}`),
};

describe("a rule in the pack", () => {
    it("keeps its name, description, level and settings", () => {
        expect(policyOf(rule)).toMatchObject({
            name: "echo",
            description: "Says what it sees.",
            enforcementLevel: "advisory",
            configSchema: { properties: { keys: { type: "array", items: { type: "string" }, default: ["a"] } } },
        });
    });

    it("reports each violation, with the settings of the stack or the defaults", () => {
        expect(reportsOf(rule, { a: 1, b: { c: 2 } })).toEqual(["a=1"]);
        expect(reportsOf(rule, { a: 1, b: { c: 2 } }, { keys: ["b.c", "d"] })).toEqual(["b.c=2", "d=undefined"]);
    });

    it("goes on where a preview does not know a value", () => {
        const props = preview({ a: { b: "" }, list: [{ b: "", c: 3 }] }, "b");
        expect(reportsOf(rule, props, { keys: ["a.b", "list.0.c"] })).toEqual(["a.b=Symbol(unknown)", "list.0.c=3"]);
    });
});

describe("inputs", () => {
    it("are unknown below what is unknown, and undefined below what is not there", () => {
        expect(at({ a: UNKNOWN }, "a.b.c")).toBe(UNKNOWN);
        expect(at({ a: null }, "a.b.c")).toBeUndefined();
        expect(items({ a: UNKNOWN }, "a")).toEqual([]);
    });
});
