import http from "node:http";
import { type Duplex, duplexPair, pipeline } from "node:stream";

/**
 * A connection for a client that asks for the wrong host, such as localhost: its requests go on over another connection, and
 * name the right one.
 * @param upstream the connection to the server; it ends with the client's, and the client's with it
 * @param host the host that the server knows
 */
export function bridge(upstream: Duplex, host: string): Duplex {
    const [client, inner] = duplexPair();
    // Requests of one connection come one after the other, so the other connection serves them too.
    const agent = oneConnection(upstream);
    const server = http.createServer((request, response) => {
        const { method, url, headers } = request;
        const onward = http.request({ agent, method, path: url, headers: { ...headers, host } }, (answer) => {
            response.writeHead(answer.statusCode ?? 502, answer.headers);
            pipeline(answer, response, () => undefined);
        });
        onward.on("error", () => inner.destroy());
        pipeline(request, onward, () => undefined);
    });
    server.emit("connection", inner);
    upstream.once("close", () => inner.destroy());
    for (const end of [client, inner]) {
        end.on("error", () => undefined);
        end.once("close", () => {
            upstream.destroy();
            agent.destroy();
        });
    }
    return client;
}

/** An agent whose requests all go over one connection, which need not be a socket. */
export function oneConnection(connection: Duplex): http.Agent {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    agent.createConnection = () => connection;
    // By default, both set options that only a socket has.
    agent.keepSocketAlive = () => true;
    agent.reuseSocket = () => undefined;
    return agent;
}
