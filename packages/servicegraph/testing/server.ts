import { once } from "node:events";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { prometheusAt } from "../prometheus/client";
import { app } from "../server/app";
import { ASSET_NAMES, assets } from "../server/assets";
import { graphsFrom } from "../server/graphs";
import { Metrics } from "../server/metrics";

export interface Reply {
    status: number;
    headers: http.IncomingHttpHeaders;
    body: string;
}

export interface TestServer {
    url: string;
    /** @param path is sent unchanged */
    ask: (path: string, method?: string) => Promise<Reply>;
    /** What the server logged. */
    logged: string[];
    close: () => Promise<void>;
}

/** The server on loopback, without a thread for graphs. */
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
    const files = assets((name) => `the file ${ASSET_NAMES.indexOf(name)}: ${name}`);
    const server = http.createServer(
        app({
            make: graphsFrom(prometheus),
            metrics,
            assets: files,
            timeout,
            stall,
            log: (message) => logged.push(message),
        }),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    return {
        url: `http://127.0.0.1:${port}`,
        logged,
        ask: (path, method = "GET") => ask(port, path, method),
        close: async () => {
            server.closeAllConnections();
            server.close();
            await once(server, "close");
        },
    };
}

async function ask(port: number, path: string, method: string): Promise<Reply> {
    const request = http.request({ host: "127.0.0.1", port, path, method, agent: false }).end();
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    let body = "";
    response.setEncoding("utf8");
    for await (const chunk of response as AsyncIterable<string>) {
        body += chunk;
    }
    return { status: response.statusCode ?? 0, headers: response.headers, body };
}
