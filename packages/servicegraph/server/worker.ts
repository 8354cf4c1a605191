import { parentPort, Worker, workerData } from "node:worker_threads";
import { type Outcome, prometheusAt } from "../prometheus/client";
import { RequestError } from "../requestError";
import { type GraphJob, type GraphMaker, graphsFrom } from "./graphs";
import type { Answer } from "./response";

/*
 * Graphs are made in a thread of their own: while a large one is drawn the server goes on answering probes, and the memory that
 * it takes has a limit, beyond which the thread ends and not the server.
 */

/** Megabytes of heap. A graph of 10,000 edges has some 20 in use; the rest is what V8 has not cleared up yet. */
const MEMORY = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 };

/** What the thread needs to know. */
export interface WorkerSettings {
    prometheusAddr: string;
    /** As in `PrometheusLimits`. */
    timeout: number;
    answerBytes: number;
}

export type QueryObserver = (outcome: Outcome, seconds: number) => void;

/** To the thread: a job, or that nobody wants its answer any more, or the memory of an answer that was sent. */
type Request = { id: number; job: GraphJob } | { id: number; job: undefined } | { memory: ArrayBuffer };

/** From the thread: a query's end, or the answer to a job, or why there is none. */
type Message =
    | { query: Parameters<QueryObserver> }
    | { id: number; status: number; headers: Record<string, string>; memory: ArrayBuffer; length: number }
    | { id: number; fault: { status: RequestError["status"]; message: string } }
    | { id: number; defect: string };

interface Waiting {
    resolve: (answer: Answer) => void;
    reject: (error: Error) => void;
}

/**
 * Makes graphs in a thread, which is started for the first one, and again where it has ended.
 * @param file the program whose `serveGraphs` runs in the thread
 */
export function graphsInThread(file: string, settings: WorkerSettings, observe: QueryObserver): GraphMaker {
    const waiting = new Map<number, Waiting>();
    let worker: Worker | undefined;
    let jobs = 0;

    function start(): Worker {
        const started = new Worker(file, { workerData: settings, resourceLimits: MEMORY });
        // The server ends when its socket is closed, whatever the thread does.
        started.unref();
        started.on("message", (message: Message) => {
            if ("query" in message) {
                observe(...message.query);
                return;
            }
            const job = waiting.get(message.id);
            waiting.delete(message.id);
            if ("fault" in message) {
                job?.reject(new RequestError(message.fault.status, message.fault.message));
            } else if ("defect" in message) {
                job?.reject(new Error(message.defect));
            } else {
                const { status, headers, memory, length } = message;
                const release = () => {
                    const back: Request = { memory };
                    started.postMessage(back, [memory]);
                };
                if (job) {
                    job.resolve({ status, headers, body: Buffer.from(memory, 0, length), release });
                } else {
                    release();
                }
            }
        });
        const end = (error: Error) => {
            // An error is followed by the thread's end, when another one may be at work already.
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
                    ? new RequestError(503, "the graph is too large for the server's memory; ask for less by a filter")
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

/** What runs in the thread. */
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
            memory.giveBack(request.memory);
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
                        send({ id, fault: { status: error.status, message: error.message } });
                    } else {
                        send({ id, defect: error instanceof Error ? (error.stack ?? error.message) : String(error) });
                    }
                },
            )
            .finally(() => stops.delete(id));
    });
}

/**
 * Memory for answers, which the server gives back when they are sent. Left to itself, the server's thread, which makes little else
 * to clear up, would let the memory of dozens of them pile up.
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

    /** Keeps the largest. */
    giveBack(memory: ArrayBuffer): void {
        this.spare = this.spare && this.spare.byteLength >= memory.byteLength ? this.spare : memory;
    }
}
