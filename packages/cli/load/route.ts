import http from "node:http";
import https from "node:https";
import { curlProxyFor, shownProxy } from "../../shared/proxy";
import type * as Tunnel from "./tunnel";

/** How requests reach a URL: directly, or through the proxy that curl would use. */
export interface Route {
    get: (options: http.RequestOptions) => http.ClientRequest;
    /** The proxy without its credentials; undefined if there is none. */
    proxy?: string;
    close: () => void;
}

/** @param keptOpen options of connections that stay open; default: each request has its own */
export function routeTo(url: string, keptOpen?: http.AgentOptions): Route {
    const address = new URL(url);
    const proxy = curlProxyFor(address);
    const module = address.protocol === "https:" ? https : http;
    const forwarded = proxy !== undefined && address.protocol === "http:" && proxy.protocol.startsWith("http");
    const agent =
        proxy && !forwarded
            ? (require("./tunnel") as typeof Tunnel).tunnelTo(address, proxy, keptOpen)
            : agentOf(forwarded ? proxy : address, keptOpen);
    return {
        get: (options) =>
            forwarded
                ? forward(address, proxy, { ...options, agent })
                : module.get(url, { ...options, ...(agent && { agent }) }),
        proxy: proxy && shownProxy(proxy),
        close: () => {
            agent?.destroy();
        },
    };
}

function agentOf({ protocol }: URL, keptOpen: http.AgentOptions | undefined): http.Agent | undefined {
    const { Agent } = protocol === "https:" ? https : http;
    return keptOpen && new Agent(keptOpen);
}

/** A plain request, which the proxy makes itself: many proxies open no tunnel to port 80. */
function forward(address: URL, proxy: URL, options: http.RequestOptions): http.ClientRequest {
    const { username, password } = proxy;
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    const headers = {
        ...(options.headers as http.OutgoingHttpHeaders | undefined),
        host: address.host,
        ...(username !== "" && { "proxy-authorization": `Basic ${Buffer.from(credentials).toString("base64")}` }),
    };
    const module = proxy.protocol === "https:" ? https : http;
    const { hostname, port } = proxy;
    const place = { hostname: hostname.replace(/^\[(.*)\]$/, "$1"), port: port === "" ? undefined : port };
    return module.get({ ...options, ...place, path: address.href, headers });
}
