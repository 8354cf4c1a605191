import { once } from "node:events";
import * as http from "node:http";
import type { AddressInfo } from "node:net";

/** An element of a vector; the value is in Prometheus' format. */
export interface Element {
    metric: Record<string, string>;
    value: string;
}

/** The answer to a query: a vector, or any response of an HTTP server. */
export type Reply = Element[] | ((response: http.ServerResponse) => void);

export interface FakePrometheus {
    url: string;
    /** The queries so far, in their order. */
    queries: string[];
    close: () => Promise<void>;
}

/**
 * Listens on loopback. It has the part of Prometheus' HTTP API that servicegraph uses: instant queries by GET or POST.
 * @param reply gets a query, and its time as it was sent
 */
export async function fakePrometheus(reply: (promql: string, time: string) => Reply): Promise<FakePrometheus> {
    const queries: string[] = [];
    const server = http.createServer((request, response) => {
        void readParameters(request).then((parameters) => {
            const promql = parameters.get("query") ?? "";
            queries.push(promql);
            const found = reply(promql, parameters.get("time") ?? "");
            if (typeof found === "function") {
                found(response);
            } else {
                sendVector(response, found);
            }
        });
    });
    return { queries, ...(await listenOnLoopback(server)) };
}

/** Listens on a free port. */
export async function listenOnLoopback(server: http.Server): Promise<{ url: string; close: () => Promise<void> }> {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const close = async () => {
        server.closeAllConnections();
        server.close();
        await once(server, "close");
    };
    return { url: `http://127.0.0.1:${port}`, close };
}

async function readParameters(request: http.IncomingMessage): Promise<URLSearchParams> {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    if (request.method !== "POST") {
        return url.searchParams;
    }
    let body = "";
    for await (const chunk of request as AsyncIterable<Buffer>) {
        body += chunk.toString("latin1");
    }
    return new URLSearchParams(body);
}

/** Answers with a vector in Prometheus' format. */
export function sendVector(response: http.ServerResponse, elements: Element[]): void {
    response.setHeader("Content-Type", "application/json");
    const result = elements.map(({ metric, value }) => ({ metric, value: [1_540_000_000.781, value] }));
    response.end(JSON.stringify({ status: "success", data: { resultType: "vector", result } }));
}
