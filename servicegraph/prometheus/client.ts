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
    const client = address.protocol === "https:" ? https : http;
    const agent = new client.Agent({ keepAlive: true, maxSockets: 16 });
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
        const late = AbortSignal.timeout(left);
        try {
            const response = await get(client, url, { agent, signal: AbortSignal.any([wanted, late]) });
            await read(response, answerBytes, take);
        } catch (error) {
            wanted.throwIfAborted();
            if (error instanceof Fault) {
                throw error;
            }
            throw late.aborted
                ? new Fault(504, `Prometheus at ${name} does not answer within ${timeout / 1000} s${share(waited)}`)
                : new Fault(502, `Prometheus at ${name} cannot be asked: ${reasonOf(error)}`);
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

function get(
    client: typeof http | typeof https,
    url: URL,
    options: http.RequestOptions,
): Promise<http.IncomingMessage> {
    return new Promise((resolve, reject) => {
        client.get(url, options, resolve).on("error", reject);
    });
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
