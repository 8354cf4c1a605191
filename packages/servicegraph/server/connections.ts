import type * as http from "node:http";
import { Socket } from "node:net";
import { Duplex } from "node:stream";

/** Options of `http.createServer`, in milliseconds and bytes. */
export const CONNECTION_OPTIONS = {
    // Of Go, and so of 1.0. Node's 16 KiB is less than some browsers send.
    maxHeaderSize: 1024 * 1024 + 4096,
    // A connection without a complete head is closed within ten seconds.
    headersTimeout: 8000,
    requestTimeout: 15_000,
    connectionsCheckingInterval: 1000,
};

/** The most connections: with more of them, the oldest one without a request is closed for the new one. */
const MOST_CONNECTIONS = 512;

/** The most bytes of all heads that wait for their end or for their answer: a few times as many are needed to read them. */
const MOST_HEAD_BYTES = 8 * 1024 * 1024;

/** How often the bytes of heads are counted, in milliseconds. */
const COUNTING = 200;

/** Keeps a server reachable: probes are always answered, although clients hold connections, or send endless heads. */
export function guardConnections(server: http.Server): void {
    /** The bytes that each connection had received when its last request ended; the oldest ones first. */
    const silent = new Map<Socket, number>();
    const busy = new Map<Socket, number>();

    server.on("connection", (socket) => {
        if (!(socket instanceof Socket)) {
            return;
        }
        if (silent.size + busy.size >= MOST_CONNECTIONS) {
            const [oldest] = silent.size > 0 ? silent.keys() : busy.keys();
            oldest?.destroy();
        }
        silent.set(socket, 0);
        socket.once("close", () => {
            silent.delete(socket);
            busy.delete(socket);
        });
    });
    server.on("request", ({ socket }, response: http.ServerResponse) => {
        const before = silent.get(socket);
        if (before !== undefined) {
            silent.delete(socket);
            busy.set(socket, before);
        }
        response.once("close", () => {
            if (busy.delete(socket) && !socket.destroyed) {
                silent.set(socket, socket.bytesRead);
            }
        });
    });
    const timer = setInterval(() => {
        const heads = [...silent, ...busy].map(([socket, before]) => ({ socket, bytes: socket.bytesRead - before }));
        let sum = heads.reduce((sum, { bytes }) => sum + bytes, 0);
        for (const { socket, bytes } of sum > MOST_HEAD_BYTES ? heads.sort((a, b) => b.bytes - a.bytes) : []) {
            if (sum > MOST_HEAD_BYTES) {
                socket.destroy();
                sum -= bytes;
            }
        }
    }, COUNTING).unref();
    server.on("close", () => {
        clearInterval(timer);
    });
    server.on("clientError", (error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket) => {
        const escaped = error.code === "HPE_INVALID_URL" && error.rawPacket ? escapedHead(error.rawPacket) : undefined;
        if (escaped && socket instanceof Socket) {
            server.emit("connection", again(escaped, socket));
            return;
        }
        if (socket.writable) {
            socket.write(`HTTP/1.1 ${STATUS[error.code ?? ""] ?? "400 Bad Request"}\r\nConnection: close\r\n\r\n`);
        }
        socket.destroy();
    });
}

/** As Node answers by itself. */
const STATUS: Partial<Record<string, string>> = {
    HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
    HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Payload Too Large",
    ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

/** A request whose target is not ASCII, escaped as Go reads it; undefined if it is incomplete or has another fault. */
function escapedHead(packet: Buffer): Buffer | undefined {
    const text = packet.toString("latin1");
    const [line = "", method, target = "", version] = /^([A-Z]+ )(\S+)( HTTP\/1\.[01]\r\n)/.exec(text) ?? [];
    if (!/[\x80-\xff]/.test(target) || !text.includes("\r\n\r\n")) {
        return undefined;
    }
    const escape = (byte: string) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`;
    const head = `${method ?? ""}${target.replace(/[\x80-\xff]/g, escape)}${version ?? ""}Connection: close\r\n`;
    return Buffer.from(head + text.slice(line.length), "latin1");
}

/** A connection that begins with the bytes, and whose answer goes to the socket. */
function again(bytes: Buffer, socket: Socket): Duplex {
    const stream = new Duplex({
        read: () => undefined,
        write: (chunk: Buffer, _, done) => void socket.write(chunk, done),
        final: (done) => void socket.end(done),
        destroy: (error, done) => {
            socket.destroy();
            done(error);
        },
    });
    socket.once("close", () => stream.destroy());
    stream.push(bytes);
    return stream;
}
