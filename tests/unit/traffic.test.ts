import * as fc from "fast-check";
import { BOOKINFO_SERVICES } from "../../components/bookinfo/services";
import {
    destinationRuleSpec,
    routesSpec,
    type ServiceTraffic,
    USER_HEADER,
} from "../../components/bookinfo/trafficSpecs";
import { parseConfig } from "../../config";
import { milliseconds } from "../../config/duration";
import type { Files } from "../../config/files";
import { issueLines } from "./issueLines";
import { CLUSTER, find, ofType, runProgram, waitedFor } from "./program";

const files: Files = {
    read: () => "clusters: [{name: c, cluster: {server: s}}]\ncontexts: [{name: here, context: {cluster: c}}]",
    exists: () => true,
    home: "/home/me",
};

const cluster = JSON.stringify({ kind: "kubeconfig", path: "~/config", context: "here" });
const parse = (traffic: object) => parseConfig({ cluster, bookinfo: JSON.stringify({ traffic }) }, { files });
const issues = (traffic: object) => issueLines(() => parse(traffic));

const REVIEWS = { name: "reviews", versions: ["v1", "v2", "v3"] } as const;
const RATINGS = { name: "ratings", versions: ["v1"] } as const;
const routes = (traffic: ServiceTraffic, service: typeof REVIEWS | typeof RATINGS = REVIEWS) =>
    routesSpec(service, traffic)?.http;

describe("the specs are those of Istio's samples", () => {
    it("versions by weight (virtual-service-reviews-90-10.yaml)", () => {
        expect(routesSpec(REVIEWS, { weights: { v1: 90, v2: 10 } })).toEqual({
            hosts: ["reviews"],
            http: [
                {
                    route: [
                        { destination: { host: "reviews", subset: "v1" }, weight: 90 },
                        { destination: { host: "reviews", subset: "v2" }, weight: 10 },
                    ],
                },
            ],
        });
    });

    it("subsets (destination-rule-all.yaml), for any weights", () => {
        const subsets = ["v1", "v2", "v3"].map((version) => ({ name: version, labels: { version } }));
        for (const traffic of [{ version: "v2" }, { weights: { v3: 100 } }, { users: { jason: "v1" } }]) {
            expect(destinationRuleSpec({ ...REVIEWS, versions: [...REVIEWS.versions] }, traffic)).toEqual({
                host: "reviews",
                subsets,
            });
        }
    });

    it("a version by user (virtual-service-reviews-jason-v2-v3.yaml)", () => {
        expect(routes({ version: "v3", users: { jason: "v2" } })).toEqual([
            {
                match: [{ headers: { "end-user": { exact: "jason" } } }],
                route: [{ destination: { host: "reviews", subset: "v2" } }],
            },
            { route: [{ destination: { host: "reviews", subset: "v3" } }] },
        ]);
    });

    it("a delay and an abort for one user (virtual-service-ratings-test-delay.yaml and -abort.yaml)", () => {
        const route = [{ destination: { host: "ratings", subset: "v1" } }];
        const match = [{ headers: { "end-user": { exact: "jason" } } }];
        const users = ["jason"];
        expect(routes({ version: "v1", delay: { for: "7s", percent: 100, users } }, RATINGS)).toEqual([
            { match, fault: { delay: { percentage: { value: 100 }, fixedDelay: "7s" } }, route },
            { route },
        ]);
        expect(routes({ version: "v1", abort: { status: 500, percent: 100, users } }, RATINGS)).toEqual([
            { match, fault: { abort: { percentage: { value: 100 }, httpStatus: 500 } }, route },
            { route },
        ]);
    });

    it("a timeout and a mirror (tasks Request Timeouts and Mirroring)", () => {
        expect(routes({ timeout: "500ms" })).toEqual([
            { timeout: "500ms", route: [{ destination: { host: "reviews" } }] },
        ]);
        expect(routes({ version: "v1", mirror: { to: "v2", percent: 100 } })).toEqual([
            {
                route: [{ destination: { host: "reviews", subset: "v1" } }],
                mirror: { host: "reviews", subset: "v2" },
                mirrorPercentage: { value: 100 },
            },
        ]);
    });

    it("a circuit breaker (task Circuit Breaking)", () => {
        const circuitBreaker = {
            ...{ connections: 1, pending: 1, requestsPerConnection: 1 },
            ...{ consecutiveErrors: 1, ejection: "3m", maxEjected: 100 },
        };
        expect(destinationRuleSpec({ name: "ratings", versions: ["v1"] }, { circuitBreaker })?.trafficPolicy).toEqual({
            connectionPool: {
                tcp: { maxConnections: 1 },
                http: { http1MaxPendingRequests: 1, maxRequestsPerConnection: 1 },
            },
            outlierDetection: {
                consecutive5xxErrors: 1,
                interval: "1s",
                baseEjectionTime: "3m",
                maxEjectionPercent: 100,
            },
        });
        expect(routes({ circuitBreaker })).toBeUndefined();
    });

    it("retries, with their conditions in one text", () => {
        expect(routes({ retries: { attempts: 2, perTryTimeout: "200ms", on: ["5xx", "reset"] } })).toEqual([
            {
                retries: { attempts: 2, perTryTimeout: "200ms", retryOn: "5xx,reset" },
                route: [{ destination: { host: "reviews" } }],
            },
        ]);
    });
});

/** Any valid settings of a service. */
function anySettings(versions: readonly string[]) {
    const version = fc.constantFrom(...versions);
    const percent = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.constantFrom(0.1, 33.3));
    const fault = (...names: string[]) => ({
        percent,
        users: fc.option(fc.uniqueArray(fc.constantFrom(...names), { minLength: 1 }), { nil: undefined }),
    });
    const count = fc.integer({ min: 1, max: 100 });
    const cuts = fc.array(fc.integer({ min: 0, max: 100 }), {
        minLength: versions.length - 1,
        maxLength: versions.length - 1,
    });
    const weights = cuts.map((unsorted) => {
        const ends = [0, ...unsorted.sort((a, b) => a - b), 100];
        return Object.fromEntries(versions.map((name, i) => [name, (ends[i + 1] ?? 0) - (ends[i] ?? 0)]));
    });
    const breaker = fc.record(
        {
            ...{ connections: count, pending: count, requestsPerConnection: count },
            ...{ consecutiveErrors: count, ejection: fc.constantFrom("1ms", "3m"), maxEjected: count },
        },
        { requiredKeys: ["consecutiveErrors"] },
    );
    const settings = fc.record(
        {
            split: fc.oneof(fc.record({ version }), fc.record({ weights })),
            users: fc.dictionary(fc.constantFrom("jason", "ann"), version, { maxKeys: 2 }),
            timeout: fc.constantFrom("0.5s", "7s", "1m"),
            retries: fc.record(
                {
                    attempts: fc.integer({ min: 1, max: 10 }),
                    perTryTimeout: fc.constantFrom("1ms", "0.25s"),
                    on: fc.subarray(["5xx", "reset", "503"]),
                },
                { requiredKeys: ["attempts"] },
            ),
            copiedOrAborted: fc.oneof(
                fc.record({ mirror: fc.record({ to: version, percent }) }),
                fc.record({
                    abort: fc.record({ status: fc.integer({ min: 200, max: 599 }), ...fault("eve", "per-olof") }),
                }),
            ),
            circuitBreaker: breaker,
            delay: fc.record({ for: fc.constantFrom("1ms", "7s"), ...fault("bob", "Mary Ann") }),
        },
        { requiredKeys: [] },
    );
    return settings.map(
        ({ split, copiedOrAborted, ...others }) =>
            JSON.parse(JSON.stringify({ ...others, ...split, ...copiedOrAborted })) as object,
    );
}

const anyTraffic = fc.record(
    { reviews: anySettings(["v1", "v2", "v3"]), ratings: anySettings(["v1"]), details: anySettings(["v1"]) },
    { requiredKeys: [] },
);

describe("any valid config gives specs that istiod accepts:", () => {
    it("weights add up, every subset exists, matches come before the default route, each request has one", () => {
        fc.assert(
            fc.property(anyTraffic, (traffic) => {
                expect(issues(traffic)).toEqual([]);
                const resolved = parse(traffic).bookinfo.traffic;
                for (const service of BOOKINFO_SERVICES) {
                    const settings = resolved[service.name];
                    const [rule, spec] = settings
                        ? [destinationRuleSpec(service, settings), routesSpec(service, settings)]
                        : [];
                    expect(settings === undefined).toBe(rule === undefined && spec === undefined);
                    const http = spec?.http ?? [];
                    const named = http.flatMap(({ route, mirror }) => [
                        ...route.map(({ destination }) => destination),
                        ...(mirror ? [mirror] : []),
                    ]);
                    for (const { host, subset } of named) {
                        expect(host).toBe(service.name);
                        expect(subset === undefined || rule?.subsets.some(({ name }) => name === subset)).toBe(true);
                    }
                    for (const { route } of http) {
                        const weights = route.map(({ weight }) => weight ?? 100);
                        expect(weights.reduce((sum, weight) => sum + weight, 0)).toBe(100);
                        expect(Math.min(...weights)).toBeGreaterThan(0);
                    }
                    expect(http.slice(0, -1).every(({ match = [] }) => match.length > 0)).toBe(true);
                    expect(http.at(-1)?.match).toBeUndefined();
                    const users = http.flatMap(({ match = [] }) =>
                        match.map(({ headers }) => headers?.[USER_HEADER]?.exact),
                    );
                    expect(new Set(users).size).toBe(users.length);
                }
            }),
        );
    });
});

describe("a user's request", () => {
    it("meets the faults that are for everybody, and those for this user", () => {
        const http = routes({
            users: { ann: "v1" },
            delay: { for: "1s", percent: 50 },
            abort: { status: 503, percent: 10, users: ["bob"] },
        });
        const delay = { fixedDelay: "1s", percentage: { value: 50 } };
        expect(http?.map(({ match, fault }) => [match?.[0]?.headers?.[USER_HEADER]?.exact, fault])).toEqual([
            ["ann", { delay }],
            ["bob", { delay, abort: { httpStatus: 503, percentage: { value: 10 } } }],
            [undefined, { delay }],
        ]);
    });

    it("shares a route with those of users who have the same", () => {
        expect(routes({ version: "v3", users: { ann: "v1", bob: "v1", eve: "v2" } })).toHaveLength(3);
    });
});

describe("what is wrong is said at once, before anything is touched:", () => {
    const at = "bookinfo.traffic.reviews";
    it.each<[string, object, RegExp]>([
        [
            "weights",
            { weights: { v1: 90, v3: 20 } },
            /weights = .*the weights add up to 110 and not to 100; allowed: .*v1, v2, v3/,
        ],
        ["a weight below 0", { weights: { v1: -10, v3: 100 } }, /weights.v1 = -10: must be at least 0/],
        ["a version", { version: "v4" }, /version = "v4": there is no such version; allowed: v1 or v2 or v3/],
        ["a version with a weight", { weights: { v1: 50, v9: 50 } }, /weights.v9.*there is no such version/],
        ["the version of a user", { users: { jason: "v7" } }, /users.jason = "v7": there is no such version/],
        ["the version of a mirror", { mirror: { to: "v0" } }, /mirror.to = "v0": there is no such version/],
        [
            "both version and weights",
            { version: "v1", weights: { v1: 100 } },
            /version = "v1".*either version or weights/,
        ],
        [
            "a user in two places",
            { users: { jason: "v2" }, delay: { for: "1s", users: ["jason"] } },
            /delay.users = \["jason"\]: jason is in users already/,
        ],
        ["a user twice in a list", { abort: { status: 500, users: ["ann", "ann"] } }, /ann is in abort.users already/],
        [
            "fault and mirror",
            { abort: { status: 500 }, mirror: { to: "v3" } },
            /mirror = .*not copied; allowed: either/,
        ],
        [
            "a timeout shorter than a try",
            { timeout: "100ms", retries: { attempts: 2, perTryTimeout: "0.2s" } },
            /timeout = "100ms": it is shorter than one try, 0.2s/,
        ],
        ["a duration without a unit", { timeout: 5 }, /timeout = 5: it has no unit; allowed: duration such as 500ms/],
        ["a duration in days", { timeout: "1d" }, /timeout = "1d": it is not a duration/],
        ["a duration of nothing", { delay: { for: "0s" } }, /delay.for = "0s": must be at least 1ms/],
        ["half a millisecond", { timeout: "0.5ms" }, /timeout = "0.5ms": must be at least 1ms/],
        [
            "a percentage",
            { delay: { for: "1s", percent: 101 } },
            /delay.percent = 101: must be at most 100; allowed: number/,
        ],
        [
            "a status",
            { abort: { status: 99 } },
            /abort.status = 99: must be at least 200; allowed: HTTP status from 200/,
        ],
        ["a missing status", { abort: { percent: 5 } }, /abort.status is not set: it is required/],
        [
            "a condition of retries",
            { retries: { attempts: 1, on: ["5xy"] } },
            /retries.on\[0\] = "5xy": it is no condition/,
        ],
        ["retries that are none", { retries: { attempts: 0, on: ["5xx"] } }, /retries.attempts = 0: without retries/],
        ["a breaker without limits", { circuitBreaker: {} }, /circuitBreaker = {}: it is empty; allowed: at least one/],
        ["an ejection of nobody", { circuitBreaker: { ejection: "1m" } }, /ejection = "1m": without consecutiveErrors/],
        [
            "a breaker's limit",
            { circuitBreaker: { connections: 0 } },
            /circuitBreaker.connections = 0: must be at least 1/,
        ],
        ["a misspelt key", { weight: { v1: 100 } }, /weight = .*did you mean bookinfo.traffic.reviews.weights/],
        ["a user's name", { users: { "": "v1" } }, /it is empty/],
    ])("%s", (_, settings, expected) => {
        const lines = issues({ reviews: settings });
        expect(lines).toEqual([expect.stringMatching(expected)]);
        expect(lines[0]).toMatch(/ Run: pulumi config /);
        expect(lines[0]).toContain(at);
    });

    it("of all services, all faults", () => {
        expect(issues({ details: { version: "v2" }, reviews: { timeout: "1" }, rating: {} })).toHaveLength(3);
    });

    it("routes to the product page: they begin at the gateway", () => {
        expect(issues({ productpage: { timeout: "1s" } })).toEqual([
            expect.stringMatching(/there is no such key.*circuitBreaker/),
        ]);
        expect(issues({ productpage: { circuitBreaker: { connections: 5 } } })).toEqual([]);
    });
});

it.each([
    ["1m30s", 90_000],
    ["0.5s", 500],
    ["1h", 3_600_000],
    ["5", undefined],
    ["s", undefined],
    ["5s ", undefined],
    ["-5s", undefined],
])("%s is %s milliseconds", (text, length) => {
    expect(milliseconds(text)).toBe(length);
});

describe("the program", () => {
    const traffic = {
        reviews: { weights: { v1: 90, v3: 10 }, circuitBreaker: { connections: 1 } },
        ratings: { delay: { for: "7s" } },
        productpage: { circuitBreaker: { pending: 5 } },
    };

    it("declares nothing for a service without settings, and nothing at all without any", async () => {
        const none = await runProgram({ cluster: CLUSTER });
        const run = await runProgram({ cluster: CLUSTER, bookinfo: { traffic } });
        const names = run.resources.map(({ name }) => name);
        expect(ofType(none, /BookinfoTraffic|DestinationRule|Propagation/)).toEqual([]);
        const added = run.resources.filter(({ urn }) => none.resources.every((other) => other.urn !== urn));
        expect(added.map(({ name }) => name).sort()).toEqual([
            "bookinfo",
            "bookinfo-productpage-rule",
            "bookinfo-ratings-routes",
            "bookinfo-reviews-routes",
            "bookinfo-reviews-rule",
            "bookinfo-reviews-subsets",
        ]);
        expect(new Set(names).has("bookinfo-routes")).toBe(true);
    });

    it("leaves the gateway's routes and every other resource as they are", async () => {
        const none = await runProgram({ cluster: CLUSTER });
        const run = await runProgram({ cluster: CLUSTER, bookinfo: { traffic } });
        // The password of Grafana is another one in each run.
        for (const { urn, inputs } of none.resources.filter(({ type }) => !type.endsWith(":Secret"))) {
            expect(run.resources.find((other) => other.urn === urn)?.inputs).toEqual(inputs);
        }
    });

    it("gives proxies the subsets before the routes that use them, and takes them away after these", async () => {
        const run = await runProgram({ cluster: CLUSTER, bookinfo: { traffic } });
        const routesOf = (service: string) =>
            find(run, "kubernetes:networking.istio.io/v1:VirtualService", `bookinfo-${service}-routes`);
        const before = (service: string) => waitedFor(run, routesOf(service).urn).map(({ name }) => name);
        expect(before("reviews")).toEqual(
            expect.arrayContaining(["bookinfo-reviews-subsets", "bookinfo-reviews-rule"]),
        );
        const propagation = find(run, "bookinfo-mesh:bookinfo:Propagation", "bookinfo-reviews-subsets");
        expect(propagation.inputs).toEqual({ seconds: 5 });
        expect(waitedFor(run, propagation.urn).map(({ name }) => name)).toContain("bookinfo-reviews-rule");
        // Istio's webhook must be there, and mutual TLS be strict, before anything is routed.
        expect(before("ratings")).toEqual(expect.arrayContaining(["istio-gateway", "istio-strict-mtls"]));
        expect(before("reviews")).toContain("istio-gateway");
    });
});
