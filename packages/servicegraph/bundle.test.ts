import { once } from "node:events";
import { execFile } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { serverFiles, unpackServer } from "./bundle";
import { type Element, type FakePrometheus, fakePrometheus, type Reply, sendVector } from "./testing/fakePrometheus";
import { largeMesh } from "./testing/largeMesh";
import { type Program, startServer } from "./testing/program";
import { answerTo, BOOKINFO } from "./testing/traffic";

const files = serverFiles();

it("is the same every time, and contains no path of this machine", () => {
    expect(serverFiles()).toEqual(files);
    for (const text of Object.values(files)) {
        expect(text).not.toContain(path.resolve(__dirname, "../.."));
    }
});

it("has file names that are valid in a ConfigMap, and is small enough", () => {
    expect(Object.keys(files)).toEqual(expect.arrayContaining([expect.stringMatching(/^[-._a-zA-Z0-9]+$/)]));
    expect(Object.keys(files).filter((name) => !/^[-._a-zA-Z0-9]+$/.test(name))).toEqual([]);
    const bytes = Object.values(files).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    expect(bytes).toBeLessThan(900_000);
});

it("shows its flags with --help, which is no error", async () => {
    const { folder, entry } = unpackServer();
    const { stdout } = await promisify(execFile)(process.execPath, [entry, "--help"]);
    expect(stdout).toContain("--prometheusAddr");
    rmSync(folder, { recursive: true });
});

describe("the program", () => {
    const large = largeMesh(200, 2000);
    let prometheus: FakePrometheus;
    let program: Program;

    beforeAll(async () => {
        // For a time horizon of nine minutes it never answers, for eight minutes it answers late, and for seven it hangs up.
        const special: Record<string, (promql: string) => Reply> = {
            "[9m]": () => () => undefined,
            "[8m]": (promql) => (response) =>
                setTimeout(() => {
                    sendVector(response, answerTo(promql, BOOKINFO));
                }, 700),
            "[7m]": () => (response) => response.destroy(),
        };
        // The answer for the large mesh is the same for each horizon, and is made once.
        const answers = new Map<string, Element[]>();
        const answer = (promql: string): Element[] => {
            const query = promql.replace(/\[10\ds\]/g, "[10s]");
            const known = answers.get(query) ?? answerTo(promql, query === promql ? BOOKINFO : large);
            answers.set(query, known);
            return known;
        };
        prometheus = await fakePrometheus((promql) => {
            const reply = special[/\[\w+\]/.exec(promql)?.[0] ?? ""];
            return reply ? reply(promql) : answer(promql);
        });
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

    it("gives slow and fast clients the same answers", async () => {
        const ask = (seconds: number) => fetch(`${program.url}/meshgraph?time_horizon=${seconds}s`);
        const expected = await (await ask(100)).text();
        expect(expected.length).toBeGreaterThan(200_000);
        // These clients read the rest of their answers after other clients were answered.
        const slow = await Promise.all([ask(100), ask(100), ask(101)]);
        for (let round = 0; round < 4; round += 1) {
            const quick = await Promise.all([102, 102, 103].map(async (seconds) => (await ask(seconds)).text()));
            expect(quick.every((body) => body === expected)).toBe(true);
        }
        const bodies = await Promise.all(slow.map((response) => response.text()));
        expect(bodies.every((body) => body === expected)).toBe(true);
    }, 20_000);

    it("stops the queries of the process if the client is gone", async () => {
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

    /** Sends SIGTERM. */
    async function terminate({ process }: Program): Promise<{ code: unknown; after: number }> {
        const ended = once(process, "exit");
        const start = performance.now();
        process.kill("SIGTERM");
        const [code] = (await ended) as unknown[];
        return { code, after: performance.now() - start };
    }

    it("completes running answers on SIGTERM, refuses new requests, and does not wait longer than three seconds", async () => {
        const ending = await startServer(prometheus.url);
        try {
            prometheus.queries.length = 0;
            const answer = fetch(`${ending.url}/graph?time_horizon=8m`);
            const cut = fetch(`${ending.url}/graph?time_horizon=9m`).catch(() => "cut");
            while (!["[8m]", "[9m]"].every((range) => prometheus.queries.some((promql) => promql.includes(range)))) {
                await sleep(10);
            }
            const terminated = terminate(ending);
            const { status, body } = await answer.then(async (one) => ({ status: one.status, body: await one.text() }));
            await expect(fetch(`${ending.url}/healthz`)).rejects.toThrow();
            expect([status, body]).toEqual([200, expect.stringContaining("productpage")]);
            const { code, after } = await terminated;
            expect([code, await cut]).toEqual([0, "cut"]);
            expect(after).toBeGreaterThan(2500);
            expect(after).toBeLessThan(4500);
        } finally {
            await ending.end();
        }
    }, 20_000);

    it("reports errors of Prometheus from the process", async () => {
        const response = await fetch(`${program.url}/graph?time_horizon=7m`);
        expect([response.status, await response.text()]).toEqual([502, expect.stringContaining("cannot be queried")]);
        expect(await (await fetch(`${program.url}/metrics`)).text()).toMatch(/queries_total\{outcome="failure"\} [12]/);
    });

    it("makes the next graph after the process for graphs has ended", async () => {
        const { pid = 0 } = program.process;
        const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").match(/\d+/g) ?? [];
        const asked = fetch(`${program.url}/graph?time_horizon=9m`);
        await sleep(50);
        process.kill(Number(child ?? NaN), "SIGKILL");
        expect([(await asked).status, await (await asked).text()]).toEqual([503, expect.stringContaining("too large")]);
        expect((await fetch(`${program.url}/graph`)).status).toBe(200);
    });

    // The last test, because others need the program.
    it("ends on SIGTERM at once with code 0 if no client waits, despite open connections", async () => {
        await (await fetch(`${program.url}/graph`)).text();
        const { code, after } = await terminate(program);
        expect(code).toBe(0);
        expect(after).toBeLessThan(1000);
    });
});
