import { once } from "node:events";
import * as http from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type FakePrometheus, fakePrometheus, type Reply } from "../testing/fakePrometheus";
import { testServer, type TestServer } from "../testing/server";
import { answerTo, BOOKINFO } from "../testing/traffic";

const GRAPHS = ["/graph", "/d3graph", "/dotgraph", "/dotviz", "/meshgraph"];

/** Runs a test with a server and a fake Prometheus. */
async function withServer(
    reply: (promql: string) => Reply,
    test: (server: TestServer, prometheus: FakePrometheus) => Promise<void>,
    limits = {},
): Promise<void> {
    const prometheus = await fakePrometheus(reply);
    const server = await testServer(prometheus.url, limits);
    try {
        await test(server, prometheus);
    } finally {
        await server.close();
        await prometheus.close();
    }
}

const bookinfo = (promql: string) => answerTo(promql, BOOKINFO);
const never: Reply = () => undefined;
const withReason = (status: number, reason: string) => ({ status, body: expect.stringContaining(reason) as string });

it("stays healthy while Prometheus is down, and answers 502", async () => {
    const server = await testServer("http://127.0.0.1:9");
    try {
        for (const path of GRAPHS) {
            expect(await server.ask(path)).toMatchObject(withReason(502, "Prometheus at http://127.0.0.1:9"));
            expect(await server.ask("/healthz")).toMatchObject({ status: 200, body: "ok\n" });
        }
        expect(server.logged).toEqual([]);
    } finally {
        await server.close();
    }
});

it("answers 504 if Prometheus takes too long", async () => {
    await withServer(
        () => never,
        async (server) => {
            const answers = await Promise.all(GRAPHS.map((path) => server.ask(path)));
            for (const answer of answers) {
                expect(answer.status).toBe(504);
                expect(answer.body).toContain("does not answer within 0.3 s");
            }
        },
        { timeout: 300 },
    );
});

it("answers 504 if Prometheus stalls in the middle of an answer", async () => {
    await withServer(
        () => (response) => response.write('{"status":"success","data":{"resultType":"vector","result":['),
        async (server) => {
            expect(await server.ask("/graph")).toMatchObject(withReason(504, "does not answer within 0.3 s"));
        },
        { timeout: 300 },
    );
});

const garbage: [string, Reply, string][] = [
    ["answers with a page", (response) => response.writeHead(200).end("<html>"), "not its API's JSON"],
    ["hangs up", (response) => response.destroy(), "cannot be queried"],
    [
        "stops in the middle",
        (response) => (response.writeHead(200, { "Content-Length": 99 }), response.write("{"), response.destroy()),
        "cannot be queried",
    ],
    [
        "redirects to a closed port",
        (response) => response.writeHead(302, { Location: "http://127.0.0.1:9/login?secret" }).end(),
        "ECONNREFUSED 127.0.0.1:9; it redirects to http://127.0.0.1:9/login: set --prometheusAddr to the address of its API",
    ],
    ["redirects endlessly", (response) => response.writeHead(307, { Location: "" }).end(), "more than 5 times"],
    ["redirects without a Location", (response) => response.writeHead(308).end(), "status 308 and no Location"],
    [
        "redirects to what is not HTTP",
        (response) => response.writeHead(301, { Location: "file:///etc/passwd" }).end(),
        "redirects to file:///etc/passwd, which is not an HTTP address",
    ],
    ["answers endlessly", (response) => response.end("x".repeat(300_000)), "longer than 200000 bytes"],
    [
        "refuses",
        (response) => response.writeHead(400).end('{"status":"error","errorType":"bad_data","error":"<no> & way"}'),
        "bad_data: <no> & way",
    ],
];

it.each(garbage)("answers 502 if Prometheus %s, even for one of the two queries", async (_, reply, reason) => {
    for (const metric of ["istio_requests_total", "istio_tcp"]) {
        await withServer(
            (promql) => (promql.includes(metric) ? reply : bookinfo(promql)),
            async (server) => {
                expect(await server.ask("/graph")).toMatchObject(withReason(502, reason));
                expect(await server.ask("/dotviz")).toMatchObject({ status: 502 });
            },
            { answerBytes: 200_000 },
        );
    }
});

it.each([301, 302, 303, 307, 308])("follows Prometheus' redirects with status %d", async (status) => {
    const elsewhere = await fakePrometheus(bookinfo);
    try {
        await withServer(
            (promql) => (response) =>
                response
                    .writeHead(status, {
                        Location: `${elsewhere.url}/prefix/api/v1/query?${new URLSearchParams({ query: promql }).toString()}`,
                    })
                    .end(),
            async (server) => {
                const answer = await server.ask("/graph");
                expect(answer).toMatchObject(withReason(200, "productpage"));
            },
        );
    } finally {
        await elsewhere.close();
    }
});

it("draws the graph of the two queries if details are unavailable, and says why", async () => {
    await withServer(
        (promql) =>
            promql.includes("namespace") ? (response) => response.writeHead(500).end("down") : bookinfo(promql),
        async (server) => {
            const { status, body } = await server.ask("/meshgraph");
            const mesh = JSON.parse(body) as { nodes: unknown[]; edges: unknown[]; missing: string[] };
            expect([status, mesh.nodes.length, mesh.edges.length]).toEqual([200, 7, 7]);
            expect(mesh.missing.sort()).toEqual(
                ["bytes", "copies", "failures", "interventions", "latency", "refusals", "requests"].map(
                    (detail) => `${detail}: Prometheus answers with status 500 and a body that is not its API's JSON`,
                ),
            );
            expect((await server.ask("/dotviz")).body).toContain("latency: Prometheus answers with status 500");
        },
    );
});

it("does not wait long for details after the traffic, and gives them up with the answer", async () => {
    let dropped = 0;
    const hangs: Reply = (response) => {
        response.on("close", () => (dropped += 1));
    };
    await withServer(
        (promql) => (promql.includes("namespace") ? hangs : bookinfo(promql)),
        async (server) => {
            const start = performance.now();
            const { status, body } = await server.ask("/meshgraph");
            expect([status, performance.now() - start < 4000]).toEqual([200, true]);
            expect(body).toContain("needs more than 2 s longer");
            await sleep(20);
            expect(dropped).toBe(7);
        },
        { timeout: 60_000 },
    );
});

it("queries Prometheus once for simultaneous requests for the same graph", async () => {
    await withServer(
        () => (response) => {
            // A busy machine needs a while to take all of them.
            setTimeout(
                () => response.end('{"status":"success","data":{"resultType":"vector","result":[]}}'),
                500,
            ).unref();
        },
        async (server, prometheus) => {
            await Promise.all(Array.from({ length: 20 }, () => server.ask("/graph")));
            expect(prometheus.queries).toHaveLength(2);
            await server.ask("/graph");
            expect(prometheus.queries).toHaveLength(4);
        },
    );
});

it("waits for Prometheus for many graphs at once", async () => {
    const held: (() => void)[] = [];
    await withServer(
        () => (response) => {
            held.push(() => response.end('{"status":"success","data":{"resultType":"vector","result":[]}}'));
        },
        async (server) => {
            const asked = Array.from({ length: 40 }, (_, index) => server.ask(`/graph?time_horizon=${index + 1}m`));
            while (held.length < 80) {
                await sleep(10);
            }
            held.forEach((reply) => {
                reply();
            });
            expect((await Promise.all(asked)).filter(({ status }) => status === 200)).toHaveLength(40);
        },
    );
});

it("makes one graph for equivalent requests", async () => {
    const later: Reply = (response) => {
        setTimeout(() => response.end('{"status":"success","data":{"resultType":"vector","result":[]}}'), 200).unref();
    };
    await withServer(
        () => later,
        async (server, prometheus) => {
            const answers = await Promise.all([
                ...Array.from({ length: 40 }, (_, index) => server.ask(`/graph?unknown=${index}&source_workload=a`)),
                server.ask("/graph?source_workload=a&time_horizon=5m&filter_empty=false&source_namespace=&refresh=5"),
            ]);
            expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
            expect(prometheus.queries).toHaveLength(2);
            await Promise.all(["", "?unknown=1", "?refresh=60"].map((query) => server.ask(`/dotviz${query}`)));
            // Two different pages: one loads again, the other does not.
            expect(prometheus.queries).toHaveLength(2 + 2 * 9);
        },
    );
});

it("asks nothing more for clients that are gone", async () => {
    let dropped = 0;
    await withServer(
        () => (response) => {
            response.on("close", () => (dropped += 1));
        },
        async (server, prometheus) => {
            const ask = (minutes: number, client: AbortController) =>
                fetch(`${server.url}/graph?time_horizon=${minutes}m`, { signal: client.signal }).catch(() => undefined);
            const [gone, other] = [new AbortController(), new AbortController()];
            // Two graphs, one of them for two clients.
            const asked = [ask(1, gone), ask(2, gone), ask(2, other)];
            while (prometheus.queries.length < 4) {
                await sleep(10);
            }
            await sleep(100);
            gone.abort();
            while (dropped < 2) {
                await sleep(10);
            }
            const { body } = await server.ask("/metrics");
            expect(body).toContain('servicegraph_http_requests_total{endpoint="/graph",code="499"} 2');
            expect(body).toContain('servicegraph_prometheus_queries_total{outcome="abandoned"} 2');
            other.abort();
            await Promise.all(asked);
            expect(server.logged).toEqual([]);
        },
    );
});

it.each([
    [NaN, "NaN", "no data"],
    [Infinity, "+Inf", "∞ req/s"],
    [-Infinity, "-Inf", "−∞ req/s"],
])("shows %d requests per second as such, and not as none", async (requests, word, shown) => {
    const traffic = BOOKINFO.map((one) => ({ ...one, requests }));
    await withServer(
        (promql) => answerTo(promql, traffic),
        async (server) => {
            const { edges } = JSON.parse((await server.ask("/meshgraph")).body) as { edges: object[] };
            expect(edges).toEqual(edges.map(() => expect.objectContaining({ requestsPerSecond: word }) as unknown));
            expect((await server.ask("/graph")).body).toContain(`"reqs/sec":"${word}"`);
            expect((await server.ask("/dotviz")).body).toContain(shown);
        },
    );
});

it("disconnects clients that read nothing, and no slow ones", async () => {
    // More than the buffers of sockets.
    const traffic = Array.from({ length: 16 }, (_, index) => ({
        from: { app: `${index}${"x".repeat(900_000)}`, workload: "w", namespace: "n" },
        to: { app: "b", workload: "w", namespace: "n" },
        requests: 1,
    }));
    await withServer(
        (promql) => answerTo(promql, traffic),
        async (server) => {
            const lengthAfter = async (pause: number) => {
                const [response] = (await once(http.get(`${server.url}/graph`, { agent: false }), "response")) as [
                    http.IncomingMessage,
                ];
                await sleep(pause);
                let length = 0;
                for await (const chunk of response as AsyncIterable<Buffer>) {
                    length += chunk.length;
                }
                return length;
            };
            await expect(lengthAfter(1500)).rejects.toThrow("aborted");
            expect(await lengthAfter(100)).toBeGreaterThan(28_000_000);
        },
        { stall: 500, answerBytes: 40_000_000, timeout: 15_000 },
    );
}, 20_000);

it("shows an added node at once", async () => {
    await withServer(bookinfo, async (server) => {
        expect((await server.ask("/graph")).body).not.toContain("by hand");
        await server.ask("/node?name=by%20hand", "POST");
        for (const path of GRAPHS) {
            expect((await server.ask(path)).body).toContain("by hand");
        }
    });
});

it("limits the memory of added nodes", async () => {
    await withServer(bookinfo, async (server) => {
        for (let node = 0; node < 10; node += 1) {
            expect(await server.ask(`/node?name=${node}${"x".repeat(9_990)}`, "POST")).toMatchObject({ status: 200 });
        }
        expect(await server.ask(`/node?name=${"y".repeat(9_990)}`, "POST")).toMatchObject(
            withReason(507, "no more nodes"),
        );
        expect(await server.ask(`/node?name=0${"x".repeat(9_990)}`, "POST")).toMatchObject({ status: 200 });
    });
});

it("allows pages to load only the server's own files, and other answers nothing", async () => {
    await withServer(bookinfo, async (server) => {
        const policyOf = async (path: string) => (await server.ask(path)).headers["content-security-policy"];
        expect(await policyOf("/dotviz")).toBe(
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; style-src 'self'; img-src 'self'; form-action 'self'",
        );
        expect(await policyOf("/dotviz?time_horizon=x")).toBe(await policyOf("/dotviz"));
        expect(await policyOf("/force/forcegraph.html")).toBe(
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; " +
                "script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'",
        );
        for (const path of ["/graph", "/graph?time_horizon=%3Cscript%3E", "/nothing", "/healthz", "/favicon.svg"]) {
            const { headers } = await server.ask(path);
            expect([path, headers["x-content-type-options"], headers["content-security-policy"]]).toEqual([
                path,
                "nosniff",
                "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
            ]);
        }
    });
});

it.each([
    ["/force/forcegraph.html", "text/html; charset=utf-8", "forcegraph.html"],
    ["/force/forcegraph.css", "text/css; charset=utf-8", "forcegraph.css"],
    ["/force/forcegraph.js", "text/javascript; charset=utf-8", "forcegraph.js"],
    ["/mesh.css", "text/css; charset=utf-8", "mesh.css"],
    ["/favicon.svg", "image/svg+xml", "favicon.svg"],
])("serves %s as %s", async (path, type, file) => {
    await withServer(bookinfo, async (server) => {
        const { status, headers, body } = await server.ask(path);
        expect([status, headers["content-type"], body.endsWith(`: ${file}`)]).toEqual([200, type, true]);
        expect((await server.ask(path, "HEAD")).body).toBe("");
    });
});

it.each([
    "/%zz",
    "/graph/%ff",
    "*",
    "/../../etc/passwd",
    "/force/..%2fserver.mjs",
    "/server.mjs",
    "/__proto__",
    "/\\evil",
    "//evil.example/%2e%2e",
])("serves nothing at %s", async (path) => {
    await withServer(bookinfo, async (server) => {
        const { status, headers } = await server.ask(path);
        expect([301, 400, 404]).toContain(status);
        // Never to another host.
        expect(headers.location ?? "/").toMatch(/^\/(?![/\\])/);
        expect(server.logged).toEqual([]);
    });
});

it.each([
    ["//a%23b", "/a%23b"],
    ["//a%3Fb?c=d%23#e", "/a%3Fb?c=d%23#e"],
    ["//%0d%0aSet-Cookie:%20a", "/%0D%0ASet-Cookie:%20a"],
    ["/x/..//%2e%2e//b!'()*%24&+,:;=@", "/b%21%27%28%29%2A$&+,:;=@"],
    ["/%25%32%33//", "/%2523/"],
    ["//é".replace("é", "%C3%A9"), "/%C3%A9"],
])("redirects %s to %s, which is equivalent", async (path, location) => {
    await withServer(bookinfo, async (server) => {
        const { status, headers } = await server.ask(path);
        expect([status, headers.location]).toEqual([301, location]);
    });
});

it("answers 304 without a body if the client has the file", async () => {
    await withServer(bookinfo, async (server) => {
        for (const path of ["/mesh.css", "/force/forcegraph.html"]) {
            const { headers } = await server.ask(path);
            const tag = headers.etag ?? "";
            expect(tag).toMatch(/^"[\w-]{22}"$/);
            const known = await server.ask(path, "GET", { "If-None-Match": `"other", W/${tag}` });
            expect(known).toMatchObject({ status: 304, body: "", headers: { etag: tag } });
            expect(await server.ask(path, "GET", { "If-None-Match": '"other"' })).toMatchObject({ status: 200 });
        }
        expect((await server.ask("/graph")).headers.etag).toBeUndefined();
    });
});

it("accepts heads as long as Go does, and targets that are not escaped", async () => {
    await withServer(bookinfo, async (server, prometheus) => {
        expect(await server.ask("/graph", "GET", { Cookie: "x".repeat(900_000) })).toMatchObject({ status: 200 });
        expect(await server.ask("/graph", "GET", { Cookie: "x".repeat(1_100_000) })).toMatchObject({ status: 431 });
        const { port, hostname } = new URL(server.url);
        const socket = connect(Number(port), hostname);
        socket.write("GET /graph?source_workload=ü HTTP/1.1\r\nHost: x\r\n\r\n");
        let answer = "";
        for await (const chunk of socket as AsyncIterable<Buffer>) {
            answer += chunk.toString();
        }
        expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n.*\r\nConnection: close\r\n.*productpage.*\n$/s);
        expect(prometheus.queries.at(-1)).toContain('source_workload="\\u00fc"');
        expect(server.logged).toEqual([]);
    });
});

it("answers OPTIONS * and no other method for *", async () => {
    await withServer(bookinfo, async (server) => {
        expect(await server.ask("*", "OPTIONS")).toMatchObject({ status: 200, body: "" });
        expect(await server.ask("*")).toMatchObject({ status: 400 });
        expect(await server.ask("graph")).toMatchObject({ status: 400 });
        expect(server.logged).toEqual([]);
    });
});

it("shows the value of a filter as text", async () => {
    await withServer(bookinfo, async (server, prometheus) => {
        const { body } = await server.ask(`/dotviz?source_workload=${encodeURIComponent('"><script>x')}`);
        expect(body).not.toContain("<script>");
        expect(prometheus.queries[0]).toContain('source_workload="\\"><script>x"');
    });
});

it("counts its answers in /metrics, in Prometheus' text format", async () => {
    await withServer(bookinfo, async (server) => {
        await server.ask("/graph");
        await server.ask("/graph?time_horizon=x");
        await server.ask("/no/such/path");
        const { headers, body } = await server.ask("/metrics");
        expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
        for (const line of [
            'servicegraph_http_requests_total{endpoint="/graph",code="200"} 1',
            'servicegraph_http_requests_total{endpoint="/graph",code="400"} 1',
            'servicegraph_http_requests_total{endpoint="other",code="404"} 1',
            'servicegraph_http_request_duration_seconds_count{endpoint="/graph"} 2',
            'servicegraph_http_request_duration_seconds_bucket{endpoint="/graph",le="+Inf"} 2',
            'servicegraph_prometheus_queries_total{outcome="success"} 2',
            "servicegraph_http_requests_in_flight 1",
        ]) {
            expect(body.split("\n")).toContain(line);
        }
        expect(errorsIn(body)).toEqual([]);
    });
});

/** The errors of an exposition. Each family has one header, and each line is a comment or a sample of its family. */
function errorsIn(exposition: string): string[] {
    const errors: string[] = [];
    const families = new Set<string>();
    let family = "";
    for (const line of exposition.replace(/\n$/, "").split("\n")) {
        const [, kind, name = ""] = /^# (HELP|TYPE) ([a-z_]+) \S/.exec(line) ?? [];
        if (kind === "HELP") {
            errors.push(...(families.has(name) ? [`${name} twice`] : []));
            families.add((family = name));
        } else if (kind === "TYPE" ? name !== family : !isSampleOf(family, line)) {
            errors.push(line);
        }
    }
    return errors;
}

function isSampleOf(family: string, line: string): boolean {
    const [, name = ""] =
        /^([a-z_]+)(?:\{[a-z_]+="[^"\\\n]*"(?:,[a-z_]+="[^"\\\n]*")*\})? -?[\d.e+-]+$/.exec(line) ?? [];
    return ["", "_bucket", "_sum", "_count"].some((suffix) => name === family + suffix);
}

it("answers other requests while one waits for Prometheus", async () => {
    await withServer(
        () => never,
        async (server) => {
            const slow = server.ask("/graph");
            expect(await server.ask("/healthz")).toMatchObject({ status: 200 });
            expect(await slow).toMatchObject({ status: 504 });
        },
        { timeout: 200 },
    );
});
