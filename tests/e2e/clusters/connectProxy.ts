import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";

/** A company's proxy on loopback: it opens tunnels (CONNECT) and counts them. */
export class ConnectProxy {
    /** The targets of all tunnels, in order: `host:port`. */
    readonly tunnels: string[] = [];
    private readonly sockets = new Set<Duplex>();

    private constructor(private readonly server: Server) {}

    static async start(): Promise<ConnectProxy> {
        const server = createServer();
        const proxy = new ConnectProxy(server);
        server.on("connect", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
            proxy.tunnel(request.url ?? "", socket, head);
        });
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
        return proxy;
    }

    get url(): string {
        return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    }

    stop(): void {
        this.sockets.forEach((socket) => socket.destroy());
        this.server.close();
    }

    private tunnel(target: string, socket: Duplex, head: Buffer): void {
        this.tunnels.push(target);
        const [host, port] = target.split(":");
        const upstream = connect(Number(port), host, () => {
            socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
            upstream.write(head);
            socket.pipe(upstream).pipe(socket);
        });
        for (const [end, other] of [
            [socket, upstream],
            [upstream, socket],
        ] as const) {
            this.sockets.add(end);
            end.on("error", () => other.destroy());
            end.on("close", () => {
                this.sockets.delete(end);
                other.destroy();
            });
        }
    }
}
