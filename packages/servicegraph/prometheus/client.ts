import * as http from "node:http";
import * as https from "node:https";
import { Fault } from "../fault";
import { AnswerReader, type Sample } from "./answer";

/** Something that answers PromQL queries. */
export interface Prometheus {
    /**
     * @param at the moment that the query looks at, the same for queries whose answers are put together
     * @param take gets each element of the answer; where the query fails, it may have got some of them
     * @throws Fault 502 where Prometheus cannot be reached or answers nonsense, 504 where it takes too long; the signal's reason
     */
    query: (promql: string, at: Date, take: (sample: Sample) => void, patience: Patience) => Promise<void>;
}

/** How long the answer to a query is waited for. */
export interface Patience {
    /** Milliseconds that have gone by already: Prometheus has so much less. */
    waited: number;
    /** Aborted when nobody wants the answer any more. */
    signal: AbortSignal;
}

/** How a query ended. */
export type Outcome = "success" | "timeout" | "failure" | "abandoned";

export interface PrometheusLimits {
    /** How long Prometheus may take for an answer, in milliseconds. */
    timeout: number;
    /** How long an answer may be, in bytes. */
    answerBytes: number;
    /** Told of each query: how it ended, and after how many seconds. */
    observe?: (outcome: Outcome, seconds: number) => void;
}

/** The HTTP API of the Prometheus at `address`, whose path may be a prefix. */
export function prometheusAt(address: URL, { timeout, answerBytes, observe }: PrometheusLimits): Prometheus {
    const get = getter();
    const name = `${address.protocol}//${address.host}${address.pathname.replace(/\/$/, "")}`;

    async function ask(
        promql: string,
        at: Date,
        take: (sample: Sample) => void,
        { waited, signal: wanted }: Patience,
    ): Promise<void> {
        const left = Math.max(1, Math.floor(timeout - waited));
        const url = new URL(address);
        url.pathname = `${address.pathname.replace(/\/$/, "")}/api/v1/query`;
        url.search = new URLSearchParams({ query: promql, time: at.toISOString(), timeout: `${left}ms` }).toString();
        let redirected: string | undefined;
        const late = AbortSignal.timeout(left);
        try {
            const signal = AbortSignal.any([wanted, late]);
            const response = await get(url, signal, (location) => (redirected = location));
            await read(response, answerBytes, take);
        } catch (error) {
            wanted.throwIfAborted();
            const fault =
                error instanceof Fault
                    ? error
                    : late.aborted
                      ? new Fault(
                            504,
                            `Prometheus at ${name} does not answer within ${timeout / 1000} s${share(waited)}`,
                        )
                      : new Fault(502, `Prometheus at ${name} cannot be asked: ${reasonOf(error)}`);
            throw redirected === undefined
                ? fault
                : new Fault(
                      fault.status,
                      `${fault.message}; it redirects to ${redirected}: set --prometheusAddr to where its API is`,
                  );
        }
    }

    return {
        query: async (promql, at, take, patience) => {
            const start = performance.now();
            const ended = (outcome: Outcome) => observe?.(outcome, (performance.now() - start) / 1000);
            try {
                await ask(promql, at, take, patience);
                ended("success");
            } catch (error) {
                const isLate = error instanceof Fault && error.status === 504;
                ended(patience.signal.aborted ? "abandoned" : isLate ? "timeout" : "failure");
                throw error;
            }
        },
    };
}

/** How much of a timeout was gone before Prometheus was asked, unless that is next to nothing. */
function share(waited: number): string {
    return waited < 50 ? "" : `, ${(waited / 1000).toFixed(1)} s of which the request waited for its turn`;
}

/** How many redirects are followed, one after the other. */
const MOST_REDIRECTS = 5;
const REDIRECTS = [301, 302, 303, 307, 308];

/** Sends a request, and follows where it is sent to; `redirected` is told of each such place. */
type Get = (url: URL, signal: AbortSignal, redirected: (location: string) => void) => Promise<http.IncomingMessage>;

function getter(): Get {
    const options = { keepAlive: true, maxSockets: 16 };
    const agents = { "http:": new http.Agent(options), "https:": new https.Agent(options) };
    const once = (url: URL, signal: AbortSignal) =>
        new Promise<http.IncomingMessage>((resolve, reject) => {
            const request =
                url.protocol === "https:"
                    ? https.get(url, { agent: agents["https:"], signal }, resolve)
                    : http.get(url, { agent: agents["http:"], signal }, resolve);
            request.on("error", reject);
        });

    return async (first, signal, redirected) => {
        let url = first;
        for (let hops = 0; ; hops += 1) {
            const response = await once(url, signal);
            const { statusCode = 0, headers } = response;
            if (!REDIRECTS.includes(statusCode)) {
                return response;
            }
            // Without its body, and with it the connection: a redirect's is of no use.
            response.destroy();
            if (headers.location === undefined || hops === MOST_REDIRECTS) {
                throw new Fault(
                    502,
                    headers.location === undefined
                        ? `Prometheus answers with status ${statusCode} and no Location`
                        : `Prometheus redirects more than ${MOST_REDIRECTS} times`,
                );
            }
            url = placeOf(headers.location, url);
            redirected(`${url.protocol}//${url.host}${url.pathname}`);
        }
    };
}

/** Where a redirect goes. @throws Fault 502 where that is nothing to ask */
function placeOf(location: string, from: URL): URL {
    const url = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
    if (!url || !["http:", "https:"].includes(url.protocol)) {
        throw new Fault(
            502,
            `Prometheus redirects to ${location.slice(0, 200)}, which is no HTTP address: set --prometheusAddr to where its API is`,
        );
    }
    if (url.host === from.host) {
        // What a browser does too: who was let in stays so on the same host, and on no other.
        [url.username, url.password] = [from.username, from.password];
    }
    return url;
}

async function read(response: http.IncomingMessage, mostBytes: number, take: (sample: Sample) => void): Promise<void> {
    const reader = new AnswerReader(take);
    const decoder = new TextDecoder();
    let length = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
        length += chunk.length;
        if (length > mostBytes) {
            throw new Fault(
                502,
                `Prometheus' answer is longer than ${mostBytes} bytes; ask for less by a filter, or allow more by a flag`,
            );
        }
        reader.push(decoder.decode(chunk, { stream: true }));
    }
    reader.push(decoder.decode());
    reader.end(response.statusCode ?? 0);
}

/** Why a connection failed. With several addresses to try, Node gives an error without a message, but with a code. */
function reasonOf(error: unknown): string {
    const { message, code } = error as NodeJS.ErrnoException;
    return message || code || String(error);
}
