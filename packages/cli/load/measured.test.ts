import { ApiError } from "../../kubernetes/apiError";
import { FakeCluster, pod } from "../../kubernetes/testing/fakeCluster";
import { connectionTo, type FakeEnvoy } from "../testing/fakeEnvoy";
import { stackOf } from "../testing/stack";
import type { SeenPages } from "./asked";
import { beginMeasuring } from "./measured";

const kubeconfig = `${__dirname}/../../../tests/unit/fixtures/kubeconfig.yaml`;

const seen: SeenPages = {
    statuses: { "200": 30, "403": 10 },
    silent: 0,
    times: { v1: Array.from({ length: 30 }, () => 20) },
    missing: { details: 0, reviews: 0, ratings: 0 },
};
const load = { hasToken: true, milliseconds: 6000, seen };

let cluster: FakeCluster;
let envoy: FakeEnvoy;

beforeEach(() => {
    cluster = new FakeCluster();
    cluster.objects = [
        pod("default", "productpage-v1-a-b", { app: "productpage" }, { productpage: true, "istio-proxy": true }),
    ];
    cluster.connect = () => Promise.resolve(connectionTo(envoy));
    envoy = {};
});

function begin(bookinfo: object) {
    const file = { config: { "bookinfo-mesh:bookinfo": bookinfo } };
    const stack = stackOf({ name: "demo", cluster: { kubeconfig, context: "here" }, file });
    return beginMeasuring({ stack, api: cluster.api });
}

/** What the proxy has sent to each subset of reviews, and to all of it. */
function sent(counts: Record<string, number>): FakeEnvoy {
    const hosts = Object.entries(counts).map(([subset, requests]) => [
        `outbound|9080|${subset}|reviews.default.svc.cluster.local`,
        [{ address: `10.0.0.${subset.slice(1)}`, requests }],
    ]);
    return { hosts: Object.fromEntries(hosts) as FakeEnvoy["hosts"] };
}

it("measures nothing if the config cannot be read", async () => {
    expect(await begin({ traffic: { reviews: { version: "v9" } } })).toBeUndefined();
    expect(cluster.requests).toEqual([]);
});

describe("mirrored requests", () => {
    const mirrored = { traffic: { reviews: { version: "v1", mirror: { to: "v3", percent: 50 } } } };

    it("are those by which the callers' counters have grown", async () => {
        envoy = sent({ "": 5, v1: 100, v2: 1, v3: 0 });
        const end = await begin(mirrored);
        envoy = sent({ "": 5, v1: 160, v2: 1, v3: 33 });
        const { asked = [], unknown } = (await end?.(load)) ?? {};
        expect(asked.at(-1)).toMatchObject({ what: "mirrored to reviews v3", percent: 50, seen: 33, of: 60 });
        expect(unknown).toEqual([]);
    });

    it("are told from requests that reach the version among all others", async () => {
        envoy = sent({ "": 5, v3: 40 });
        const end = await begin({ traffic: { reviews: { mirror: { to: "v3" } } } });
        envoy = sent({ "": 35, v3: 70 });
        expect((await end?.(load))?.asked.at(-1)).toMatchObject({ percent: 100, seen: 30, of: 30 });
    });

    it("are not counted if the version gets others in the same way, or a breaker refuses some", async () => {
        const reviews = { weights: { v1: 50, v3: 50 }, mirror: { to: "v3" } };
        expect((await (await begin({ traffic: { reviews } }))?.(load))?.asked.map(({ what }) => what)).toEqual([
            "reviews v1",
            "reviews v2",
            "reviews v3",
        ]);
        const broken = { mirror: { to: "v3" }, circuitBreaker: { connections: 1 } };
        expect(await (await begin({ traffic: { reviews: broken } }))?.(load)).toEqual({ asked: [], unknown: [] });
    });

    it("are not known if a proxy has begun to count again, or is not reached", async () => {
        envoy = sent({ v1: 100, v3: 40 });
        const end = await begin(mirrored);
        envoy = sent({ v1: 10, v3: 5 });
        expect((await end?.(load))?.unknown).toEqual(["mirrored to reviews v3: a proxy has begun to count again"]);
        cluster.connect = () => Promise.reject(new ApiError(403, "it is forbidden"));
        expect((await end?.(load))?.unknown).toEqual(["mirrored to reviews v3: it is forbidden"]);
    });
});

it("compares a limit with the pods that have it, and counts who has no token", async () => {
    const login = { jwt: { issuer: "i", jwksUri: "https://i.example/keys" } };
    const end = await begin({ login, rateLimit: { productpage: { requests: 10, per: "1m" } } });
    const what = (rows: { what: string; most: number }[] = []) => rows.map((row) => [row.what, row.most]);
    expect(what((await end?.(load))?.asked)).toEqual([["let in by the limit", 11]]);
    expect(what((await end?.({ ...load, hasToken: false }))?.asked)).toEqual([
        ["let in by the limit", 11],
        ["refused without a token", 40],
    ]);
});
