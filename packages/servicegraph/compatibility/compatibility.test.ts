import { type Element, fakePrometheus } from "../testing/fakePrometheus";
import { testServer, type TestServer } from "../testing/server";
import recorded from "./recorded.json";

/*
 * recorded.json has the answers of the servicegraph of Istio 1.0.5, while a Prometheus answered its two queries with `requests` and
 * `bytes`. The order of nodes was random in 1.0, so that the tests sort them. JSON is compared by its values, DOT byte by byte.
 */

interface RecordedGraph {
    name: string;
    requests: Element[];
    bytes: Element[];
    graph: string;
    d3graph: string;
    dotgraph: string;
}

interface RecordedRequest {
    method: string;
    path: string;
    status: number;
    type: string | null;
    location: string | null;
    body: string;
}

const graphs = recorded.graphs as unknown as RecordedGraph[];
const requests = recorded.requests as RecordedRequest[];

/** DOT with sorted lines for nodes; lines for edges keep their order. */
function withSortedNodes(dot: string): string {
    const lines = dot.trimEnd().split("\n");
    const edges = lines.filter((line) => line.includes("] -> ") || / -> "/.test(line));
    const nodes = lines.slice(1 + edges.length, -1).sort();
    return [lines[0], ...edges, ...nodes, lines.at(-1)].join("\n");
}

/** Links by the names of their ends and not by indexes, and the nodes sorted. */
function withNames(d3: string): unknown {
    const { nodes, links } = JSON.parse(d3) as {
        nodes: { name: string }[];
        links: { source: number; target: number; labels: object }[];
    };
    const names = nodes.map(({ name }) => name);
    return {
        nodes: [...names].sort(),
        links: links.map((link) => ({ ...link, source: names[link.source], target: names[link.target] })),
    };
}

/** What is compared of a body: JSON by its values, everything else byte by byte. */
function comparable(path: string, body: string): unknown {
    if (body.startsWith("{")) {
        return path === "/d3graph" ? withNames(body) : JSON.parse(body);
    }
    return path === "/dotgraph" ? withSortedNodes(body) : body;
}

describe.each(graphs)("the graph of $name", ({ requests, bytes, graph, d3graph, dotgraph }) => {
    let server: TestServer;
    const bodyOf = async (path: string) => (await server.ask(path)).body;
    let stop: () => Promise<void>;

    beforeAll(async () => {
        const prometheus = await fakePrometheus((promql) => (promql.includes("tcp") ? bytes : requests));
        server = await testServer(prometheus.url);
        stop = async () => {
            await server.close();
            await prometheus.close();
        };
    });
    afterAll(() => stop());

    it.each([
        ["/graph", graph],
        ["/d3graph", d3graph],
        ["/dotgraph", dotgraph],
    ])("%s is the same", async (path, expected) => {
        expect(comparable(path, await bodyOf(path))).toEqual(comparable(path, expected));
    });
});

test("every request gets the same status, type, location and body", async () => {
    const prometheus = await fakePrometheus(() => []);
    const server = await testServer(prometheus.url);
    try {
        for (const { method, path, status, type, location, body } of requests) {
            const answer = await server.ask(path, method);
            expect({
                request: `${method} ${path}`,
                status: answer.status,
                type: answer.headers["content-type"] ?? null,
                location: answer.headers.location ?? null,
                body: comparable(path, answer.body),
            }).toEqual({ request: `${method} ${path}`, status, type, location, body: comparable(path, body) });
        }
    } finally {
        await server.close();
        await prometheus.close();
    }
});

test.each(Object.entries(recorded.queries))("/graph%s asks Prometheus the same queries", async (search, queries) => {
    const prometheus = await fakePrometheus(() => []);
    const server = await testServer(prometheus.url);
    try {
        await server.ask(`/graph${search}`);
        expect([...prometheus.queries].sort()).toEqual(queries);
    } finally {
        await server.close();
        await prometheus.close();
    }
});

describe("the improvements over 1.0", () => {
    const vector = (source: string, target: string): Element => ({
        metric: { source_app: source, source_workload: "w", destination_app: target, destination_workload: "w" },
        value: "1",
    });
    let server: TestServer;
    let prometheus: Awaited<ReturnType<typeof fakePrometheus>>;
    beforeAll(async () => {
        prometheus = await fakePrometheus((promql) => (promql.includes("tcp") ? [] : [vector("a.b", "a_b")]));
        server = await testServer(prometheus.url);
    });
    afterAll(async () => {
        await server.close();
        await prometheus.close();
    });

    it.each([
        ["time_horizon=5", 'could not parse time_horizon: not a valid duration string: "5"'],
        ["time_horizon=5m%5D)%20or%20vector(1", "could not parse time_horizon"],
        ["time_horizon=0s", "time_horizon must be longer than 0"],
        ["time_horizon=300y", "could not parse time_horizon"],
        ...["%205m", "5m%20", "0x10s", "1e1m", "1.5h", "-5m", "nan", "inf", "5M", "5m30m", "%D9%A5m"].map((value) => [
            `time_horizon=${value}`,
            "could not parse time_horizon: not a valid duration string: ",
        ]),
        ["filter_empty=yes", 'filter_empty must be true or false: "yes"'],
    ])("refuses %s with 400 and the reason, without asking Prometheus", async (query, reason) => {
        const asked = prometheus.queries.length;
        for (const path of ["/graph", "/d3graph", "/dotgraph", "/meshgraph"]) {
            expect(await server.ask(`${path}?${query}`)).toMatchObject({
                status: 400,
                body: expect.stringContaining(reason) as string,
            });
        }
        expect(prometheus.queries).toHaveLength(asked);
    });

    it.each(["0x10", "%205", "5%20", "nan", "inf", "-1", "1.5", "1e1", "10s", "100000"])(
        "refuses refresh=%s with 400 and the reason",
        async (value) => {
            expect(await server.ask(`/dotviz?refresh=${value}`)).toMatchObject({
                status: 400,
                body: expect.stringContaining("refresh must be a whole number of seconds up to 9999") as string,
            });
        },
    );

    it("accepts durations of several units", async () => {
        expect(await server.ask("/graph?time_horizon=1h30m")).toMatchObject({ status: 200 });
        expect(prometheus.queries.at(-1)).toContain("[1h30m]");
    });

    it("distinguishes names that differ only in dots, slashes and spaces", async () => {
        const { body } = await server.ask("/dotgraph");
        expect(body).toContain('"a_b_(w)_2" [label="a_b (w)"];');
        expect(body).toContain('"a_b_(w)" -> "a_b_(w)_2"');
    });

    it("filters by the labels that Istio's metrics have", async () => {
        const asked = prometheus.queries.length;
        await server.ask(
            "/graph?source_namespace=a&source_workload=b&destination_namespace=c&destination_workload=d&filter_empty=true",
        );
        expect(prometheus.queries.slice(asked)).toContain(
            'sum(rate(istio_requests_total{reporter="destination",destination_workload_namespace="c",' +
                'destination_workload="d",source_workload_namespace="a",source_workload="b"}[5m])) ' +
                "by (source_workload, destination_workload, source_app, destination_app) > 0",
        );
    });
});
