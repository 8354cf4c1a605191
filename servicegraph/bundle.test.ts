import { once } from "node:events";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { serverFiles } from "./bundle";
import { type FakePrometheus, fakePrometheus } from "./testing/fakePrometheus";
import { type Program, startServer } from "./testing/program";
import { answerTo, BOOKINFO } from "./testing/traffic";

const files = serverFiles();

it("is the same every time, and names no place of this machine", () => {
    expect(serverFiles()).toEqual(files);
    for (const text of Object.values(files)) {
        expect(text).not.toContain(path.resolve(__dirname, ".."));
    }
});

it("has file names that a ConfigMap takes, and little enough text", () => {
    expect(Object.keys(files)).toEqual(expect.arrayContaining([expect.stringMatching(/^[-._a-zA-Z0-9]+$/)]));
    expect(Object.keys(files).filter((name) => !/^[-._a-zA-Z0-9]+$/.test(name))).toEqual([]);
    const bytes = Object.values(files).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    expect(bytes).toBeLessThan(900_000);
});

it("carries the licence of what it was made with", () => {
    expect(files["forcegraph.js"]).toMatch(/d3-force.*Permission to use, copy, modify, and\/or distribute/s);
});

describe("the program", () => {
    let prometheus: FakePrometheus;
    let program: Program;

    beforeAll(async () => {
        prometheus = await fakePrometheus((promql) =>
            promql.includes("[9m]") ? () => undefined : answerTo(promql, BOOKINFO),
        );
        program = await startServer(prometheus.url);
    }, 20_000);
    afterAll(async () => {
        await program.end();
        await prometheus.close();
    });

    it.each([
        "/graph",
        "/d3graph",
        "/dotgraph",
        "/dotviz",
        "/meshgraph",
        "/force/forcegraph.html",
        "/force/forcegraph.js",
    ])("answers %s", async (path) => {
        expect((await fetch(program.url + path)).status).toBe(200);
    });

    it("stops the thread's queries for a client that has gone", async () => {
        const client = new AbortController();
        const asked = fetch(`${program.url}/graph?time_horizon=9m`, { signal: client.signal }).catch(() => "gone");
        while (!prometheus.queries.some((promql) => promql.includes("[9m]"))) {
            await sleep(10);
        }
        client.abort();
        expect(await asked).toBe("gone");
        const metrics = async () => (await fetch(`${program.url}/metrics`)).text();
        while (!(await metrics()).includes('queries_total{outcome="abandoned"} 2')) {
            await sleep(10);
        }
    });

    it("tells what Prometheus refuses, from the thread that asks", async () => {
        await prometheus.close();
        const response = await fetch(`${program.url}/graph`);
        expect([response.status, await response.text()]).toEqual([502, expect.stringContaining("cannot be asked")]);
        expect(await (await fetch(`${program.url}/metrics`)).text()).toMatch(/queries_total\{outcome="failure"\} 2/);
    });

    it("ends on SIGTERM at once, with code 0", async () => {
        const ended = once(program.process, "exit");
        const start = performance.now();
        program.process.kill("SIGTERM");
        expect(await ended).toEqual([0, null]);
        expect(performance.now() - start).toBeLessThan(3000);
    });
});
