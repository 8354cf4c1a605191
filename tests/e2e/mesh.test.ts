import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { NamedResult } from "../../packages/cli/verify/check";
import type { LoadSummary } from "../../packages/cli/load/summary";
import { DASHBOARDS, QUERIES } from "../unit/grafanaDashboards";
import { ISTIO_METRICS } from "../unit/istioMetrics";
import { checkQuery, interpolate } from "../unit/promql";
import { coldStart, get, kubectl, npmRun, poll } from "./commands";
import { during, POST_COMMANDS } from "./postCommands";
import { deployed } from "./sharedSandbox";

/*
 * What a user sees of the mesh after `up`, with the commands of the 2018 post that this project is based on. The sandbox's stock Envoy
 * does not report istio_requests_total. The rules in Pulumi.local.yaml compute it from the proxies' own counters.
 */

// The tests that need no metrics of requests come first: meanwhile these arrive.
beforeAll(async () => {
    await deployed("--rendered");
    const { code, output } = await npmRun("load");
    expect([code, code === 0 ? "" : output]).toEqual([0, ""]);
}, coldStart);

/** GETs JSON. */
async function getJson<T>(url: string): Promise<T> {
    const { status, body } = await get(url);
    expect({ url, status, body }).toMatchObject({ status: 200 });
    return JSON.parse(body) as T;
}

describe("npm run load", () => {
    it("sends its requests and counts the answers", async () => {
        const { code, stdout } = await npmRun("load", "--requests", "60", "--concurrency", "4", "--json");
        const summary = JSON.parse(stdout) as LoadSummary;
        expect({ code, ...summary }).toMatchObject({ code: 0, statuses: { 200: 60 }, failed: 0 });
        expect(Object.keys(summary.reviews)).toEqual(["v1", "v2", "v3"]);
        expect(summary.latency?.p50).toBeLessThanOrEqual(summary.latency?.max ?? 0);
    }, 60_000);
});

describe("Jaeger, with the post's command", () => {
    // The sandbox's Jaeger 2.2 answers at / even with a base path. From 2.16 on, Jaeger does not.
    it("answers at / and has a trace across all services", async () => {
        const services = await during(POST_COMMANDS.jaeger, /Forwarding from/, async () => {
            expect(await get("http://localhost:16686/")).toMatchObject({ status: 200 });
            const readServices = async () => {
                const { data } = await getJson<{ data: Trace[] }>(
                    "http://localhost:16686/api/traces?service=istio-ingressgateway.istio-system&limit=200",
                );
                return data.map(({ processes }) =>
                    [...new Set(Object.values(processes).map(({ serviceName }) => serviceName.split(".")[0]))].sort(),
                );
            };
            const isWhole = (all: unknown[][]) => all.some(({ length }) => length === 5);
            return poll(readServices, isWhole, { timeout: 30_000, interval: 1000 });
        });
        expect(services).toContainEqual(["details", "istio-ingressgateway", "productpage", "ratings", "reviews"]);
    }, 60_000);
});

interface Trace {
    processes: Record<string, { serviceName: string }>;
}

/** The path of Prometheus' API that Grafana requests for a variable of a dashboard. */
function pathForVariable(query: string): string {
    const { text } = interpolate(query);
    const labels = /^label_values\((.+), (\w+)\)$/.exec(text);
    if (labels) {
        return `/api/v1/label/${labels[2] ?? ""}/values?${new URLSearchParams({ "match[]": labels[1] ?? "" }).toString()}`;
    }
    const result = /^query_result\((.+)\)$/.exec(text);
    return `/api/v1/query?${new URLSearchParams({ query: result?.[1] ?? `neither form: ${text}` }).toString()}`;
}

/**
 * istiod's metrics without series in this mesh: those of errors that have not happened, and of the chain of a certificate authority
 * that istiod has not created itself.
 */
const WITHOUT_SERIES = /err|fail|reject|timeout|expired|skip|cert_chain/;

describe("Prometheus, with its command", () => {
    it("answers the requests for the dashboards' variables", async () => {
        const variables = DASHBOARDS.flatMap(({ templating }) => templating.list).filter(
            ({ type }) => type === "query",
        );
        expect(variables.length).toBeGreaterThan(0);
        await during(POST_COMMANDS.prometheus, /Forwarding from/, async () => {
            for (const { name, query } of variables) {
                const path = pathForVariable(typeof query === "string" ? query : query.query);
                const { status, body } = await get(`http://localhost:9090${path}`);
                expect({ name, status, body }).toMatchObject({ status: 200 });
            }
        });
    }, 60_000);

    it("has the metrics of istiod in the dashboards", async () => {
        const read = QUERIES.flatMap(({ target }) => checkQuery(interpolate(target.expr).text, ISTIO_METRICS).metrics);
        const expected = [...new Set(read)].filter(
            (metric) => /^(citadel|galley|pilot|sidecar_injection)_/.test(metric) && !WITHOUT_SERIES.test(metric),
        );
        expect(expected.length).toBeGreaterThan(10);
        await during(POST_COMMANDS.prometheus, /Forwarding from/, async () => {
            const readMissing = async () => {
                const url = "http://localhost:9090/api/v1/label/__name__/values";
                const { data } = await getJson<{ data: string[] }>(url);
                return expected.filter((metric) => !data.includes(metric));
            };
            const missing = await poll(readMissing, ({ length }) => length === 0, { timeout: 30_000, interval: 1000 });
            expect(missing).toEqual([]);
        });
    }, 60_000);

    it("accepts every query of Grafana's dashboards, and evaluates its rules without errors", async () => {
        await during(POST_COMMANDS.prometheus, /Forwarding from/, async () => {
            for (const { name, target } of QUERIES) {
                const query = new URLSearchParams({ query: interpolate(target.expr).text }).toString();
                const { status, body } = await get(`http://localhost:9090/api/v1/query?${query}`);
                expect({ name, status, body }).toMatchObject({ status: 200 });
            }
            const readRules = async () => {
                const { data } = await getJson<{ data: { groups: { rules: { name: string; health: string }[] }[] } }>(
                    "http://localhost:9090/api/v1/rules",
                );
                return data.groups.flatMap((group) => group.rules);
            };
            // Until its first evaluation, the health of a rule is unknown.
            const isKnown = (rules: { health: string }[]) => rules.every(({ health }) => health !== "unknown");
            const rules = await poll(readRules, isKnown, { timeout: 60_000, interval: 1000 });
            expect(rules.length).toBeGreaterThan(0);
            expect(rules.filter(({ health }) => health !== "ok")).toEqual([]);
        });
    }, 120_000);
});

describe("npm run verify", () => {
    const verify = async () => {
        const { code, stdout } = await npmRun("verify", "--json");
        const { checks } = JSON.parse(stdout) as { checks: NamedResult[] };
        return { code, failed: checks.filter(({ status }) => status === "failed"), checks };
    };

    it("passes every check, and names the add-ons that are off", async () => {
        const { code, failed, checks } = await verify();
        expect(failed).toEqual([]);
        expect(code).toBe(0);
        const named = (status: string) => checks.filter((check) => check.status === status).map(({ name }) => name);
        expect(named("off")).toEqual(["routes", "Grafana", "Kiali"]);
        expect(named("ok")).toEqual([
            ...["Kubernetes", "releases", "sidecars", "strict mTLS", "gateway", "page", "traces", "metrics"],
            "servicegraph",
        ]);
    }, 180_000);

    it("fails without the policy, because plain text is accepted", async () => {
        const policy = ["peerauthentication", "default", "--namespace", "istio-system"];
        const manifest = path.join(os.tmpdir(), `policy-${process.pid}.json`);
        fs.writeFileSync(manifest, await kubectl("get", ...policy, "--output", "json"));
        try {
            await kubectl("delete", ...policy);
            const { code, failed } = await verify();
            expect(code).toBe(1);
            expect(failed).toMatchObject([{ name: "strict mTLS", remedy: expect.any(String) as string }]);
        } finally {
            await kubectl("replace", "--force", "--filename", manifest);
            fs.rmSync(manifest);
        }
    }, 240_000);
});

describe("servicegraph, with the post's command", () => {
    /** The edges of Bookinfo. */
    const EDGES = [
        "istio-ingressgateway -> productpage-v1",
        "productpage-v1 -> details-v1",
        "productpage-v1 -> reviews-v1",
        "productpage-v1 -> reviews-v2",
        "productpage-v1 -> reviews-v3",
        "reviews-v2 -> ratings-v1",
        "reviews-v3 -> ratings-v1",
    ];
    const workload = (node: string) => /\((.*)\)$/.exec(node)?.[1] ?? node;

    it("shows the edges of Bookinfo, as JSON and as a picture", async () => {
        // New requests, because a rate covers only the last minutes.
        expect(await npmRun("load", "--requests", "60")).toMatchObject({ code: 0 });
        await during(POST_COMMANDS.servicegraph, /Forwarding from/, async () => {
            const url = "http://localhost:8088/graph?filter_empty=true";
            const readEdges = async () => {
                const graph = await getJson<{ edges: { source: string; target: string }[] | null }>(url);
                return (graph.edges ?? []).map(({ source, target }) => `${workload(source)} -> ${workload(target)}`);
            };
            const edges = await poll(readEdges, ({ length }) => length >= EDGES.length, {
                timeout: 90_000,
                interval: 1000,
            });
            expect(edges.sort()).toEqual(EDGES);
            const { status, body } = await get("http://localhost:8088/dotviz");
            expect(status).toBe(200);
            for (const name of new Set(EDGES.flatMap((edge) => edge.split(" -> ")))) {
                expect(body).toContain(name);
            }
        });
    }, 120_000);
});

describe("npm run dashboard", () => {
    it("forwards to the new pod after the add-on's pod was replaced", async () => {
        const command = "npm run --silent dashboard -- prometheus --no-open";
        await during(command, /localhost:9090/, async () => {
            expect(await get("http://localhost:9090/-/ready")).toMatchObject({ status: 200 });
            await kubectl("--namespace", "istio-system", "delete", "pod", "--selector", "app=prometheus");
            await kubectl("--namespace", "istio-system", "rollout", "status", "deployment/prometheus");
            const readStatus = () =>
                get("http://localhost:9090/-/ready").then(
                    ({ status }) => status,
                    () => 0,
                );
            const last = await poll(readStatus, (status) => status === 200, { timeout: 30_000, interval: 500 });
            expect(last).toBe(200);
        });
    }, 120_000);

    it("names the config key that switches a missing add-on on", async () => {
        const { code, output } = await npmRun("dashboard", "grafana");
        expect(code).toBe(1);
        expect(output).toContain("istio.grafana.enabled true");
    }, 30_000);
});
