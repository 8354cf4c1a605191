import * as fs from "node:fs";
import * as path from "node:path";
import { parser } from "@prometheus-io/lezer-promql";
import { parse } from "yaml";

/*
 * The rules of Pulumi.local.yaml, which derive Istio's metrics from a stock Envoy's counters. These checks need no
 * Prometheus; the e2e tests check the results in the sandbox.
 */

interface Rule {
    record: string;
    labels?: Record<string, string>;
    expr: string;
}

interface Stack {
    config: {
        "bookinfo-mesh:istio": {
            prometheus: { rules: [{ rules: Rule[] }] };
            values: {
                istiod: { meshConfig: { defaultConfig: { proxyStatsMatcher: { inclusionRegexps: string[] } } } };
            };
        };
    };
}

const file = path.join(__dirname, "..", "..", "Pulumi.local.yaml");
const istio = (parse(fs.readFileSync(file, "utf8")) as Stack).config["bookinfo-mesh:istio"];
const { rules } = istio.prometheus.rules[0];
const { inclusionRegexps } = istio.values.istiod.meshConfig.defaultConfig.proxyStatsMatcher;

/** The metrics that an expression reads. @throws Error if it is not PromQL */
function metricsOf(expr: string): string[] {
    const metrics: string[] = [];
    parser.parse(expr).iterate({
        enter: ({ node }) => {
            const text = expr.slice(node.from, node.to);
            if (node.type.isError) {
                throw new Error(`syntax error at ${node.from}: ${expr.slice(node.from, node.from + 20)}`);
            } else if (node.name === "VectorSelector") {
                metrics.push(/^[\w:]+/.exec(text)?.[0] ?? /__name__=~"([^"]*)"/.exec(text)?.[1] ?? text);
            }
        },
    });
    return metrics;
}

describe("the rules of the stack local", () => {
    it.each(rules.map((rule, i) => [`${i + 1}, ${rule.record}`, rule, i] as const))(
        "rule %s reads only results of earlier rules, or Envoy's counters",
        (_, { expr }, i) => {
            const earlier = rules.slice(0, i).map(({ record }) => record);
            const metrics = metricsOf(expr);
            expect(metrics).not.toEqual([]);
            for (const metric of metrics.filter((name) => !name.startsWith("envoy_"))) {
                expect(earlier).toContain(metric);
            }
        },
    );

    it("record Istio's metrics of requests", () => {
        expect(rules.map(({ record }) => record).filter((record) => record.startsWith("istio_"))).toEqual([
            "istio_requests_total",
            "istio_requests_total",
            "istio_request_duration_milliseconds_bucket",
            "istio_request_duration_milliseconds_sum",
            "istio_request_duration_milliseconds_count",
        ]);
    });

    it("give every series the labels without which Kiali leaves it out", () => {
        const [counter] = rules.filter(({ record }) => record === "mesh:edge:counter");
        expect(counter?.labels).toHaveProperty("response_flags");
        for (const side of ["source", "destination"]) {
            for (const label of [`${side}_canonical_service`, `${side}_canonical_revision`]) {
                expect(counter?.expr).toMatch(new RegExp(`group_left \\([^)]*\\b${label}\\b`));
                const origin = rules
                    .filter(({ expr }) => expr.includes(`"${label}", "$1"`))
                    .map(({ record }) => record);
                expect(origin).toEqual([side === "source" ? "mesh:client" : "mesh:server"]);
            }
        }
    });

    it("give what a client's proxy does not send the labels that it has in Istio, and to no server's proxy", () => {
        const [, unsent] = rules.filter(({ record }) => record === "istio_requests_total");
        expect(unsent?.labels).toMatchObject({
            reporter: "source",
            destination_workload: "unknown",
            destination_service_namespace: "unknown",
        });
        // Only the sum of both is in the answers of Envoy's clusters.
        const [received] = rules.filter(({ record }) => record === "mesh:edge:counter");
        expect(received?.expr).toMatch(/mesh:counter\s+- on \([^)]+\)\s+sum by \([^)]+\) \(mesh:unsent\)/);
    });

    it.each([
        ["productpage-v1-6d7bfc9b95-8dm5s", "productpage-v1"],
        ["istio-ingressgateway-5db9b6576d-cqmxc", "istio-ingressgateway"],
        ["curl", "curl"],
        ["web-0", "web-0"],
    ])("assign the pod %s to the workload %s", (pod, workload) => {
        const patterns = rules.flatMap(({ expr }) => [...expr.matchAll(/_workload", "\$1", "pod", "([^"]+)"/g)]);
        expect(patterns).toHaveLength(2); // of callers and of servers
        for (const [, pattern = ""] of patterns) {
            expect(new RegExp(`^(?:${pattern})$`).exec(pod)?.[1]).toBe(workload);
        }
    });
});

describe("the proxies' statistics in the stack local", () => {
    // Names as `pilot-agent request GET stats` lists them in a sidecar.
    const outbound = "cluster.outbound|9080||reviews.default.svc.cluster.local;";
    const inbound = "cluster.inbound|9080||;";
    const isKept = (statistic: string) => inclusionRegexps.some((one) => new RegExp(`^(?:${one})$`).test(statistic));

    it.each([outbound, inbound])("keep what the rules read of %s", (cluster) => {
        for (const statistic of ["upstream_rq_200", "upstream_rq_503", "upstream_rq_total", "upstream_rq_time"]) {
            expect(isKept(`${cluster}.${statistic}`)).toBe(true);
        }
        expect(isKept(`${cluster}.ssl.handshake`)).toBe(true);
    });

    it("keep what the rules read of faults and limits", () => {
        for (const statistic of [
            `${outbound}.upstream_rq_pending_overflow`,
            `${outbound}.upstream_cx_none_healthy`,
            "http.outbound_0.0.0.0_9080;.fault.aborts_injected",
            "http_local_rate_limiter.http_local_rate_limit.enforced",
        ]) {
            expect([statistic, isKept(statistic)]).toEqual([statistic, true]);
        }
    });

    it.each([outbound, inbound])("keep nothing else of %s", (cluster) => {
        for (const statistic of [
            "upstream_rq_2xx",
            "external.upstream_rq_200",
            "membership_total",
            "ssl.no_certificate",
        ]) {
            expect(isKept(`${cluster}.${statistic}`)).toBe(false);
        }
    });

    it("keep nothing of the proxy's own clusters", () => {
        expect(isKept("cluster.agent.upstream_rq_200")).toBe(false);
    });
});
