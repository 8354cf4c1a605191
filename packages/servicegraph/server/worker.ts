import { type ChildProcess, fork } from "node:child_process";
import { type Outcome, prometheusAt } from "../prometheus/client";
import { RequestError } from "../requestError";
import { type GraphJob, type GraphMaker, graphsFrom } from "./graphs";
import { type Answer, bytesIn } from "./response";

/*
 * A process makes the graphs, so that the server answers probes meanwhile. The bounds of graphs.ts and response.ts refuse what is too
 * large. If memory runs out all the same, V8 ends the process, and not only a thread of it: that is why it is not a thread.
 */

/** Megabytes of heap: `ALL_GRAPHS_BYTES`, the drawing of one of the graphs, and garbage that V8 has not collected yet. */
const HEAP = ["--max-old-space-size=128", "--max-semi-space-size=4"];

/** The bodies that the server may hold until they are sent, in bytes. */
const HELD_BYTES = 80 * 1024 * 1024;

/** How long a graph may take after Prometheus' time, in milliseconds, until the process counts as stuck and is ended. */
const MAKING = 60_000;

/** The first argument of the process. */
export const WORKER = "make-graphs";

interface WorkerSettings {
    prometheusAddr: string;
    /** As in `PrometheusLimits`. */
    timeout: number;
    answerBytes: number;
}

type QueryObserver = (outcome: Outcome, seconds: number) => void;

/** To the process: a job, or the end of a job without clients. */
interface Request {
    id: number;
    job?: GraphJob;
}

/** From the process, about a job: a part of its body, the end of its body, an error for the client, or an internal error. */
type Progress =
    | { part: Uint8Array }
    | { status: number; headers: Record<string, string> }
    | { error: { status: RequestError["status"]; message: string } }
    | { defect: string };

/** Progress, or the end of a query. */
type Message = ({ id: number } & Progress) | { query: Parameters<QueryObserver> };

interface Worker {
    process: ChildProcess;
    jobs: Map<number, { progress: (progress: Progress) => void; refuse: (error: Error) => void }>;
}

/**
 * Makes graphs in a process. The first graph starts it, and the next graph after its end starts it again.
 * @param file the program that calls `serveGraphs` in the process
 */
export function graphsInProcess(file: string, settings: WorkerSettings, observe: QueryObserver): GraphMaker {
    let worker: Worker | undefined;
    let ids = 0;
    let held = 0;

    function start(): Worker {
        const started: Worker = {
            // Parts of bodies are binary.
            process: fork(file, [WORKER, JSON.stringify(settings)], { execArgv: HEAP, serialization: "advanced" }),
            jobs: new Map(),
        };
        const { process, jobs } = started;
        // The process does not keep the server running.
        process.unref();
        process.channel?.unref();
        process.on("message", (message: Message) => {
            if ("query" in message) {
                observe(...message.query);
            } else {
                jobs.get(message.id)?.progress(message);
            }
        });
        const end = (error: Error) => {
            worker = worker === started ? undefined : worker;
            for (const { refuse } of jobs.values()) {
                refuse(error);
            }
        };
        process.on("error", end);
        process.on("exit", (code, signal) => {
            end(
                signal
                    ? new RequestError(503, "the graph is too large for the server's memory; use a filter")
                    : new Error(`the process that makes graphs has ended with code ${code ?? 0}`),
            );
        });
        return started;
    }

    return (job, signal) =>
        new Promise((resolve, reject) => {
            const own = (worker ??= start());
            const id = (ids += 1);
            const send = (request: Request) => {
                // If the process has ended, its event says so.
                own.process.send(request, () => undefined);
            };
            const parts: Uint8Array[] = [];
            const release = () => {
                held -= parts.reduce((sum, { length }) => sum + length, 0);
                parts.length = 0;
            };
            const done = () => {
                clearTimeout(timer);
                signal.removeEventListener("abort", stop);
                own.jobs.delete(id);
            };
            const refuse = (error: Error) => {
                done();
                release();
                reject(error);
            };
            const abandon = (error: Error) => {
                send({ id });
                refuse(error);
            };
            const stop = () => {
                abandon(signal.reason as Error);
            };
            const timer = setTimeout(() => own.process.kill("SIGKILL"), settings.timeout + MAKING);
            const progress = (progress: Progress) => {
                if ("error" in progress) {
                    refuse(new RequestError(progress.error.status, progress.error.message));
                } else if ("defect" in progress) {
                    refuse(new Error(progress.defect));
                } else if ("status" in progress) {
                    done();
                    resolve({ status: progress.status, headers: progress.headers, body: parts, release });
                } else if (held + progress.part.length > HELD_BYTES) {
                    abandon(new RequestError(503, "too many large graphs are being sent; try again in a moment"));
                } else {
                    parts.push(progress.part);
                    held += progress.part.length;
                }
            };
            own.jobs.set(id, { progress, refuse });
            signal.addEventListener("abort", stop);
            send({ id, job });
        });
}

/** Runs in the process. */
export function serveGraphs(): void {
    const { prometheusAddr, timeout, answerBytes } = JSON.parse(process.argv[3] ?? "") as WorkerSettings;
    const send = (message: Message) =>
        new Promise<void>((resolve) => {
            process.send?.(message, undefined, undefined, () => {
                resolve();
            });
        });
    const make = graphsFrom(
        prometheusAt(new URL(prometheusAddr), {
            timeout,
            answerBytes,
            observe: (...query) => void send({ query }),
        }),
    );
    const stops = new Map<number, AbortController>();
    process.on("message", ({ id, job }: Request) => {
        if (!job) {
            stops.get(id)?.abort();
            return;
        }
        const stop = new AbortController();
        stops.set(id, stop);
        const sendBody = async ({ status, headers, body }: Answer) => {
            const parts = bytesIn(body);
            // Each part is forgotten when it is sent.
            for (let part = parts.shift(); part && !stop.signal.aborted; part = parts.shift()) {
                await send({ id, part });
            }
            await send({ id, status, headers });
        };
        make(job, stop.signal, sendBody)
            .catch((error: unknown) => {
                if (error instanceof RequestError) {
                    return send({ id, error: { status: error.status, message: error.message } });
                }
                return send({ id, defect: error instanceof Error ? (error.stack ?? error.message) : String(error) });
            })
            .finally(() => stops.delete(id));
    });
    // Ctrl-C reaches both processes, but the server still waits for the last answers.
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
        process.on(signal, () => undefined);
    }
    process.on("disconnect", () => process.exit());
}
