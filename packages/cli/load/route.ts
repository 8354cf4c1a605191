import http from "node:http";
import https from "node:https";
import { isIP, isIPv6 } from "node:net";
import type { SecureContext } from "node:tls";
import type { Endpoint } from "../../../components/istio/address";
import { curlProxyFor, shownProxy } from "../../shared/proxy";
import type * as Tunnel from "./tunnel";

/** How requests reach a URL: directly, or through the proxy that curl would use. */
export interface Route {
    get: (options: http.RequestOptions) => http.ClientRequest;
    /** The proxy without its credentials; undefined if there is none. */
    proxy?: string;
    close: () => void;
}

/** What requests need beyond their URL. */
export interface Access {
    /** Where to connect, whatever DNS knows of the URL's host. Default: at that host. */
    endpoint?: Endpoint;
    /** The host that the server's certificate must name. Default: the URL's. */
    servername?: string;
    /** The certificates that are trusted, and the client's own. Default: those that Node.js trusts. */
    secureContext?: SecureContext;
}

/** @param keptOpen options of connections that stay open; default: each request has its own */
export function routeTo(url: string, keptOpen?: http.AgentOptions, { endpoint, ...security }: Access = {}): Route {
    const target = new URL(url);
    const address = endpoint ? at(endpoint, target) : target;
    const proxy = curlProxyFor(address);
    const module = address.protocol === "https:" ? https : http;
    const forwarded = proxy !== undefined && address.protocol === "http:" && proxy.protocol.startsWith("http");
    const agent =
        proxy && !forwarded
            ? (require("./tunnel") as typeof Tunnel).tunnelTo(address, proxy, keptOpen)
            : agentOf(forwarded ? proxy : address, keptOpen);
    // A handshake cannot name an IP address.
    const named = endpoint && isIP(target.hostname) === 0 && { servername: target.hostname };
    const secured = address.protocol === "https:" && { ...named, ...security };
    return {
        get: (options) => {
            const headers = {
                ...(options.headers as http.OutgoingHttpHeaders | undefined),
                ...(endpoint && { host: target.host }),
            };
            return forwarded
                ? forward(address, proxy, { ...options, headers, agent })
                : module.get(address, { ...options, ...secured, headers, ...(agent && { agent }) });
        },
        proxy: proxy && shownProxy(proxy),
        close: () => {
            agent?.destroy();
        },
    };
}

/** A URL at another place. */
function at({ host, port }: Endpoint, target: URL): URL {
    const address = new URL(target);
    address.hostname = isIPv6(host) ? `[${host}]` : host;
    address.port = String(port);
    return address;
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
        host: address.host,
        ...(options.headers as http.OutgoingHttpHeaders | undefined),
        ...(username !== "" && { "proxy-authorization": `Basic ${Buffer.from(credentials).toString("base64")}` }),
    };
    const module = proxy.protocol === "https:" ? https : http;
    const { hostname, port } = proxy;
    const place = { hostname: hostname.replace(/^\[(.*)\]$/, "$1"), port: port === "" ? undefined : port };
    return module.get({ ...options, ...place, path: address.href, headers });
}
