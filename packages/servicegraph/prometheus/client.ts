import type * as http from "node:http";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { RequestError } from "../requestError";
import { AnswerReader, type Sample } from "./answer";
import { Connections } from "./connection";
import { Turns } from "./turns";

/** Answers PromQL queries. */
export interface Prometheus {
    /**
     * @param at the time of evaluation: the same for all queries whose answers are combined
     * @param take gets each sample; if the query fails, it may have got some of them
     * @throws RequestError 502 if Prometheus cannot be reached or its answer is invalid, 504 if it takes too long; the signal's reason
     */
    query: (promql: string, at: Date, take: (sample: Sample) => void, options: QueryOptions) => Promise<void>;
}

interface QueryOptions {
    /** Which of several answers is read first: the one with the lowest number. */
    order: number;
    /** Whether the graph can be made without the answer. Such queries have their own connections. */
    optional: boolean;
    /** Aborted when the answer is no longer needed. */
    signal: AbortSignal;
}

/** How a query ended. */
export type Outcome = "success" | "timeout" | "failure" | "abandoned";

export interface PrometheusLimits {
    /** How long Prometheus may take for an answer, in milliseconds. */
    timeout: number;
    /** How long an answer may be, in bytes, after decompression. */
    answerBytes: number;
    /** Called after each query, with its duration in seconds. */
    observe?: (outcome: Outcome, seconds: number) => void;
}

/** Together fewer than the 512 connections that a Prometheus accepts by default. */
const MOST_CONNECTIONS = { traffic: 256, optional: 192 };

/** How many answers are read at the same time. */
const READ_AT_ONCE = 4;

/** The HTTP API of the Prometheus at `address`, whose path may be a prefix, and whose query is sent with each request. */
export function prometheusAt(address: URL, { timeout, answerBytes, observe }: PrometheusLimits): Prometheus {
    const prefix = address.pathname.replace(/\/$/, "");
    const name = `${address.protocol}//${address.host}${prefix}`;
    const traffic = new Connections(MOST_CONNECTIONS.traffic);
    const details = new Connections(MOST_CONNECTIONS.optional);
    const turns = new Turns(READ_AT_ONCE);

    async function ask(
        promql: string,
        at: Date,
        take: (sample: Sample) => void,
        { order, optional, signal: wanted }: QueryOptions,
    ): Promise<void> {
        const url = new URL(address);
        url.pathname = `${prefix}/api/v1/query`;
        url.hash = "";
        for (const [key, value] of Object.entries({ query: promql, time: at.toISOString(), timeout: `${timeout}ms` })) {
            url.searchParams.set(key, value);
        }
        let redirected: string | undefined;
        const queue = { waits: false };
        const late = AbortSignal.timeout(timeout);
        const signal = AbortSignal.any([wanted, late]);
        const turn = async () => {
            queue.waits = true;
            const end = await turns.take(order, signal);
            queue.waits = false;
            return end;
        };
        try {
            const connections = optional ? details : traffic;
            const response = await get(connections, url, signal, (location) => (redirected = location));
            await readVector(response, answerBytes, take, turn);
        } catch (error) {
            wanted.throwIfAborted();
            const { status, message } =
                error instanceof RequestError
                    ? error
                    : late.aborted
                      ? new RequestError(
                            504,
                            queue.waits
                                ? `this graph had to wait for others for ${timeout / 1000} s; try again in a moment`
                                : `Prometheus at ${name} does not answer within ${timeout / 1000} s`,
                        )
                      : new RequestError(502, `Prometheus at ${name} cannot be queried: ${reasonOf(error)}`);
            throw new RequestError(
                status,
                redirected === undefined
                    ? message
                    : `${message}; it redirects to ${redirected}: set --prometheusAddr to the address of its API`,
            );
        }
    }

    return {
        query: async (promql, at, take, options) => {
            const start = performance.now();
            const ended = (outcome: Outcome) => observe?.(outcome, (performance.now() - start) / 1000);
            try {
                await ask(promql, at, take, options);
                ended("success");
            } catch (error) {
                const isLate = error instanceof RequestError && error.status === 504;
                ended(isLate ? "timeout" : options.signal.aborted ? "abandoned" : "failure");
                throw error;
            }
        },
    };
}

const MOST_REDIRECTS = 5;
const REDIRECTS = [301, 302, 303, 307, 308];

/** Sends a request and follows redirects; `redirected` gets each new location. */
async function get(
    connections: Connections,
    first: URL,
    signal: AbortSignal,
    redirected: (location: string) => void,
): Promise<http.IncomingMessage> {
    let url = first;
    for (let hops = 0; ; hops += 1) {
        const response = await connections.get(url, signal);
        const { statusCode = 0, headers } = response;
        if (!REDIRECTS.includes(statusCode)) {
            return response;
        }
        response.destroy();
        if (headers.location === undefined || hops === MOST_REDIRECTS) {
            throw new RequestError(
                502,
                headers.location === undefined
                    ? `Prometheus answers with status ${statusCode} and no Location`
                    : `Prometheus redirects more than ${MOST_REDIRECTS} times`,
            );
        }
        url = redirectTarget(headers.location, url);
        redirected(`${url.protocol}//${url.host}${url.pathname}`);
    }
}

/** @throws RequestError 502 if the location is not an HTTP address */
function redirectTarget(location: string, from: URL): URL {
    const url = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
    if (!url || !["http:", "https:"].includes(url.protocol)) {
        throw new RequestError(
            502,
            `Prometheus redirects to ${location.slice(0, 200)}, which is not an HTTP address: ` +
                "set --prometheusAddr to the address of its API",
        );
    }
    if (url.host === from.host) {
        // As in a browser, credentials are sent to the same host only.
        [url.username, url.password] = [from.username, from.password];
    }
    return url;
}

/** How long an answer that is being read may pause, in milliseconds, until another one is read. */
const PAUSE = 100;

/** @param turn waits for the turn to read, and returns what ends it */
async function readVector(
    response: http.IncomingMessage,
    mostBytes: number,
    take: (sample: Sample) => void,
    turn: () => Promise<() => void>,
): Promise<void> {
    const reader = new AnswerReader(take);
    const decoder = new TextDecoder();
    const body = decompressed(response);
    const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    let end = () => {};
    try {
        end = await turn();
        for (let length = 0; ;) {
            const next = chunks.next();
            if (await pauses(next)) {
                end();
                await next;
                end = await turn();
            }
            const chunk = await next;
            if (chunk.done) {
                break;
            }
            const { value } = chunk;
            length += value.length;
            if (length > mostBytes) {
                throw new RequestError(
                    502,
                    `Prometheus' answer is longer than ${mostBytes} bytes; use a filter, or raise --prometheusAnswerBytes`,
                );
            }
            reader.push(decoder.decode(value, { stream: true }));
        }
        reader.push(decoder.decode());
        reader.end(response.statusCode ?? 0);
    } finally {
        end();
        body.destroy();
    }
}

/** Whether a chunk takes longer than `PAUSE`. */
async function pauses(chunk: Promise<unknown>): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const pause = new Promise<boolean>((resolve) => {
        timer = setTimeout(resolve, PAUSE, true);
    });
    try {
        return await Promise.race([pause, chunk.then(() => false)]);
    } finally {
        clearTimeout(timer);
    }
}

/** @throws RequestError 502 if the answer has another encoding than the one that was asked for */
function decompressed(response: http.IncomingMessage): Readable {
    const encoding = (response.headers["content-encoding"] ?? "").trim().toLowerCase();
    if (["gzip", "x-gzip"].includes(encoding)) {
        // Errors reach the reader of the result.
        return pipeline(response, createGunzip({ chunkSize: 65_536 }), () => undefined);
    }
    if (!["", "identity"].includes(encoding)) {
        response.destroy();
        throw new RequestError(
            502,
            `Prometheus answers with the encoding ${encoding.slice(0, 50)}, but only gzip was asked for`,
        );
    }
    return response;
}

/** Why a connection failed. If several addresses were tried, Node's error has no message, but a code. */
function reasonOf(error: unknown): string {
    const { message, code } = error as NodeJS.ErrnoException;
    return message || code || String(error);
}
