import { once } from "node:events";
import * as http from "node:http";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import {
    type FakePrometheus,
    fakePrometheus,
    type Reply,
    sendVector,
} from "../../../packages/servicegraph/testing/fakePrometheus";
import { type Program, startServer } from "../../../packages/servicegraph/testing/program";
import { answerTo, BOOKINFO } from "../../../packages/servicegraph/testing/traffic";

/*
 * servicegraph with answers of Prometheus up to the limit of their size, and with as many connections as a client can open. Whatever
 * happens, the same process answers the next request. Prometheus is a fake on loopback.
 */

const GRAPHS = ["/graph", "/d3graph", "/dotgraph", "/dotviz", "/meshgraph"];
/** Answered, too large, or too slow on a busy machine. */
const ORDERLY = [200, 503, 504];
/** The default of --prometheusAnswerBytes. */
const MOST_BYTES = 32 * 1024 * 1024;

let reply: (promql: string) => Reply;
let prometheus: FakePrometheus;
let server: Program;

beforeAll(async () => {
    prometheus = await fakePrometheus((promql) => reply(promql));
    // Slow machines need longer to send and read the largest answers.
    server = await startServer(prometheus.url, "--prometheusTimeout", "60s");
}, 60_000);

afterAll(async () => {
    await server.end();
    await prometheus.close();
});

beforeEach(() => {
    reply = (promql) => answerTo(promql, BOOKINFO);
});

/** The status and the length of the body, without the memory of a whole body. */
async function ask(path: string): Promise<{ status: number; length: number; text: string }> {
    const [response] = (await once(http.get(server.url + path, { agent: false }), "response")) as [
        http.IncomingMessage,
    ];
    let [length, text] = [0, ""];
    for await (const chunk of response as AsyncIterable<Buffer>) {
        length += chunk.length;
        text = text.length < 4000 ? text + chunk.toString() : text;
    }
    return { status: response.statusCode ?? 0, length, text };
}

/** Asks for a graph whose answers from Prometheus are these, and then for what shows that the server is well. */
async function statusWith(path: string, body: (promql: string) => string, zipped = false): Promise<number> {
    const sent = new Map<string, string | Buffer>();
    reply = (promql) => (response) => {
        const text = body(promql);
        const bytes = sent.get(text) ?? (zipped ? gzipSync(text, { level: 1 }) : Buffer.from(text));
        sent.set(text, bytes);
        response.writeHead(200, zipped ? { "Content-Encoding": "gzip" } : {}).end(bytes);
    };
    const { status, text } = await ask(path);
    expect(text).not.toMatch(/internal error|heap|call stack/i);
    expect(await ask("/healthz")).toMatchObject({ status: 200 });
    reply = (promql) => answerTo(promql, BOOKINFO);
    expect(await ask("/meshgraph?source_workload=next")).toMatchObject({ status: 200 });
    expect(server.process.exitCode ?? server.process.signalCode).toBeNull();
    return status;
}

const vector = (elements: Iterable<string>) =>
    `{"status":"success","data":{"resultType":"vector","result":[${[...elements].join(",")}]}}`;
const EMPTY = vector([]);

interface Shape {
    edges: number;
    /** The characters of each name; as many as fit into an answer at most. */
    characters: number;
    /** What the names consist of, as it is in JSON. */
    unit: string;
    /** How many workloads and namespaces there are. */
    names: number;
}

/** Prometheus' answer for edges with every label that servicegraph reads. */
function answerOf({ edges, characters, unit, names }: Shape): string {
    const fits = Math.floor((MOST_BYTES / edges - 420) / 9 / Buffer.byteLength(unit));
    const filler = unit.repeat(Math.max(0, Math.min(characters, fits)));
    const element = (index: number) => {
        const name = (end: number) => `"${(index * 7 + end * 13) % names}${filler}"`;
        return (
            `{"metric":{"source_app":${name(1)},"source_workload":${name(2)},"source_workload_namespace":${name(3)},` +
            `"destination_app":${name(4)},"destination_workload":${name(5)},"destination_workload_namespace":${name(6)},` +
            `"destination_service":${name(7)},"response_flags":"FI,${filler}","connection_security_policy":"${filler}"},` +
            `"value":[1540000000.781,"${index}.5"]}`
        );
    };
    return vector({
        *[Symbol.iterator]() {
            for (let index = 0; index < edges; index += 1) {
                yield element(index);
            }
        },
    });
}

it("survives any numbers of edges, names and characters, up to the limit of an answer", async () => {
    const anyCase = fc.record({
        path: fc.constantFrom(...GRAPHS),
        edges: fc.integer({ min: 0, max: 16 }).map((power) => 2 ** power),
        characters: fc.integer({ min: 0, max: 24 }).map((power) => 2 ** power),
        unit: fc.constantFrom("x", '\\"', "&", "\\u0001", "網", "😀", "\\ue000", "."),
        names: fc.constantFrom(1, 2, 100, 10_000, 1_000_000),
        zipped: fc.boolean(),
        only: fc.constantFrom("traffic", "details", "all"),
    });
    await fc.assert(
        fc.asyncProperty(anyCase, async ({ path, zipped, only, ...shape }) => {
            const body = answerOf(shape);
            const isAsked = (promql: string) => only === "all" || (only === "details") === promql.includes("namespace");
            const status = await statusWith(path, (promql) => (isAsked(promql) ? body : EMPTY), zipped);
            expect(ORDERLY).toContain(status);
        }),
        { numRuns: 30 },
    );
}, 900_000);

describe.each(GRAPHS)("%s survives the largest answers", (path) => {
    it.each([
        ["one edge", { edges: 1, characters: Infinity, names: 1e6, unit: "x" }],
        ["100 long names", { edges: 100, characters: Infinity, names: 1e6, unit: "&" }],
        ["26,000 edges between different workloads", { edges: 26_000, characters: 100, names: 1e6, unit: "x" }],
        ["20,000 edges of one caller", { edges: 20_000, characters: Infinity, names: 2, unit: "x" }],
        ["70,000 edges with short names", { edges: 70_000, characters: 0, names: 1e6, unit: "x" }],
    ] satisfies [string, Shape][])(
        "%s",
        async (_, shape) => {
            const body = answerOf(shape);
            expect(ORDERLY).toContain(await statusWith(path, () => body));
        },
        120_000,
    );
});

describe("answers with one very large or deep part", () => {
    const long = (unit: string) => unit.repeat(Math.floor((MOST_BYTES - 1000) / unit.length));
    const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
    const element = (labels: string, value = '[1,"1"]') => vector([`{"metric":{${labels}},"value":${value}}`]);

    it.each<[string, () => string, number[]]>([
        ["a value", () => element("", `[1,"${long("1")}x"]`), [503]],
        ["a value below the limit of a part", () => element("", `[1,"${"1".repeat(4_000_000)}x"]`), [502]],
        ["many labels", () => element(long('"a":"b",') + '"c":"d"'), [503]],
        ["a text instead of JSON", () => long("x"), [502]],
        ["spaces", () => long(" "), [502]],
        ["small lists", () => `{"status":"success","data":[${long("[],")}[]]}`, [503]],
        ["an error", () => `{"status":"error","errorType":"bad_data","error":"${long("x")}"}`, [503]],
        ["a deep label", () => element(`"source_app":${deep(1_000_000)}`), [502]],
        ["a deep answer", () => deep(2_000_000), [502]],
        ["a deep type", () => `{"status":"success","data":{"resultType":${deep(100_000)}}}`, [502]],
        ["a vector that is not a list", () => '{"status":"success","data":{"resultType":"vector","result":{}}}', [502]],
        ["more than the limit", () => vector([long("x"), long("x")]), [502, 503]],
    ])(
        "%s",
        async (_, body, expected) => {
            const text = body();
            for (const path of ["/graph", "/meshgraph"]) {
                expect(expected).toContain(await statusWith(path, () => text));
            }
        },
        120_000,
    );
});

/** Answers each query for Bookinfo, some seconds later. */
const slowly = (seconds: number) => (promql: string) => (response: http.ServerResponse) =>
    void setTimeout(() => {
        sendVector(response, answerTo(promql, BOOKINFO));
    }, seconds * 1000);

it.each([
    [12, "/meshgraph", 4],
    [200, "/graph", 1],
])(
    "answers %i viewers of different graphs at %s at once, while each query takes %i s",
    async (viewers, path, seconds) => {
        reply = slowly(seconds);
        const start = performance.now();
        const asked = Array.from({ length: viewers }, (_, index) => ask(`${path}?time_horizon=${index + 1}m`));
        expect((await Promise.all(asked)).filter(({ status }) => status !== 200)).toEqual([]);
        expect(performance.now() - start).toBeLessThan(20_000);
    },
    30_000,
);

it("is quick for others while the details for five viewers hang", async () => {
    reply = (promql) => (promql.includes("namespace") ? () => undefined : answerTo(promql, BOOKINFO));
    const viewers = [1, 2, 3, 4, 5].map((minutes) => ask(`/meshgraph?time_horizon=${minutes}m`));
    await sleep(300);
    const start = performance.now();
    expect(await ask("/graph")).toMatchObject({ status: 200 });
    expect(performance.now() - start).toBeLessThan(3000);
    const answers = await Promise.all(viewers);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(performance.now() - start).toBeLessThan(8000);
}, 30_000);

it("answers probes despite 600 silent connections, and closes those within ten seconds", async () => {
    const { hostname, port } = new URL(server.url);
    const open = new Set<Socket>();
    for (let index = 0; index < 600; index += 1) {
        const socket = connect(Number(port), hostname).on("error", () => undefined);
        socket.on("close", () => open.delete(socket));
        open.add(socket);
        await once(socket, "connect");
        socket.write(index % 2 === 0 ? "" : "GET / HTTP/1.1\r\nA: ");
        socket.resume();
    }
    const start = performance.now();
    expect(await ask("/healthz")).toMatchObject({ status: 200 });
    expect(performance.now() - start).toBeLessThan(5000);
    while (open.size > 0) {
        await sleep(50);
    }
    expect(performance.now() - start).toBeLessThan(15_000);
}, 60_000);

it("answers probes although clients send endless heads", async () => {
    const { hostname, port } = new URL(server.url);
    const sockets = Array.from({ length: 200 }, () => connect(Number(port), hostname).on("error", () => undefined));
    const filler = "x".repeat(60_000);
    for (const socket of sockets) {
        socket.write("GET /graph HTTP/1.1\r\nA: ");
    }
    for (let round = 0; round < 16; round += 1) {
        sockets.filter(({ writable }) => writable).forEach((socket) => socket.write(filler));
        await sleep(50);
        expect(await ask("/healthz")).toMatchObject({ status: 200 });
    }
    sockets.forEach((socket) => socket.destroy());
    expect(await ask("/graph")).toMatchObject({ status: 200 });
}, 60_000);
