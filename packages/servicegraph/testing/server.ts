import { once } from "node:events";
import * as http from "node:http";
import { prometheusAt } from "../prometheus/client";
import { app } from "../server/app";
import { ASSET_NAMES, assets } from "../server/assets";
import { CONNECTION_OPTIONS, guardConnections } from "../server/connections";
import { graphsFrom } from "../server/graphs";
import { Metrics } from "../server/metrics";
import { listenOnLoopback } from "./fakePrometheus";

export interface Reply {
    status: number;
    headers: http.IncomingHttpHeaders;
    body: string;
}

export interface TestServer {
    url: string;
    /** @param path is sent unchanged */
    ask: (path: string, method?: string, headers?: http.OutgoingHttpHeaders) => Promise<Reply>;
    /** What the server logged. */
    logged: string[];
    close: () => Promise<void>;
}

/** The server on loopback, without a process for graphs. */
export async function testServer(
    prometheusUrl: string,
    { timeout = 5000, answerBytes = 10_000_000, stall = 30_000 } = {},
): Promise<TestServer> {
    const metrics = new Metrics();
    const logged: string[] = [];
    const prometheus = prometheusAt(new URL(prometheusUrl), {
        timeout,
        answerBytes,
        observe: (outcome, seconds) => {
            metrics.countQuery(outcome, seconds);
        },
    });
    const make = graphsFrom(prometheus);
    const files = assets((name) => `the file ${ASSET_NAMES.indexOf(name)}: ${name}`);
    const log = (message: string) => logged.push(message);
    const server = http.createServer(CONNECTION_OPTIONS, app({ make, metrics, assets: files, stall, log }));
    guardConnections(server);
    const { url, close } = await listenOnLoopback(server);
    return {
        url,
        logged,
        ask: (path, method = "GET", headers = {}) => ask(Number(new URL(url).port), { path, method, headers }),
        close,
    };
}

async function ask(port: number, options: http.RequestOptions): Promise<Reply> {
    const request = http.request({ ...options, host: "127.0.0.1", port, agent: false }).end();
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    let body = "";
    response.setEncoding("utf8");
    for await (const chunk of response as AsyncIterable<string>) {
        body += chunk;
    }
    return { status: response.statusCode ?? 0, headers: response.headers, body };
}
