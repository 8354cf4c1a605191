import * as http from "node:http";
import * as https from "node:https";
import { RequestError } from "../requestError";
import { AnswerReader, type Sample } from "./answer";

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
    /** Milliseconds that the request has waited; Prometheus has so much less time. */
    waited: number;
    /** Aborted when no client waits for the answer. */
    signal: AbortSignal;
}

/** How a query ended. */
export type Outcome = "success" | "timeout" | "failure" | "abandoned";

export interface PrometheusLimits {
    /** How long Prometheus may take for an answer, in milliseconds. */
    timeout: number;
    /** How long an answer may be, in bytes. */
    answerBytes: number;
    /** Called after each query, with its duration in seconds. */
    observe?: (outcome: Outcome, seconds: number) => void;
}

/** The HTTP API of the Prometheus at `address`, whose path may be a prefix. */
export function prometheusAt(address: URL, { timeout, answerBytes, observe }: PrometheusLimits): Prometheus {
    const prefix = address.pathname.replace(/\/$/, "");
    const name = `${address.protocol}//${address.host}${prefix}`;

    async function ask(
        promql: string,
        at: Date,
        take: (sample: Sample) => void,
        { waited, signal: wanted }: QueryOptions,
    ): Promise<void> {
        const left = Math.max(1, Math.floor(timeout - waited));
        const url = new URL(address);
        url.pathname = `${prefix}/api/v1/query`;
        url.search = new URLSearchParams({ query: promql, time: at.toISOString(), timeout: `${left}ms` }).toString();
        let redirected: string | undefined;
        const late = AbortSignal.timeout(left);
        try {
            const signal = AbortSignal.any([wanted, late]);
            const response = await get(url, signal, (location) => (redirected = location));
            await readVector(response, answerBytes, take);
        } catch (error) {
            wanted.throwIfAborted();
            const { status, message } =
                error instanceof RequestError
                    ? error
                    : late.aborted
                      ? new RequestError(
                            504,
                            `Prometheus at ${name} does not answer within ${timeout / 1000} s${waitNote(waited)}`,
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
                ended(options.signal.aborted ? "abandoned" : isLate ? "timeout" : "failure");
                throw error;
            }
        },
    };
}

/** Says how much of a timeout was over before the query, unless that is negligible. */
function waitNote(waited: number): string {
    return waited < 50 ? "" : `, ${(waited / 1000).toFixed(1)} s of which the request waited for its turn`;
}

const MOST_REDIRECTS = 5;
const REDIRECTS = [301, 302, 303, 307, 308];

/** Sends a request and follows redirects; `redirected` gets each new location. */
async function get(
    first: URL,
    signal: AbortSignal,
    redirected: (location: string) => void,
): Promise<http.IncomingMessage> {
    let url = first;
    for (let hops = 0; ; hops += 1) {
        const response = await getOnce(url, signal);
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

function getOnce(url: URL, signal: AbortSignal): Promise<http.IncomingMessage> {
    return new Promise((resolve, reject) => {
        const { get } = url.protocol === "https:" ? https : http;
        get(url, { signal }, resolve).on("error", reject);
    });
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

async function readVector(
    response: http.IncomingMessage,
    mostBytes: number,
    take: (sample: Sample) => void,
): Promise<void> {
    const reader = new AnswerReader(take);
    const decoder = new TextDecoder();
    let length = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
        length += chunk.length;
        if (length > mostBytes) {
            throw new RequestError(
                502,
                `Prometheus' answer is longer than ${mostBytes} bytes; use a filter, or raise --prometheusAnswerBytes`,
            );
        }
        reader.push(decoder.decode(chunk, { stream: true }));
    }
    reader.push(decoder.decode());
    reader.end(response.statusCode ?? 0);
}

/** Why a connection failed. If several addresses were tried, Node's error has no message, but a code. */
function reasonOf(error: unknown): string {
    const { message, code } = error as NodeJS.ErrnoException;
    return message || code || String(error);
}
