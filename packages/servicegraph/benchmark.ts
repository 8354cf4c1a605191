/**
 * Measures the time of each endpoint for meshes of several sizes, and the memory of the server. Each time is compared with that of fetching
 * and parsing Prometheus' answers in the same run, which no server can avoid.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { detailQueries, trafficQueries } from "./prometheus/queries";
import { startListening, startServer } from "./testing/program";

interface Size {
    services: number;
    edges: number;
    /** The least length of a name. */
    characters: number;
    rounds: number;
    /** The longest time of an answer, in milliseconds. */
    time: number;
    /** The most memory, in megabytes. */
    memory: number;
    /** The server may refuse a graph as too large. */
    tooLarge?: boolean;
}

/**
 * From Bookinfo to more than the server has memory for. The container's limit is 402 MB. The worst time is mostly that of the first
 * request, which also starts the process for graphs.
 */
const SIZES: readonly Size[] = [
    { services: 7, edges: 7, characters: 0, rounds: 9, time: 500, memory: 130 },
    { services: 60, edges: 110, characters: 0, rounds: 9, time: 500, memory: 160 },
    { services: 300, edges: 1500, characters: 0, rounds: 9, time: 500, memory: 200 },
    { services: 1000, edges: 10_000, characters: 0, rounds: 9, time: 1000, memory: 200 },
    { services: 3000, edges: 30_000, characters: 0, rounds: 3, time: 5000, memory: 390 },
    { services: 52_000, edges: 26_000, characters: 100, rounds: 3, time: 10_000, memory: 390, tooLarge: true },
    { services: 40_000, edges: 20_000, characters: 250, rounds: 3, time: 10_000, memory: 390, tooLarge: true },
    { services: 200, edges: 100, characters: 70_000, rounds: 3, time: 10_000, memory: 390, tooLarge: true },
];

async function main(): Promise<void> {
    console.log(`Node ${process.version}; median (worst)`);
    for (const size of SIZES) {
        // In separate processes, so that Prometheus and the client cost the server nothing.
        const fake = path.join(__dirname, "testing/largeMesh.ts");
        const numbers = [size.services, size.edges, size.characters].map(String);
        const prometheus = await startListening("--import", "tsx", fake, ...numbers);
        const server = await startServer(prometheus.url);
        try {
            await measure(size, prometheus.url, server.url, server.process.pid ?? 0);
        } finally {
            await server.end();
            await prometheus.end();
        }
    }
}

async function measure(size: Size, prometheus: string, server: string, pid: number): Promise<void> {
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
    const times = (work: () => Promise<unknown>) => timesOf(work, size.rounds);
    const { services, edges, characters } = size;
    console.log(`\n${services} services, ${edges} edges${characters > 0 ? `, names of ${characters} characters` : ""}`);
    const baselines = { two: await times(ask(queries.two)), all: await times(ask(queries.all)) };
    console.log(`only the two queries of 1.0     ${shown(baselines.two)}`);
    console.log(`only all eight queries          ${shown(baselines.all)}`);

    const failures: string[] = [];
    for (const endpoint of ["/graph", "/d3graph", "/dotgraph", "/dotviz", "/meshgraph", "/healthz"]) {
        const baseline = ["/dotviz", "/meshgraph"].includes(endpoint) ? baselines.all : baselines.two;
        let bytes = 0;
        let status = 0;
        const taken = await times(async () => {
            const response = await fetch(server + endpoint);
            bytes = (await response.arrayBuffer()).byteLength;
            status = response.status;
        });
        if (status !== 200 && !(size.tooLarge && status === 503)) {
            failures.push(`${endpoint} answers ${status}`);
        }
        if (taken.worst > size.time) {
            failures.push(`${endpoint} needs more than ${size.time} ms`);
        }
        const ratio = (taken.median / baseline.median).toFixed(1);
        console.log(
            `${endpoint.padEnd(12)} ${status} ${shown(taken)}  ${ratio} × its queries, ${(bytes / 1e6).toFixed(1)} MB`,
        );
    }
    const memory = peakMemory(pid);
    console.log(`peak memory of the server and its process for graphs: ${memory.toFixed(0)} MB`);
    if (memory > size.memory) {
        failures.push(`the server needs more than ${size.memory} MB`);
    }
    if (failures.length > 0) {
        console.error(failures.join("\n"));
        process.exitCode = 1;
    }
}

interface Times {
    median: number;
    worst: number;
}

async function timesOf(work: () => Promise<unknown>, rounds: number): Promise<Times> {
    const taken: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
        const start = performance.now();
        await work();
        taken.push(performance.now() - start);
    }
    taken.sort((a, b) => a - b);
    return { median: taken[Math.floor(rounds / 2)] ?? 0, worst: taken.at(-1) ?? 0 };
}

function shown({ median, worst }: Times): string {
    return `${median.toFixed(0).padStart(5)} ms (${worst.toFixed(0)} ms)`;
}

/** The peak of the resident memory so far of a process and its children, in megabytes. All share the pages of Node's own file. */
function peakMemory(pid: number): number {
    const children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").match(/\d+/g) ?? [];
    const peak = (one: string, shared: number) => {
        const status = fs.readFileSync(`/proc/${one}/status`, "utf8");
        const kilobytes = (key: string) => Number(new RegExp(`^${key}:\\s*(\\d+) kB$`, "m").exec(status)?.[1]);
        return (kilobytes("VmHWM") - shared * kilobytes("RssFile")) / 1000;
    };
    return children.reduce((sum, child) => sum + peak(child, 1), peak(String(pid), 0));
}

void main();
