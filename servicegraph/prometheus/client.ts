import * as http from "node:http";
import * as https from "node:https";
import { Fault } from "../fault";
import { AnswerReader, type Sample } from "./answer";

/** Something that answers PromQL queries. */
export interface Prometheus {
    /**
     * @param at the moment that the query looks at, the same for queries whose answers are put together
     * @param take gets each element of the answer; where the query fails, it may have got some of them
     * @throws Fault 502 where Prometheus cannot be reached or answers nonsense, 504 where it takes too long
     */
    query: (promql: string, at: Date, take: (sample: Sample) => void) => Promise<void>;
}

export interface PrometheusLimits {
    /** How long Prometheus may take for an answer, in milliseconds. */
    timeout: number;
    /** How long an answer may be, in bytes. */
    answerBytes: number;
    /** Told of each query: how it ended, and after how many seconds. */
    observe?: (outcome: "success" | "timeout" | "failure", seconds: number) => void;
}

/** The HTTP API of the Prometheus at `address`, whose path may be a prefix. */
export function prometheusAt(address: URL, { timeout, answerBytes, observe }: PrometheusLimits): Prometheus {
    const client = address.protocol === "https:" ? https : http;
    const agent = new client.Agent({ keepAlive: true, maxSockets: 16 });
    const name = `${address.protocol}//${address.host}${address.pathname.replace(/\/$/, "")}`;

    async function ask(promql: string, at: Date, take: (sample: Sample) => void): Promise<void> {
        const url = new URL(address);
        url.pathname = `${address.pathname.replace(/\/$/, "")}/api/v1/query`;
        url.search = new URLSearchParams({
            query: promql,
            time: at.toISOString(),
            timeout: `${timeout}ms`,
        }).toString();
        const signal = AbortSignal.timeout(timeout);
        try {
            const response = await get(client, url, { agent, signal });
            await read(response, answerBytes, take);
        } catch (error) {
            if (error instanceof Fault) {
                throw error;
            }
            throw signal.aborted
                ? new Fault(504, `Prometheus at ${name} does not answer within ${timeout / 1000} s`)
                : new Fault(502, `Prometheus at ${name} cannot be asked: ${reasonOf(error)}`);
        }
    }

    return {
        query: async (promql, at, take) => {
            const start = performance.now();
            const ended = (outcome: "success" | "timeout" | "failure") =>
                observe?.(outcome, (performance.now() - start) / 1000);
            try {
                await ask(promql, at, take);
                ended("success");
            } catch (error) {
                ended(error instanceof Fault && error.status === 504 ? "timeout" : "failure");
                throw error;
            }
        },
    };
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
