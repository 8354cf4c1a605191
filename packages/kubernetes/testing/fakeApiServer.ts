import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { KubernetesObject } from "../object";
import { kubeconfigFor } from "./kubeconfig";

/** The answer of a pod to bytes on a forwarded port: text, or an error of the kubelet. */
export type PodAnswer = { text: Buffer } | { complaint: string };

/** The protocol of forwarded ports. Each message begins with the number of its channel. */
const PROTOCOL = "v4.channel.k8s.io";
const DATA = 0;
const COMPLAINTS = 1;

/** Channels of a command in a container. */
const OUTPUT = 1;
const ENDING = 3;

/**
 * An API server on loopback: it knows Deployments, Services and pods, and forwards ports and runs commands by WebSocket as the
 * real one does. Its proxy reaches nothing.
 */
export class FakeApiServer {
    /** The objects that are read and listed, regardless of selectors. */
    deployments: KubernetesObject[] = [];
    services: KubernetesObject[] = [];
    pods: KubernetesObject[] = [];
    /** Ports that were forwarded: `namespace/pod:port`. */
    readonly forwarded: string[] = [];
    /** Runs a command in a container: its output and how it ends, else its connection ends. A number refuses it with that status. */
    run: (container: string, command: string[]) => { output: string; ending?: object | "never" } | number = () => 403;
    private readonly connections = new Set<Duplex>();

    private constructor(
        private readonly server: Server,
        private readonly answer: (pod: string, request: string) => PodAnswer,
    ) {}

    static async start(answer: (pod: string, request: string) => PodAnswer): Promise<FakeApiServer> {
        const server = createServer();
        const fake = new FakeApiServer(server, answer);
        server.on("request", (request, response) => {
            const body = fake.objectAt(new URL(request.url ?? "", "http://host").pathname);
            response.writeHead(body ? 200 : 404).end(JSON.stringify(body ?? { kind: "Status", apiVersion: "v1" }));
        });
        server.on("upgrade", (request, socket) => {
            const key = request.headers["sec-websocket-key"] ?? "";
            const { pathname, searchParams } = new URL(request.url ?? "", "http://host");
            if (pathname.endsWith("/exec")) {
                const container = `${pathname.split("/").slice(4, 7).join("/")}/${searchParams.get("container") ?? ""}`;
                fake.runIn(container, searchParams.getAll("command"), key, socket);
                return;
            }
            const [, namespace = "", pod = "", port = ""] =
                /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/portforward\?ports=(\d+)$/.exec(request.url ?? "") ??
                [];
            fake.forward(pod, Number(port), key, socket);
            fake.forwarded.push(`${namespace}/${pod}:${port}`);
        });
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
        return fake;
    }

    get kubeconfig(): string {
        return kubeconfigFor(`http://127.0.0.1:${(this.server.address() as AddressInfo).port}`, "fake");
    }

    /** Ends all forwarded connections, as the end of a pod does. */
    dropConnections(): void {
        for (const connection of this.connections) {
            connection.destroy();
        }
    }

    stop(): void {
        this.dropConnections();
        this.server.closeAllConnections();
        this.server.close();
    }

    private objectAt(path: string): unknown {
        const kinds = (names: Record<string, string>) => ({
            resources: Object.entries(names).map(([kind, name]) => ({ kind, name, namespaced: true })),
        });
        const name = path.split("/").at(-1);
        switch (path) {
            case "/api/v1":
                return kinds({ Pod: "pods", Service: "services" });
            case "/apis/apps/v1":
                return kinds({ Deployment: "deployments" });
            case "/api/v1/pods":
                return { items: this.pods };
            default:
                return [...this.deployments, ...this.services].find(({ metadata }) => metadata.name === name);
        }
    }

    private runIn(container: string, command: string[], key: string, socket: Duplex): void {
        const result = this.run(container, command);
        if (typeof result === "number") {
            socket.end(`HTTP/1.1 ${String(result)} Refused\r\nContent-Length: 0\r\n\r\n`);
            return;
        }
        this.accept(key, socket);
        for (const text of result.output) {
            socket.write(frame(Buffer.concat([Buffer.of(OUTPUT), Buffer.from(text)])));
        }
        if (result.ending === undefined) {
            socket.end();
        } else if (result.ending !== "never") {
            socket.write(frame(Buffer.concat([Buffer.of(ENDING), Buffer.from(JSON.stringify(result.ending))])));
        }
    }

    private accept(key: string, socket: Duplex): void {
        const magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
        socket.write(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
                `Sec-WebSocket-Protocol: ${PROTOCOL}\r\n` +
                `Sec-WebSocket-Accept: ${createHash("sha1")
                    .update(key + magic)
                    .digest("base64")}\r\n\r\n`,
        );
        this.connections.add(socket);
        socket.on("error", () => undefined);
        socket.on("close", () => this.connections.delete(socket));
    }

    private forward(pod: string, port: number, key: string, socket: Duplex): void {
        this.accept(key, socket);
        for (const channel of [DATA, COMPLAINTS]) {
            const first = Buffer.alloc(3);
            first.writeUInt8(channel, 0);
            first.writeUInt16LE(port, 1);
            socket.write(frame(first));
        }
        let received: Buffer = Buffer.alloc(0);
        socket.on("data", (chunk: Buffer) => {
            const { messages, rest } = messagesIn(Buffer.concat([received, chunk]));
            received = rest;
            for (const message of messages) {
                const answer = this.answer(pod, message.subarray(1).toString());
                const [channel, bytes] =
                    "text" in answer ? [DATA, answer.text] : [COMPLAINTS, Buffer.from(answer.complaint)];
                socket.write(frame(Buffer.concat([Buffer.of(channel), bytes])));
            }
        });
    }
}

/** A binary WebSocket message from a server (RFC 6455, 5.2). */
function frame(payload: Buffer): Buffer {
    const header = Buffer.alloc(10);
    header.writeUInt8(0x82, 0);
    header.writeUInt8(127, 1);
    header.writeBigUInt64BE(BigInt(payload.length), 2);
    return Buffer.concat([header, payload]);
}

/** The complete binary messages of a client, which masks them, and the remaining bytes. */
function messagesIn(bytes: Buffer): { messages: Buffer[]; rest: Buffer } {
    const messages: Buffer[] = [];
    let rest = bytes;
    for (;;) {
        const short = rest.length > 1 ? rest.readUInt8(1) & 0x7f : 0;
        const header = short === 127 ? 10 : short === 126 ? 4 : 2;
        if (rest.length < header + 4) {
            return { messages, rest };
        }
        const length = short === 127 ? Number(rest.readBigUInt64BE(2)) : short === 126 ? rest.readUInt16BE(2) : short;
        const mask = rest.subarray(header, header + 4);
        const payload = rest.subarray(header + 4, header + 4 + length);
        if (payload.length < length) {
            return { messages, rest };
        }
        if ((rest.readUInt8(0) & 0x0f) === 2) {
            messages.push(payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0)) as Buffer);
        }
        rest = rest.subarray(header + 4 + length);
    }
}
