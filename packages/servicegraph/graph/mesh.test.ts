import fc from "fast-check";
import { answerTo, BOOKINFO, type Traffic } from "../testing/traffic";
import { anyName } from "../testing/names";
import { type Detail, detailQueries, trafficQueries } from "../prometheus/queries";
import { Figures, type Mesh, MeshBuilder } from "./mesh";

const SELECTION = { timeHorizon: "5m", filterEmpty: false, filters: {} };

/** The mesh from Prometheus' answers for this traffic, without the answers to some queries. */
function meshOf(
    traffic: readonly Traffic[],
    without: Detail[] = [],
    { filterEmpty = false, added = [] as string[] } = {},
) {
    const builder = new MeshBuilder();
    const ask = (promql: string, detailed: boolean) => {
        const figures = new Figures();
        for (const { metric, value } of answerTo(promql, traffic)) {
            builder.read({ labels: metric, value: value === "+Inf" ? Infinity : Number(value) }, detailed, figures);
        }
        return figures;
    };
    const plain = trafficQueries({ ...SELECTION, filterEmpty });
    for (const [detail, promql] of Object.entries(detailQueries(SELECTION))) {
        if (!without.includes(detail as Detail)) {
            builder.detail(detail as Detail, ask(promql, true));
        }
    }
    builder.traffic("requests", ask(plain.requests, false));
    builder.traffic("bytes", ask(plain.bytes, false));
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
    const traffic: Traffic = { from: a, to: b, requests: 4, failures: 1, p95: 12.5, bytes: 300 };
    expect(meshOf([traffic]).edges).toEqual([
        {
            source: 0,
            target: 1,
            requestsPerSecond: 4,
            errorRatio: 0.25,
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
