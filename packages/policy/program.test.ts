import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { RELEASES } from "../../components/names";
import { CLUSTER, onGoogle, type Registration, runProgram, type StackFile } from "../../tests/unit/program";
import { defaults } from "./pack";
import { UNKNOWN } from "./rule";
import { rules, stackRules } from "./rules";
import { loadBalancers } from "./rules/loadBalancers";

// Marks of a secret and of an unknown value in requests to the engine (@pulumi/pulumi, runtime/rpc: specialSigKey, unknownValue).
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const UNKNOWN_VALUE = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Inputs as the engine passes them to a policy pack. */
function received(value: unknown): unknown {
    if (Array.isArray(value)) {
        return value.map(received);
    }
    if (typeof value !== "object" || value === null) {
        return value === UNKNOWN_VALUE ? UNKNOWN : value;
    }
    return SIGNATURE in value
        ? received((value as Record<string, unknown>).value)
        : Object.fromEntries(Object.entries(value).map(([key, item]) => [key, received(item)]));
}

function violations({ type, name, inputs }: Registration): string[] {
    return rules.flatMap((rule) =>
        rule
            .violations({ type, name, inputs: received(inputs) }, defaults(rule))
            .map((message) => `${rule.name}: ${type} ${name}: ${message}`),
    );
}

function stackViolations(resources: readonly Registration[]): string[] {
    const declared = resources.map(({ type, name, inputs }) => ({ type, name, inputs: received(inputs) }));
    return stackRules.flatMap((rule) =>
        rule.violations(declared).map(({ of: { type, name }, message }) => `${rule.name}: ${type} ${name}: ${message}`),
    );
}

/** The stack in the repository, with every add-on. */
function dev(): StackFile {
    const file = readFileSync(path.join(__dirname, "../../Pulumi.dev.yaml"), "utf8");
    const { config } = parse(file) as { config: Record<string, unknown> };
    const keys = Object.entries(config).map(([key, value]) => [key.replace("bookinfo-mesh:", ""), value]);
    return { ...(Object.fromEntries(keys) as StackFile), "gcp:project": "bookinfo-test" };
}

const RESERVED = { ingress: { staticIp: true }, authorizedNetworks: ["203.0.113.0/24"] };

describe.each<[string, StackFile]>([
    ["on an existing cluster", { cluster: CLUSTER }],
    ["as the stack dev", dev()],
    ["on Google Cloud, with an address and authorized networks", onGoogle(RESERVED)],
])("the program %s", (_, stackFile) => {
    it.each([
        ["previewed", true],
        ["deployed", false],
    ])("breaks no rule when it is %s", async (_, preview) => {
        const { resources } = await runProgram(stackFile, { preview });
        const addons = resources.filter(({ type }) => /^bookinfo-mesh:addons:(?!Addon$)/.test(type));
        expect(addons).toHaveLength(5);
        expect(resources.filter(({ read }) => !read).flatMap(violations)).toEqual([]);
        expect(stackViolations(resources)).toEqual([]);
    });
});

test("the only gateway that may have a load balancer is the program's", () => {
    expect(defaults(loadBalancers)).toEqual({ gateways: [RELEASES.gateway] });
});
