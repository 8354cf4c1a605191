import { fakePrometheus } from "../testing/fakePrometheus";
import { testServer, type TestServer } from "../testing/server";
import { answerTo, BOOKINFO, type Traffic } from "../testing/traffic";

const [first, second, ...others] = BOOKINFO as [Traffic, Traffic, ...Traffic[]];
const CHANGE = "2026-01-02T03:00:00.000Z";

/** Since the change, one edge fails, another one is gone. */
const after: Traffic[] = [{ ...first, failures: 1.7 }, ...others];

let server: TestServer;
let close: () => Promise<void>;
const times = new Set<string>();

beforeAll(async () => {
    const prometheus = await fakePrometheus((promql, time) => {
        times.add(time);
        return answerTo(promql, time < CHANGE ? BOOKINFO : after);
    });
    server = await testServer(prometheus.url);
    close = async () => {
        await server.close();
        await prometheus.close();
    };
});

afterAll(() => close());

beforeEach(() => {
    times.clear();
});

it.each(["/graph", "/d3graph", "/dotgraph", "/dotviz", "/meshgraph"])("%s shows an earlier moment", async (path) => {
    const { status, body } = await server.ask(`${path}?at=2026-01-02T03:59:00%2B01:00`);
    expect([status, [...times]]).toEqual([200, ["2026-01-02T02:59:00.000Z"]]);
    expect(body.replaceAll("\\u003e", ">")).toContain(second.to.workload);
    expect((await server.ask(`${path}?at=1767323460`)).body).not.toContain(second.to.workload);
    expect([...times].at(-1)).toBe("2026-01-02T03:11:00.000Z");
});

it("compares two moments, in words and as JSON", async () => {
    const query = "at=2026-01-02T03:10:00Z&compare=2026-01-02T02:50:00Z";
    const mesh = JSON.parse((await server.ask(`/meshgraph?${query}`)).body) as { edges: { changes?: string[] }[] };
    expect([...times].sort()).toEqual(["2026-01-02T02:50:00.000Z", "2026-01-02T03:10:00.000Z"]);
    expect(mesh.edges.flatMap(({ changes }) => changes ?? []).sort()).toEqual(["gone", "more errors"]);
    const page = (await server.ask(`/dotviz?${query}`)).body;
    expect(page).toContain("Since 2026-01-02 02:50:00 UTC: 1 edge with more errors, 1 edge gone");
    expect(page).toContain("1 workload gone: <bdi>details (details-v1)</bdi>");
    expect(page).toContain("more errors (before: 0 % errors)");
    expect(page).toContain("gone (before: 3.4 req/s)");
});

it("compares nothing if the earlier moment has no namespaces", async () => {
    const prometheus = await fakePrometheus((promql, time) =>
        time < CHANGE && promql.includes("_namespace")
            ? (response) => response.writeHead(500).end()
            : answerTo(promql, BOOKINFO),
    );
    const partial = await testServer(prometheus.url);
    const { body } = await partial.ask("/dotviz?at=2026-01-02T03:10:00Z&compare=2026-01-02T02:50:00Z");
    expect(body).toContain("at the earlier moment, requests: Prometheus");
    expect(body).not.toMatch(/Since |workloads? new/);
    await partial.close();
    await prometheus.close();
});

it.each([
    ["at=yesterday", `at must be a moment, RFC 3339 such as 2026-11-30T17:00:00Z, seconds`],
    ["at=2999-01-01T00:00:00Z", "at must be in the past; it is 20"],
    ["compare=10m", `compare must be a moment, RFC 3339`],
    ["at=-1h&compare=-30m", `compare must be earlier than at, which is 20`],
])("refuses %s", async (query, message) => {
    for (const path of ["/graph", "/meshgraph", "/dotviz"]) {
        const { status, body } = await server.ask(`${path}?${query}`);
        expect([status, body]).toEqual([400, expect.stringContaining(message)]);
    }
    expect([...times]).toEqual([]);
});
