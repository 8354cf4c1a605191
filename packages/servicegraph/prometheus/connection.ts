import * as http from "node:http";
import * as https from "node:https";
import type { Duplex } from "node:stream";
import type * as tls from "node:tls";
import { goProxyFor, shownProxy } from "../../shared/proxy";

const ACCEPTED = { "Accept-Encoding": "gzip" };

/** How long a proxy may take to open a tunnel, in milliseconds. */
const TUNNEL_TIMEOUT = 10_000;

/** Sends GET requests, and keeps their connections for the next ones. HTTP_PROXY, HTTPS_PROXY and NO_PROXY count as in 1.0. */
export class Connections {
    private readonly http: http.Agent;
    private readonly https: https.Agent;
    private readonly tunnels: https.Agent;

    /** @param most how many connections there may be; further requests wait */
    constructor(most: number) {
        const options = { keepAlive: true, maxSockets: most, maxFreeSockets: 16 };
        this.http = new http.Agent(options);
        this.https = new https.Agent(options);
        this.tunnels = new TunnelAgent(options);
    }

    /** @throws Error if there is no answer; the signal's reason */
    get(url: URL, signal: AbortSignal): Promise<http.IncomingMessage> {
        const send = url.protocol === "https:" ? https.get : http.get;
        const { options, kept, fresh } = this.route(url);
        return new Promise((resolve, reject) => {
            const attempt = (agent: http.Agent, retry: boolean) => {
                let received = 0;
                const request = send({ ...options, agent, signal }, resolve);
                request.once("socket", ({ bytesRead }) => (received = bytesRead));
                request.once("error", (error) => {
                    // The server may close a kept connection just when it is used again.
                    if (retry && request.reusedSocket && request.socket?.bytesRead === received && !signal.aborted) {
                        attempt(fresh(), false);
                    } else {
                        reject(error);
                    }
                });
            };
            attempt(kept, true);
        });
    }

    private route(url: URL): { options: http.RequestOptions; kept: http.Agent; fresh: () => http.Agent } {
        const proxy = goProxyFor(url);
        const { hostname, port, pathname, search, username, password, protocol } = url;
        const options: http.RequestOptions = {
            host: bare(hostname),
            port,
            path: pathname + search,
            headers: ACCEPTED,
            auth: credentials(username, password),
        };
        if (protocol === "https:") {
            const fresh = () => (proxy ? new TunnelAgent({}) : new https.Agent());
            return { options, kept: proxy ? this.tunnels : this.https, fresh };
        }
        const fresh = () => new http.Agent();
        if (!proxy) {
            return { options, kept: this.http, fresh };
        }
        if (proxy.protocol !== "http:") {
            throw new Error(`the proxy ${shownProxy(proxy)} of HTTP_PROXY must have an http address`);
        }
        const toProxy = {
            ...options,
            host: bare(proxy.hostname),
            port: proxy.port,
            path: `http://${url.host}${options.path ?? ""}`,
            headers: { ...ACCEPTED, Host: url.host, ...proxyHeaders(proxy) },
        };
        return { options: toProxy, kept: this.http, fresh };
    }
}

/** Reaches HTTPS servers through the proxy of the environment. */
class TunnelAgent extends https.Agent {
    override createConnection(
        options: https.RequestOptions,
        callback: (error: Error | null, socket: Duplex) => void,
    ): undefined {
        const host = `${String(options.host)}:${String(options.port)}`;
        const proxy = goProxyFor(new URL(`https://${host.replace(/^([^[]*:.*):/, "[$1]:")}`));
        const fail = (reason: string) => {
            callback(new Error(reason), undefined as unknown as Duplex);
        };
        if (proxy?.protocol !== "http:") {
            fail(`the proxy ${proxy ? shownProxy(proxy) : ""} of HTTPS_PROXY must have an http address`);
            return;
        }
        const request = http.request({
            host: bare(proxy.hostname),
            port: proxy.port,
            method: "CONNECT",
            path: host,
            headers: { Host: host, ...proxyHeaders(proxy) },
            agent: false,
        });
        request.setTimeout(TUNNEL_TIMEOUT, () => request.destroy(new Error("it opens no tunnel")));
        request.once("connect", ({ statusCode }, socket) => {
            socket.setTimeout(0);
            if (statusCode === 200) {
                const tunnel: tls.ConnectionOptions = { ...options, socket } as object;
                callback(null, super.createConnection(tunnel, () => undefined) as Duplex);
            } else {
                socket.destroy();
                fail(`the proxy ${shownProxy(proxy)} answers CONNECT with status ${statusCode ?? 0}`);
            }
        });
        request.once("error", ({ message }) => {
            fail(`the proxy ${shownProxy(proxy)} cannot be used: ${message}`);
        });
        request.end();
    }
}

function proxyHeaders({ username, password }: URL): Record<string, string> {
    const user = credentials(username, password);
    return user === undefined ? {} : { "Proxy-Authorization": `Basic ${Buffer.from(user).toString("base64")}` };
}

function credentials(username: string, password: string): string | undefined {
    return username || password ? `${decodeURIComponent(username)}:${decodeURIComponent(password)}` : undefined;
}

/** A host without the brackets of an IPv6 address. */
function bare(host: string): string {
    return host.replace(/^\[(.*)\]$/, "$1");
}
