import { ApiError } from "../../kubernetes/apiError";
import { FakeCluster, pod } from "../../kubernetes/testing/fakeCluster";
import type { Mesh } from "../mesh/mesh";
import { connectionTo, type FakeEnvoy } from "../testing/fakeEnvoy";
import { checkBreakers, hasBreakers } from "./breakers";
import { failed, ok } from "./check";
import { checkRateLimits, hasRateLimits } from "./rateLimits";

// A pause takes no time, and the clock moves on by it.
jest.mock("../../kubernetes/wait", () => ({
    pause: () => {
        jest.setSystemTime(Date.now() + 2000);
        return Promise.resolve();
    },
}));

let cluster: FakeCluster;
let mesh: Mesh;
/** By the pod's name. */
let envoys: Record<string, FakeEnvoy>;

beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ["setTimeout", "setInterval", "setImmediate", "nextTick", "performance"] });
    cluster = new FakeCluster();
    cluster.objects = [
        ...["productpage-v1", "reviews-v1", "reviews-v2"].map((name) => {
            const [app = ""] = name.split("-");
            return pod("default", `${name}-a-b`, { app }, { [app]: true, "istio-proxy": true });
        }),
        pod("istio-system", "ingress-1", { istio: "ingressgateway" }, { "istio-proxy": true }),
    ];
    envoys = {};
    cluster.connect = ({ name }, port) =>
        port === 15000
            ? Promise.resolve(connectionTo(envoys[name] ?? {}))
            : Promise.reject(new Error(`port ${port} was asked`));
    mesh = {
        api: cluster.api,
        appNamespace: "default",
        traffic: {},
        security: {},
        commands: { redeploy: "again" },
    } as unknown as Mesh;
});
afterEach(() => {
    jest.useRealTimers();
});

const named = (service: string, subset = "") => `outbound|9080|${subset}|${service}.default.svc.cluster.local`;

/** What istiod gives a proxy of a circuit breaker. */
const limited = (connections: number, pending = 4294967295) => ({
    circuit_breakers: {
        thresholds: [
            {
                max_connections: connections,
                max_pending_requests: pending,
                max_retries: 4294967295,
                track_remaining: true,
            },
        ],
    },
});

it("the checks are about stacks with such settings alone", () => {
    expect([hasBreakers(mesh), hasRateLimits(mesh)]).toEqual([false, false]);
    mesh.traffic = { details: { circuitBreaker: { connections: 1 } }, reviews: { version: "v1" } };
    mesh.security = { rateLimit: { ratings: { requests: 1, per: 1000 } } };
    expect([hasBreakers(mesh), hasRateLimits(mesh)]).toEqual([true, true]);
    expect(hasBreakers({ ...mesh, traffic: undefined })).toBe(false);
    expect(hasRateLimits({ ...mesh, security: undefined })).toBe(false);
});

describe("the check of circuit breakers", () => {
    const overflow = (name: string, value: number) =>
        `# TYPE envoy_cluster_upstream_rq_pending_overflow counter\n` +
        `envoy_cluster_upstream_rq_pending_overflow{cluster_name="${name}"} ${value}\n`;
    const requests = (service: string, flags: string, value: number) =>
        `istio_requests_total{reporter="source",source_workload="productpage-v1",destination_service="${service}.default.svc.cluster.local",` +
        `destination_service_name="${service}",destination_service_namespace="default",response_code="503",response_flags="${flags}"} ${value}\n`;

    beforeEach(() => {
        mesh.traffic = { reviews: { circuitBreaker: { connections: 1, pending: 2 } } };
        envoys["productpage-v1-a-b"] = {
            clusters: {
                [named("reviews")]: limited(1, 2),
                [named("reviews", "v1")]: limited(1, 2),
                [named("details")]: {},
            },
        };
    });

    it("reads the limits in the proxies of the callers, whether they publish counters or not", async () => {
        expect(await checkBreakers(mesh)).toEqual(
            ok("reviews: as configured in 1 proxy of its callers, no counter of refusals is published"),
        );
    });

    it("counts what Istio's own metric says was refused, by its flag", async () => {
        envoys["productpage-v1-a-b"] = {
            ...envoys["productpage-v1-a-b"],
            counters:
                requests("reviews", "-", 40) +
                requests("reviews", "UO", 7) +
                requests("reviews", "UO,URX", 2) +
                requests("details", "UO", 99),
        };
        expect((await checkBreakers(mesh)).found).toContain(", 9 requests refused so far");
    });

    it("prefers Envoy's own counter, which not every mesh has", async () => {
        envoys["productpage-v1-a-b"] = {
            ...envoys["productpage-v1-a-b"],
            counters:
                overflow(named("reviews"), 5) +
                overflow(named("reviews", "v1"), 1) +
                overflow(named("details"), 50) +
                requests("reviews", "UO", 3),
        };
        expect((await checkBreakers(mesh)).found).toContain(", 6 requests refused so far");
    });

    it("asks every caller: the gateway for the page, all versions of reviews for ratings", async () => {
        mesh.traffic = {
            productpage: { circuitBreaker: { connections: 9 } },
            ratings: { circuitBreaker: { connections: 8 } },
        };
        envoys = {
            "ingress-1": {
                clusters: { [named("productpage")]: limited(9) },
                counters: requests("productpage", "UO", 4),
            },
            "reviews-v1-a-b": { clusters: { [named("ratings")]: limited(8) }, counters: requests("ratings", "UO", 1) },
            "reviews-v2-a-b": { clusters: { [named("ratings")]: limited(8) }, counters: requests("ratings", "UO", 2) },
        };
        expect(await checkBreakers(mesh)).toEqual(
            ok(
                "productpage: as configured in 1 proxy of its callers, 4 requests refused so far; " +
                    "ratings: as configured in 2 proxies of its callers, 3 requests refused so far",
            ),
        );
    });

    it("counts the pods that are ejected now, each once", async () => {
        mesh.traffic = {
            reviews: {
                circuitBreaker: { consecutiveErrors: 2, ejection: "500ms", maxEjected: 100, requestsPerConnection: 5 },
            },
        };
        const outlier = {
            outlier_detection: {
                consecutive_5xx: 2,
                interval: "1s",
                base_ejection_time: "0.500s",
                max_ejection_percent: 100,
            },
            typed_extension_protocol_options: {
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                    common_http_protocol_options: { max_requests_per_connection: 5 },
                },
            },
        };
        envoys["productpage-v1-a-b"] = {
            clusters: { [named("reviews")]: outlier },
            hosts: {
                [named("reviews")]: [
                    { address: "10.0.0.1", requests: 3 },
                    { address: "10.0.0.2", requests: 3, ejected: true },
                ],
                [named("reviews", "v2")]: [{ address: "10.0.0.2", requests: 0, ejected: true }],
                [named("details")]: [{ address: "10.0.0.3", requests: 0, ejected: true }],
            },
        };
        expect((await checkBreakers(mesh)).found).toMatch(/, 1 of 2 pods ejected$/);
        mesh.traffic = { reviews: { circuitBreaker: { consecutiveErrors: 2, ejection: "30s" } } };
        expect((await checkBreakers(mesh)).found).toBe(
            "reviews: the proxy of productpage-v1-a-b has ejection 0.500s, not 30s",
        );
    });

    it("fails if a proxy has other limits for any subset, or does not know the service", async () => {
        const others = { ...envoys["productpage-v1-a-b"]?.clusters, [named("reviews", "v1")]: limited(4294967295, 2) };
        envoys["productpage-v1-a-b"] = { clusters: others };
        expect(await checkBreakers(mesh)).toEqual(
            failed("reviews: the proxy of productpage-v1-a-b has connections 4294967295, not 1", "again"),
        );
        envoys = {};
        expect((await checkBreakers(mesh)).found).toBe(
            "reviews: the proxy of productpage-v1-a-b does not know the service",
        );
        cluster.remove("Pod", "productpage-v1-a-b");
        expect((await checkBreakers(mesh)).found).toBe("no pod that calls reviews is ready");
    });

    it("says that nothing is seen from here if the user may not forward ports", async () => {
        cluster.connect = () => Promise.reject(new ApiError(403, "default/p cannot be reached: it is forbidden"));
        expect(await checkBreakers(mesh)).toEqual({
            status: "off",
            found: "not seen from here: default/p cannot be reached: it is forbidden",
        });
    });
});

describe("the check of rate limits", () => {
    const filter = (requests: number, interval: string) => ({
        name: "envoy.filters.http.local_ratelimit",
        typed_config: { token_bucket: { max_tokens: requests, tokens_per_fill: requests, fill_interval: interval } },
    });
    const served = (reporter: string, flags: string, value: number) =>
        `istio_requests_total{reporter="${reporter}",response_code="429",response_flags="${flags}"} ${value}\n`;

    beforeEach(() => {
        mesh.security = { rateLimit: { productpage: { requests: 10, per: 60_000 } } };
        envoys["productpage-v1-a-b"] = { filters: [filter(10, "60s")] };
    });

    it("reads the limit in the proxy of each pod, whether it publishes counters or not", async () => {
        expect(await checkRateLimits(mesh)).toEqual(
            ok("productpage: 10 requests in 60 s in 1 proxy, no counter of refusals is published"),
        );
    });

    it("counts what Istio's own metric says was limited, by its flag", async () => {
        const counters = served("destination", "-", 40) + served("destination", "RL", 7) + served("source", "RL", 99);
        envoys["productpage-v1-a-b"] = { filters: [filter(10, "60s")], counters };
        expect((await checkRateLimits(mesh)).found).toMatch(/, 7 requests refused so far$/);
    });

    it("prefers Envoy's own counter, under each of its names", async () => {
        mesh.security = { rateLimit: { reviews: { requests: 1, per: 500 } } };
        const filters = [filter(1, "0.500s")];
        envoys = {
            "reviews-v1-a-b": {
                filters,
                counters:
                    'envoy_http_local_rate_limit_rate_limited{envoy_local_http_ratelimit_prefix="http_local_rate_limiter"} 3\n',
            },
            "reviews-v2-a-b": {
                filters,
                counters:
                    "envoy_http_local_rate_limiter_http_local_rate_limit_rate_limited{} 4\n" +
                    served("destination", "RL", 9),
            },
        };
        expect(await checkRateLimits(mesh)).toEqual(
            ok("reviews: 1 requests in 0.5 s in 2 proxies, 7 requests refused so far"),
        );
    });

    it("fails if a proxy has no limit, or another one", async () => {
        envoys["productpage-v1-a-b"] = { filters: [] };
        expect(await checkRateLimits(mesh)).toEqual(
            failed("productpage: the proxy of productpage-v1-a-b has no limit, not 10 requests in 60 s", "again"),
        );
        envoys["productpage-v1-a-b"] = { filters: [filter(10, "1s")] };
        expect((await checkRateLimits(mesh)).found).toBe(
            "productpage: the proxy of productpage-v1-a-b has 10 requests in 1 s, not 10 requests in 60 s",
        );
    });
});
