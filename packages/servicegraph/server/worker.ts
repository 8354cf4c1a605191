import { parentPort, Worker, workerData } from "node:worker_threads";
import { type Outcome, prometheusAt } from "../prometheus/client";
import { RequestError } from "../requestError";
import { type GraphJob, type GraphMaker, graphsFrom } from "./graphs";
import type { Answer } from "./response";

/*
 * A thread makes the graphs, so that the server answers probes meanwhile. The memory of the thread is limited: a graph that is too
 * large ends the thread and not the server.
 */

/** Megabytes of heap. A graph with 10,000 edges uses about 20; the rest is garbage that V8 has not collected yet. */
const MEMORY = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 };

interface WorkerSettings {
    prometheusAddr: string;
    /** As in `PrometheusLimits`. */
    timeout: number;
    answerBytes: number;
}

type QueryObserver = (outcome: Outcome, seconds: number) => void;

/** To the thread: a job, the end of a job without clients, or the memory of an answer that was sent. */
type Request = { id: number; job: GraphJob } | { id: number; job: undefined } | { memory: ArrayBuffer };

/** From the thread: the end of a query, the answer to a job, an error for the client, or an internal error. */
type Message =
    | { query: Parameters<QueryObserver> }
    | { id: number; status: number; headers: Record<string, string>; memory: ArrayBuffer; length: number }
    | { id: number; error: { status: RequestError["status"]; message: string } }
    | { id: number; defect: string };

interface Waiting {
    resolve: (answer: Answer) => void;
    reject: (error: Error) => void;
}

/**
 * Makes graphs in a thread. The first graph starts it, and the next graph after its end starts it again.
 * @param file the program whose `serveGraphs` runs in the thread
 */
export function graphsInThread(file: string, settings: WorkerSettings, observe: QueryObserver): GraphMaker {
    const waiting = new Map<number, Waiting>();
    let worker: Worker | undefined;
    let jobs = 0;

    function start(): Worker {
        const started = new Worker(file, { workerData: settings, resourceLimits: MEMORY });
        // The thread does not keep the server running.
        started.unref();
        started.on("message", (message: Message) => {
            if ("query" in message) {
                observe(...message.query);
                return;
            }
            const job = waiting.get(message.id);
            waiting.delete(message.id);
            if ("error" in message) {
                job?.reject(new RequestError(message.error.status, message.error.message));
            } else if ("defect" in message) {
                job?.reject(new Error(message.defect));
            } else {
                const { status, headers, memory, length } = message;
                const release = () => {
                    const request: Request = { memory };
                    started.postMessage(request, [memory]);
                };
                if (job) {
                    job.resolve({ status, headers, body: Buffer.from(memory, 0, length), release });
                } else {
                    release();
                }
            }
        });
        const end = (error: Error) => {
            // The event `exit` follows `error`, when a new thread may be running.
            if (worker !== started) {
                return;
            }
            worker = undefined;
            for (const { reject } of waiting.values()) {
                reject(error);
            }
            waiting.clear();
        };
        started.on("error", (error: NodeJS.ErrnoException) => {
            end(
                error.code === "ERR_WORKER_OUT_OF_MEMORY"
                    ? new RequestError(503, "the graph is too large for the server's memory; use a filter")
                    : error,
            );
        });
        started.on("exit", () => {
            end(new Error("the thread that makes graphs has ended"));
        });
        return started;
    }

    return (job, signal) =>
        new Promise((resolve, reject) => {
            const own = (worker ??= start());
            const id = (jobs += 1);
            const send = (request: Request) => {
                own.postMessage(request);
            };
            const stop = () => {
                waiting.delete(id);
                send({ id, job: undefined });
                reject(signal.reason as Error);
            };
            signal.addEventListener("abort", stop);
            const done = () => {
                signal.removeEventListener("abort", stop);
            };
            waiting.set(id, {
                resolve: (answer) => {
                    done();
                    resolve(answer);
                },
                reject: (error) => {
                    done();
                    reject(error);
                },
            });
            send({ id, job });
        });
}

/** Runs in the thread. */
export function serveGraphs(): void {
    const { prometheusAddr, timeout, answerBytes } = workerData as WorkerSettings;
    const send = (message: Message, transfer: ArrayBuffer[] = []) => parentPort?.postMessage(message, transfer);
    const make = graphsFrom(
        prometheusAt(new URL(prometheusAddr), {
            timeout,
            answerBytes,
            observe: (...query) => send({ query }),
        }),
    );
    const stops = new Map<number, AbortController>();
    const memory = new AnswerMemory();
    parentPort?.on("message", (request: Request) => {
        if ("memory" in request) {
            memory.recycle(request.memory);
            return;
        }
        const { id, job } = request;
        if (!job) {
            stops.get(id)?.abort();
            return;
        }
        const stop = new AbortController();
        stops.set(id, stop);
        make(job, stop.signal)
            .then(
                ({ status, headers, body }) => {
                    const written = memory.write(body.toString());
                    send({ id, status, headers, ...written }, [written.memory]);
                },
                (error: unknown) => {
                    if (error instanceof RequestError) {
                        send({ id, error: { status: error.status, message: error.message } });
                    } else {
                        send({ id, defect: error instanceof Error ? (error.stack ?? error.message) : String(error) });
                    }
                },
            )
            .finally(() => stops.delete(id));
    });
}

/**
 * Memory for answers, which the server returns after sending them. The server's thread creates little garbage: without this, the memory
 * of dozens of answers would accumulate before V8 collects it.
 */
class AnswerMemory {
    private spare: ArrayBuffer | undefined;

    write(text: string): { memory: ArrayBuffer; length: number } {
        const length = Buffer.byteLength(text);
        const memory = this.spare && this.spare.byteLength >= length ? this.spare : new ArrayBuffer(length);
        this.spare = memory === this.spare ? undefined : this.spare;
        new TextEncoder().encodeInto(text, new Uint8Array(memory));
        return { memory, length };
    }

    /** Keeps the largest one. */
    recycle(memory: ArrayBuffer): void {
        this.spare = this.spare && this.spare.byteLength >= memory.byteLength ? this.spare : memory;
    }
}
