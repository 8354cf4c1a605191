import * as http from "node:http";
import * as https from "node:https";
import { Fault } from "../server/fault";
import { readAnswer, type Sample } from "./answer";

/** Something that answers PromQL queries. */
export interface Prometheus {
    /**
     * @param at the moment that the query looks at, the same for queries whose answers are put together
     * @throws Fault 502 where Prometheus cannot be reached or answers nonsense, 504 where it takes too long
     */
    query: (promql: string, at: Date) => Promise<Sample[]>;
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
    const agent = new client.Agent({ keepAlive: true, maxSockets: 32 });
    const name = `${address.protocol}//${address.host}${address.pathname.replace(/\/$/, "")}`;

    async function ask(promql: string, at: Date): Promise<Sample[]> {
        const url = new URL(address);
        url.pathname = `${address.pathname.replace(/\/$/, "")}/api/v1/query`;
        url.search = new URLSearchParams({
            query: promql,
            time: at.toISOString(),
            timeout: `${timeout}ms`,
        }).toString();
        const signal = AbortSignal.timeout(timeout);
        try {
            const { body, status } = await get(client, url, { agent, signal }, answerBytes);
            return readAnswer(body, status);
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
        query: async (promql, at) => {
            const start = performance.now();
            const ended = (outcome: "success" | "timeout" | "failure") =>
                observe?.(outcome, (performance.now() - start) / 1000);
            try {
                const samples = await ask(promql, at);
                ended("success");
                return samples;
            } catch (error) {
                ended(error instanceof Fault && error.status === 504 ? "timeout" : "failure");
                throw error;
            }
        },
    };
}

async function get(
    client: typeof http | typeof https,
    url: URL,
    options: http.RequestOptions,
    answerBytes: number,
): Promise<{ body: string; status: number }> {
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
        client.get(url, options, resolve).on("error", reject);
    });
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
        length += chunk.length;
        if (length > answerBytes) {
            throw new Fault(
                502,
                `Prometheus' answer is longer than ${answerBytes} bytes; ask for less by a filter, or allow more by a flag`,
            );
        }
        chunks.push(chunk);
    }
    return { body: Buffer.concat(chunks, length).toString("utf8"), status: response.statusCode ?? 0 };
}

/** Why a connection failed. With several addresses to try, Node gives an error without a message, but with a code. */
function reasonOf(error: unknown): string {
    const { message, code } = error as NodeJS.ErrnoException;
    return message || code || String(error);
}
