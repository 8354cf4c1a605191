/** Loaded only if there is a proxy. */
import type http from "node:http";
import { HttpProxyAgent, HttpsProxyAgent } from "hpagent";
import { SocksProxyAgent } from "socks-proxy-agent";

/** An agent whose connections to a server go through a proxy. */
export function tunnelTo({ protocol }: URL, proxy: URL, options: http.AgentOptions = {}): http.Agent {
    if (proxy.protocol.startsWith("socks")) {
        return new SocksProxyAgent(proxy, options);
    }
    const Agent = protocol === "https:" ? HttpsProxyAgent : HttpProxyAgent;
    return new Agent({ ...options, proxy: proxy.href });
}
