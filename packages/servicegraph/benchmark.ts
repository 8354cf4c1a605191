/**
 * Measures the time of each endpoint for 1,000 services with 10,000 edges, and the memory of the server. Each time is compared with that
 * of fetching and parsing Prometheus' answers in the same run, which no server can avoid.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { detailQueries, trafficQueries } from "./prometheus/queries";
import { startListening, startServer } from "./testing/program";

const SERVICES = 1000;
const EDGES = 10_000;
const ROUNDS = 9;
/** In megabytes and milliseconds. */
const LIMITS = { memory: 200, time: 1000 };

async function main(): Promise<void> {
    // In separate processes, so that Prometheus and the client cost the server nothing.
    const fake = path.join(__dirname, "testing/largeMesh.ts");
    const prometheus = await startListening("--import", "tsx", fake, String(SERVICES), String(EDGES));
    const server = await startServer(prometheus.url);
    try {
        await measure(prometheus.url, server.url, server.process.pid ?? 0);
    } finally {
        await server.end();
        await prometheus.end();
    }
}

async function measure(prometheus: string, server: string, pid: number): Promise<void> {
    const selection = { timeHorizon: "5m", filterEmpty: false, filters: {} };
    const queries = { two: Object.values(trafficQueries(selection)), all: [] as string[] };
    queries.all = [...queries.two, ...Object.values(detailQueries(selection))];
    const ask = (promql: readonly string[]) => () =>
        Promise.all(
            promql.map(async (query) => {
                const answer = await fetch(`${prometheus}/api/v1/query?${new URLSearchParams({ query }).toString()}`);
                JSON.parse(await answer.text());
            }),
        );
    const baselines = { two: await times(ask(queries.two)), all: await times(ask(queries.all)) };
    console.log(`${SERVICES} services, ${EDGES} edges, Node ${process.version}; medians of ${ROUNDS} (worst)\n`);
    console.log(`only the two queries of 1.0     ${shown(baselines.two)}`);
    console.log(`only all eight queries          ${shown(baselines.all)}\n`);

    let failed = false;
    for (const endpoint of ["/graph", "/d3graph", "/dotgraph", "/dotviz", "/meshgraph"]) {
        const baseline = ["/dotviz", "/meshgraph"].includes(endpoint) ? baselines.all : baselines.two;
        let bytes = 0;
        const taken = await times(async () => {
            const response = await fetch(server + endpoint);
            bytes = (await response.arrayBuffer()).byteLength;
            failed ||= !response.ok;
        });
        const ratio = (taken.median / baseline.median).toFixed(1);
        failed ||= taken.worst > LIMITS.time;
        console.log(`${endpoint.padEnd(12)} ${shown(taken)}  ${ratio} × its queries, ${(bytes / 1e6).toFixed(1)} MB`);
    }
    const memory = peakMemory(pid);
    failed ||= memory > LIMITS.memory;
    console.log(`\npeak memory of the server: ${memory.toFixed(0)} MB`);
    if (failed) {
        console.error(`an endpoint failed, or needed more than ${LIMITS.time} ms or ${LIMITS.memory} MB`);
        process.exitCode = 1;
    }
}

interface Times {
    median: number;
    worst: number;
}

async function times(work: () => Promise<unknown>): Promise<Times> {
    const taken: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
        const start = performance.now();
        await work();
        taken.push(performance.now() - start);
    }
    taken.sort((a, b) => a - b);
    return { median: taken[Math.floor(ROUNDS / 2)] ?? 0, worst: taken.at(-1) ?? 0 };
}

function shown({ median, worst }: Times): string {
    return `${median.toFixed(0).padStart(5)} ms (${worst.toFixed(0)} ms)`;
}

/** The peak of the resident memory so far, in megabytes. */
function peakMemory(pid: number): number {
    const kilobytes = /^VmHWM:\s*(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return Number(kilobytes) / 1000;
}

void main();
