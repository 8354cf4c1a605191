import * as fc from "fast-check";
import { telemetrySpec } from "../../components/istio/telemetry";
import { parseConfig } from "../../config";
import { faultOfCel } from "../../config/cel";
import type { Files } from "../../config/files";
import { issueLines } from "./issueLines";
import { CLUSTER, find, ofType, runProgram } from "./program";

const files: Files = {
    read: () => "clusters: [{name: c, cluster: {server: s}}]\ncontexts: [{name: here, context: {cluster: c}}]",
    exists: () => true,
    home: "/home/me",
};
const cluster = JSON.stringify({ kind: "kubeconfig", path: "~/config", context: "here" });
const parse = (accessLogs: unknown) => parseConfig({ cluster, istio: JSON.stringify({ accessLogs }) }, { files });
const issues = (accessLogs: unknown) => issueLines(() => parse(accessLogs));

const TRACING = { tracing: { enabled: true, sampling: 50 } };
const NO_TRACING = { tracing: { enabled: false, sampling: 50 } };

describe("the spec is that of Istio's task Envoy Access Logs", () => {
    const accessLogging = [{ providers: [{ name: "envoy" }] }];

    it("with a filter", () => {
        const filter = "response.code >= 400";
        expect(telemetrySpec({ ...NO_TRACING, accessLogs: { filter } })).toEqual({
            accessLogging: [{ ...accessLogging[0], filter: { expression: filter } }],
        });
    });

    it("beside traces, because istiod uses one Telemetry of a namespace", () => {
        const tracing = [{ providers: [{ name: "jaeger" }], randomSamplingPercentage: 50 }];
        expect(telemetrySpec({ ...TRACING, accessLogs: {} })).toEqual({ tracing, accessLogging });
        expect(telemetrySpec(TRACING)).toEqual({ tracing });
    });

    it("and there is none without both", () => {
        expect(telemetrySpec(NO_TRACING)).toBeUndefined();
    });
});

describe("what is wrong is said at once, before anything is touched:", () => {
    const filtered = (filter: unknown) => ({ enabled: true, filter });
    it.each<[string, unknown, RegExp]>([
        [
            "a filter without access logs",
            { filter: "response.code >= 400" },
            /filter = "response.code >= 400": it has no effect because istio.accessLogs.enabled is false; .* set --path istio.accessLogs.enabled true/,
        ],
        ["nothing", filtered(" "), /filter = " ": it is empty/],
        ["only a comment", filtered("// later"), /it is empty/],
        ["a bracket too few", filtered("has(response.code"), /not in pairs: a \) is missing/],
        ["a bracket too many", filtered("(response.code > 1))"), /not in pairs: there is a \) without a partner/],
        ["brackets across each other", filtered("(a[0)]"), /not in pairs: there is a \) without a partner/],
        ["a string without an end", filtered("request.method == 'GET"), /a string in it has no end/],
        ["an assignment", filtered("response.code = 500"), /CEL has == in place of =; allowed: CEL expression/],
        ["a single &", filtered("a & b"), /CEL has && in place of &/],
        ["a single |", filtered("a | b"), /CEL has \|\| in place of \|/],
        ["a number", filtered(400), /filter = 400: it is a number and not a string/],
        ["a misspelt key", { enable: true }, /did you mean istio.accessLogs.enabled/],
        ["no section", true, /accessLogs = true: it is a boolean and not an object/],
    ])("%s", (_, accessLogs, expected) => {
        const lines = issues(accessLogs);
        expect(lines).toEqual([expect.stringMatching(expected)]);
        expect(lines[0]).toMatch(/ Run: pulumi config /);
    });
});

describe("a CEL expression", () => {
    it.each([
        "response.code >= 400",
        "response.code != 200 && !(request.url_path == '/productpage')",
        "request.headers['x-a'] == \"it's (not) closed\" || true ? {'a': [1]}.size() <= 1 : false",
        String.raw`request.url_path.matches(r'^/api/\d+[(]\') && connection.mtls`,
        String.raw`a == "\"=" // & ( '`,
        `a == """two
            lines' (" """`,
    ])("%s is accepted", (expression) => {
        expect(faultOfCel(expression)).toBeUndefined();
        expect(issues({ enabled: true, filter: expression })).toEqual([]);
    });

    /** Any expression of balanced parts. */
    const { expression } = fc.letrec<{ expression: string }>((tie) => ({
        expression: fc.oneof(
            { depthSize: "small" },
            fc.constantFrom("a.b", "'('", '"]="', "x >= 1", "a && b", "true"),
            fc.tuple(fc.constantFrom("()", "[]", "{}"), tie("expression")).map(([[open = "", close = ""], inner]) => {
                return `f${open}${inner}${close}`;
            }),
            fc.tuple(tie("expression"), tie("expression")).map((parts) => parts.join(" == ")),
        ),
    }));

    it("is accepted if balanced, and refused with one more bracket, or with one less", () => {
        fc.assert(
            fc.property(expression, fc.constantFrom("(", ")", "[", "]", "{", "}"), (balanced, bracket) => {
                const codes = [balanced, `${balanced} ${bracket}`, `${bracket} ${balanced}`].map(faultOfCel);
                expect(codes).toEqual([undefined, expect.any(String), expect.any(String)]);
            }),
        );
    });
});

describe("the program", () => {
    const type = "kubernetes:telemetry.istio.io/v1:Telemetry";
    const accessLogs = { enabled: true, filter: "response.code >= 400" };

    it("has one Telemetry, of the same name with and without traces", async () => {
        const both = find(await runProgram({ cluster: CLUSTER, istio: { accessLogs } }), type, "istio-tracing");
        const off = { tracing: { enabled: false } };
        const logs = await runProgram({ cluster: CLUSTER, istio: { ...off, accessLogs } });
        expect(ofType(logs, /:Telemetry$/)).toHaveLength(1);
        const alone = find(logs, type, "istio-tracing");
        for (const { inputs } of [both, alone]) {
            expect(inputs).toMatchObject({
                metadata: { name: "mesh-default", namespace: "istio-system" },
                spec: { accessLogging: [{ filter: { expression: "response.code >= 400" } }] },
            });
        }
        expect(both.inputs.spec).toHaveProperty("tracing");
        expect(alone.inputs.spec).not.toHaveProperty("tracing");
    });

    it("changes nothing else, and nothing at all without access logs", async () => {
        expect(parse({ enabled: false })).toEqual(parse(undefined));
        expect(parse(undefined).istio).not.toHaveProperty("accessLogs");
        const plain = await runProgram({ cluster: CLUSTER });
        const logging = await runProgram({ cluster: CLUSTER, istio: { accessLogs } });
        const { urn, parent } = find(plain, type, "istio-tracing");
        const others = ({ resources }: typeof plain) =>
            // The password of Grafana is another one in each run.
            resources.filter((each) => ![urn, parent].includes(each.urn) && !each.type.endsWith(":Secret"));
        expect(others(logging).map(({ urn, inputs }) => ({ urn, inputs }))).toEqual(
            others(plain).map(({ urn, inputs }) => ({ urn, inputs })),
        );
    });
});
