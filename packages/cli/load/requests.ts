import http from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { messageOf } from "../../shared/errors";
import { type Access, type Route, routeTo } from "./route";

export interface Load {
    url: string;
    /** What the requests need beyond the URL. */
    access?: Access;
    /** Most requests; Infinity if only the time ends the load. */
    requests: number;
    /** Number of requests at the same time. */
    concurrency: number;
    /** Longest time for one answer with its body, in seconds. */
    timeout: number;
    /** Requests to begin per second. Default: as many as `concurrency` allows. */
    rate?: number;
    /** Time after which no request begins, in seconds. Default: none. */
    duration?: number;
    /** Headers of each request. */
    headers?: Readonly<Record<string, string>>;
}

export interface Outcome {
    /** Time from the request to the end of the answer, or to the failure. */
    milliseconds: number;
    /** HTTP status; undefined if there was no answer. */
    status?: number;
    /** Body of an answer with a status from 200 to 299, up to `KEPT`. */
    body?: string;
    /** Why the request has failed; undefined for a status from 200 to 299. */
    failure?: string;
}

/** Longest part of a body that is kept, in characters; the rest is read and dropped. */
const KEPT = 2 ** 20;

/** Longest reason that is quoted from an answer, in characters. */
const QUOTED = 120;

const CONNECTION_ERRORS: Record<string, string> = {
    ECONNREFUSED: "connection refused",
    ECONNRESET: "connection reset",
    EPIPE: "connection reset",
    EHOSTUNREACH: "no route to the host",
    ENETUNREACH: "no route to the network",
    ENOTFOUND: "no such host",
    EAI_AGAIN: "no such host (name server does not answer)",
    ETIMEDOUT: "connection timed out",
    ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: "the server asks clients for a certificate",
    ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "the server does not know the CA of the client's certificate",
};

/**
 * Makes requests over connections that stay open.
 * @param onOutcome called at the end of each request, but not for requests that `stop` interrupts
 */
export async function makeRequests(
    load: Load,
    onOutcome: (outcome: Outcome) => void,
    stop?: AbortSignal,
): Promise<void> {
    const { url, access, requests, concurrency, timeout, rate, duration = Infinity, headers } = load;
    const route = routeTo(url, { keepAlive: true, maxSockets: concurrency }, access);
    const start = performance.now();
    let begun = 0;
    const worker = async () => {
        while (begun < requests) {
            // A request that is late begins at once: its turn does not move the others.
            const turn = rate === undefined ? 0 : (begun * 1000) / rate;
            begun += 1;
            if (turn >= duration * 1000) {
                return;
            }
            await pauseUntil(start + turn, stop);
            if (stop?.aborted || performance.now() - start >= duration * 1000) {
                return;
            }
            const outcome = await makeRequest(url, timeout, { route, signal: stop, headers });
            if (!stop?.aborted) {
                onOutcome(outcome);
            }
        }
    };
    await Promise.all(Array.from({ length: Math.min(concurrency, requests) }, worker));
    route.close();
}

async function pauseUntil(time: number, signal: AbortSignal | undefined): Promise<void> {
    const left = time - performance.now();
    if (left > 0) {
        await pause(left, undefined, { signal }).catch(() => undefined);
    }
}

/**
 * Makes one request, and follows no redirect.
 * @param timeout longest time for the answer with its body, in seconds
 * @param options.route default: a route for this request alone
 * @param options.access what that route needs beyond the URL
 */
export async function makeRequest(
    url: string,
    timeout: number,
    {
        access,
        route = routeTo(url, undefined, access),
        ...options
    }: Pick<http.RequestOptions, "headers" | "signal"> & { route?: Route; access?: Access } = {},
): Promise<Outcome> {
    const begun = performance.now();
    const outcome = (rest: Omit<Outcome, "milliseconds">) => ({ milliseconds: performance.now() - begun, ...rest });
    const request = route.get(options);
    const timer = setTimeout(() => request.destroy(new Error(`no answer in ${timeout} s`)), timeout * 1000);
    try {
        const { status, body } = await answerTo(request);
        return status >= 200 && status <= 299
            ? outcome({ status, body })
            : outcome({ status, failure: reasonFor(status, body) });
    } catch (error) {
        const through = route.proxy === undefined ? "" : ` (through the proxy ${route.proxy})`;
        return outcome({ failure: `${connectionError(error)}${through}` });
    } finally {
        clearTimeout(timer);
    }
}

function answerTo(request: http.ClientRequest): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
        request.on("error", reject);
        request.once("response", (response) => {
            let body = "";
            response.setEncoding("utf8");
            response.on("data", (chunk: string) => {
                body += chunk.slice(0, Math.max(0, KEPT - body.length));
            });
            response.on("error", reject);
            response.once("end", () => {
                resolve({ status: response.statusCode ?? 0, body });
            });
        });
    });
}

/** A status with its reason: a proxy explains it in a line of text. */
function reasonFor(status: number, body: string): string {
    const text = body.trim();
    const explanation =
        text === "" || text.startsWith("<") ? http.STATUS_CODES[status] : (text.split("\n")[0] ?? "").slice(0, QUOTED);
    return `${status} ${explanation ?? ""}`.trim();
}

/** Why a connection has failed, in words. */
export function connectionError(error: unknown): string {
    // For a host with several addresses, there is one error for each.
    const first = error instanceof AggregateError ? (error.errors as unknown[])[0] : error;
    const { code } = first as NodeJS.ErrnoException;
    return CONNECTION_ERRORS[code ?? ""] ?? messageOf(first);
}
