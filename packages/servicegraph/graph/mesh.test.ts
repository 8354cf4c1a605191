import fc from "fast-check";
import { answerTo, BOOKINFO, type Traffic } from "../testing/traffic";
import { anyName } from "../testing/names";
import { type Detail, detailQueries, trafficQueries } from "../prometheus/queries";
import { Budget } from "../budget";
import { Figures } from "./figures";
import { type Mesh, MeshBuilder } from "./mesh";

const SELECTION = { timeHorizon: "5m", filterEmpty: false, filters: {} };

/** The mesh from Prometheus' answers for this traffic, without the answers to some queries. */
function meshOf(
    traffic: readonly Traffic[],
    without: Detail[] = [],
    { filterEmpty = false, added = [] as string[] } = {},
) {
    const builder = new MeshBuilder(new Budget(Infinity));
    const ask = (promql: string, detail?: Detail) => {
        const figures = new Figures();
        for (const { metric, value } of answerTo(promql, traffic)) {
            builder.read({ labels: metric, value: value === "+Inf" ? Infinity : Number(value) }, detail, figures);
        }
        return figures;
    };
    const plain = trafficQueries({ ...SELECTION, filterEmpty });
    for (const [detail, promql] of Object.entries(detailQueries(SELECTION)) as [Detail, string][]) {
        if (!without.includes(detail)) {
            builder.detail(detail, ask(promql, detail));
        }
    }
    builder.traffic("requests", ask(plain.requests));
    builder.traffic("bytes", ask(plain.bytes));
    return builder.finish(filterEmpty, added);
}

/** Edges as text. */
function edgesOf({ nodes, edges }: Mesh): string[] {
    return edges.map(({ source, target }) =>
        [source, target].map((index) => `${nodes[index]?.namespace}/${nodes[index]?.workload}`).join(" -> "),
    );
}

const workload = (name: string, namespace = "default") => ({ app: name, workload: name, namespace });
const [a, b] = [workload("a"), workload("b")];

it("draws Bookinfo", () => {
    expect(edgesOf(meshOf(BOOKINFO))).toEqual([
        "default/productpage-v1 -> default/details-v1",
        "default/productpage-v1 -> default/reviews-v1",
        "default/productpage-v1 -> default/reviews-v2",
        "default/productpage-v1 -> default/reviews-v3",
        "default/reviews-v2 -> default/ratings-v1",
        "default/reviews-v3 -> default/ratings-v1",
        "istio-system/istio-ingressgateway -> default/productpage-v1",
    ]);
});

it("puts all figures on an edge", () => {
    const traffic: Traffic = { from: a, to: b, requests: 4, failures: 1, copies: 2, p95: 12.5, bytes: 300 };
    expect(meshOf([traffic]).edges).toEqual([
        {
            source: 0,
            target: 1,
            requestsPerSecond: 4,
            errorRatio: 0.25,
            mirroredRatio: 0.5,
            p95Milliseconds: 12.5,
            bytesPerSecond: 300,
            mutualTls: "all",
        },
    ]);
});

it("draws the same edges from the two queries of 1.0 only", () => {
    const mesh = meshOf(BOOKINFO, ["requests", "bytes", "failures", "latency"]);
    expect(edgesOf(mesh)).toHaveLength(7);
    expect(mesh.nodes.map(({ namespace }) => namespace)).toEqual(mesh.nodes.map(() => ""));
    expect(mesh.edges[0]).toEqual({ source: 1, target: 2, requestsPerSecond: 3.4, mutualTls: undefined });
});

it("splits an edge of 1.0 by namespaces, and keeps edges without details", () => {
    const mesh = meshOf([
        { from: a, to: b, requests: 1 },
        { from: a, to: workload("b", "other"), requests: 2 },
        // Prometheus has no series for it with a namespace.
        { from: workload("x", "unknown"), to: workload("y", "unknown"), requests: 3 },
    ]);
    expect(edgesOf(mesh)).toEqual(["/x -> /y", "default/a -> default/b", "default/a -> other/b"]);
    expect(mesh.edges.map(({ requestsPerSecond }) => requestsPerSecond)).toEqual([3, 1, 2]);
});

it.each([
    ["all", ["mutual_tls"]],
    ["none", ["none"]],
    ["some", ["mutual_tls", "none"]],
    ["some", ["mutual_tls", "unknown"]],
    [undefined, ["unknown"]],
])("mutual TLS is %s with the policies %j", (expected, policies) => {
    const traffic = policies.map((policy) => ({ from: a, to: b, requests: 1, policy }));
    expect(meshOf(traffic).edges.map(({ mutualTls }) => mutualTls)).toEqual([expected]);
});

it("judges mutual TLS by the series with traffic", () => {
    const traffic = [
        { from: a, to: b, requests: 1, policy: "mutual_tls" },
        { from: a, to: b, requests: 0, policy: "none" },
    ];
    expect(meshOf(traffic).edges[0]?.mutualTls).toBe("all");
});

it("does not report 0 errors if they are unknown", () => {
    const traffic = [{ from: a, to: b, requests: 1 }];
    expect(meshOf(traffic).edges[0]?.errorRatio).toBe(0);
    expect(meshOf(traffic, ["failures"]).edges[0]?.errorRatio).toBeUndefined();
    expect(meshOf([{ from: a, to: b, requests: 0 }]).edges[0]?.errorRatio).toBeUndefined();
});

it("shows what was refused, and what the caller's proxy did, apart from errors", () => {
    const flags = { FI: 2, "DI,FI": 2, UO: 3, "UF,URX": 1, DI: 2 };
    const mesh = meshOf([{ from: a, to: b, requests: 8, failures: 1, refusals: 0.5, flags }]);
    // Of the 16 requests that a made, b received 8.
    expect(mesh.edges).toMatchObject([
        {
            requestsPerSecond: 8,
            errorRatio: 0.125,
            refusedRatio: 0.0625,
            injectedRatio: 0.25,
            unsentRatio: 0.25,
            delayedRatio: 0.125,
        },
    ]);
    const none = { refusedRatio: undefined, injectedRatio: undefined, unsentRatio: undefined, delayedRatio: undefined };
    expect(meshOf([{ from: a, to: b, requests: 7, refusals: 0, flags: { FI: 0 } }]).edges).toMatchObject([none]);
});

it("counts what was not sent to a service for each of its workloads, and of all calls of the service", () => {
    const reviews = (version: string) => ({ app: "reviews", workload: `reviews-${version}`, namespace: "default" });
    const mesh = meshOf([
        { from: a, to: reviews("v1"), requests: 2, flags: { FI: 1 } },
        { from: a, to: reviews("v2"), requests: 1 },
        { from: b, to: reviews("v2"), requests: 1 },
    ]);
    expect(edgesOf(mesh)).toEqual([
        "default/a -> default/reviews-v1",
        "default/a -> default/reviews-v2",
        "default/b -> default/reviews-v2",
    ]);
    expect(mesh.edges.map(({ injectedRatio }) => injectedRatio)).toEqual([0.25, 0.25, undefined]);
});

it("draws the service if none of a caller's requests reached a workload", () => {
    const traffic = [
        { from: a, to: b, requests: 0, flags: { FI: 1, UH: 3 } },
        { from: b, to: workload("c"), requests: 1 },
    ];
    const mesh = meshOf(traffic, [], { filterEmpty: true });
    expect(edgesOf(mesh)).toEqual(["default/a -> default/no workload", "default/b -> default/c"]);
    expect(mesh.edges[0]).toMatchObject({ requestsPerSecond: 4, injectedRatio: 0.25, unsentRatio: 0.75 });
    expect(mesh.edges[0]?.errorRatio).toBeUndefined();
    // With the edges without traffic there is a workload.
    expect(edgesOf(meshOf(traffic))[0]).toBe("default/a -> default/b");
    // Without the details of the traffic, nobody knows.
    expect(edgesOf(meshOf(traffic, ["requests"], { filterEmpty: true }))).toEqual(["/b -> /c"]);
});

it("shows a delay that every client was tired of as 100 %", () => {
    const mesh = meshOf([{ from: a, to: b, flags: { DI: 1 } }]);
    expect(mesh.edges).toMatchObject([{ requestsPerSecond: 1, delayedRatio: 1 }]);
});

it("leaves out edges without traffic, and their nodes, if requested", () => {
    const traffic = [
        { from: a, to: b, requests: 0, bytes: 0 },
        { from: b, to: workload("c"), requests: 1 },
    ];
    expect(edgesOf(meshOf(traffic, [], { filterEmpty: true }))).toEqual(["default/b -> default/c"]);
    expect(meshOf(traffic, [], { filterEmpty: true }).nodes).toHaveLength(2);
});

it("shows added nodes without traffic", () => {
    const { nodes } = meshOf([{ from: a, to: b, requests: 1 }], [], { added: ["c", "a (a)"] });
    expect(nodes.map(({ name }) => name)).toEqual(["c", "a (a)", "b (b)"]);
});

it("accepts figures that are not numbers", () => {
    const { edges } = meshOf([{ from: a, to: b, requests: NaN, failures: NaN, p95: NaN, bytes: Infinity }]);
    expect(edges).toEqual([
        expect.objectContaining({ requestsPerSecond: NaN, errorRatio: undefined, p95Milliseconds: undefined }),
    ]);
});

it("distinguishes workloads that differ in any label, with any labels", () => {
    const anyWorkload = fc.record({ app: anyName, workload: anyName, namespace: anyName });
    fc.assert(
        fc.property(fc.uniqueArray(anyWorkload, { maxLength: 6, selector: (one) => JSON.stringify(one) }), (all) => {
            const traffic = all.map((to) => ({ from: a, to, requests: 1 }));
            const known = ({ namespace }: Traffic["to"]) => (namespace === "unknown" ? "" : namespace);
            const distinct = new Set(all.map((one) => JSON.stringify([known(one), one.app, one.workload])));
            expect(meshOf(traffic).edges).toHaveLength(distinct.size);
        }),
    );
});

it("shows the worst of several latencies, and no impossible error ratio", () => {
    // "unknown" is Istio's word for a missing namespace.
    const [known, none] = [workload("a", "unknown"), workload("a", "")];
    const { edges } = meshOf([
        { from: known, to: b, requests: 1, p95: 100 },
        { from: none, to: b, requests: 1, failures: -1, p95: 120 },
    ]);
    expect(edges).toMatchObject([{ p95Milliseconds: 120, errorRatio: 0 }]);
});
