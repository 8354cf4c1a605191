import { createServer, type Server, type Socket } from "node:net";
import { type Duplex, pipeline } from "node:stream";
import { pause } from "../../kubernetes/wait";
import { UserError, messageOf } from "../../shared/errors";

/** This machine's loopback addresses: what is forwarded is for nobody else. */
const LOOPBACK = ["127.0.0.1", "::1"];

/** Codes of listening on an address that this machine does not have, as where IPv6 is off. */
const NO_SUCH_ADDRESS = ["EADDRNOTAVAIL", "EAFNOSUPPORT"];

/** How long a connection waits for its other end, in milliseconds: a pod's restart, and a pull of its image. */
const PATIENCE = 60_000;

/** Time between two attempts, in milliseconds. */
const RETRY = 500;

export interface ForwardingOptions {
    /** Local port. */
    port: number;
    /** What is forwarded, where it is one of several: they cannot choose their ports. */
    oneOfSeveral?: string;
    /** Opens the other end; called for each connection, again and again until it succeeds. */
    connect: () => Promise<Duplex>;
    /** Told once when the other end is gone, with the reason, and once when it is back. */
    onChange: (change: { lost: string } | "back") => void;
}

/** A local port whose connections are taken to another place, wherever that is at the moment. */
export class Forwarding {
    private readonly servers: Server[] = [];
    private readonly sockets = new Set<Socket>();
    private readonly closing = new AbortController();
    private lost = false;

    private constructor(private readonly options: ForwardingOptions) {}

    /** @throws UserError where the port is taken, or may not be used */
    static async open(options: ForwardingOptions): Promise<Forwarding> {
        const forwarding = new Forwarding(options);
        try {
            for (const address of LOOPBACK) {
                await forwarding.listen(address);
            }
        } catch (error) {
            forwarding.close();
            throw error;
        }
        return forwarding;
    }

    /** Frees the port and ends the connections. */
    close(): void {
        this.closing.abort();
        for (const server of this.servers) {
            server.close();
        }
        for (const socket of this.sockets) {
            socket.destroy();
        }
    }

    private async listen(address: string): Promise<void> {
        const { port, oneOfSeveral } = this.options;
        const server = createServer((socket) => void this.forward(socket));
        const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
            server.once("error", resolve);
            server.listen({ host: address, port }, () => {
                resolve(undefined);
            });
        });
        if (error === undefined) {
            this.servers.push(server);
        } else if (!NO_SUCH_ADDRESS.includes(error.code ?? "") || address === LOOPBACK[0]) {
            throw new UserError(portFault(port, error, oneOfSeveral));
        }
    }

    private async forward(socket: Socket): Promise<void> {
        this.sockets.add(socket);
        const gone = new AbortController();
        socket.once("close", () => {
            this.sockets.delete(socket);
            gone.abort();
        });
        // A browser that gives up is no event.
        socket.on("error", () => undefined);
        try {
            const connection = await this.connect(AbortSignal.any([gone.signal, this.closing.signal]));
            pipeline(socket, connection, socket, () => undefined);
        } catch {
            socket.destroy();
        }
    }

    /** Opens the other end as soon as that can be done. What the browser sends meanwhile waits. */
    private async connect(stop: AbortSignal): Promise<Duplex> {
        const end = Date.now() + PATIENCE;
        for (;;) {
            try {
                const connection = await this.options.connect();
                this.tell(undefined);
                return connection;
            } catch (error) {
                this.tell(messageOf(error));
                if (Date.now() > end) {
                    throw error;
                }
            }
            await pause(RETRY, stop);
        }
    }

    private tell(reason: string | undefined): void {
        const lost = reason !== undefined;
        if (lost !== this.lost && !this.closing.signal.aborted) {
            this.lost = lost;
            this.options.onChange(lost ? { lost: reason } : "back");
        }
    }
}

function portFault(port: number, { code, message }: NodeJS.ErrnoException, oneOfSeveral?: string): string {
    const where = `port ${port} of this machine${oneOfSeveral === undefined ? "" : `, which ${oneOfSeveral} uses,`}`;
    const choice = (advice: string) =>
        oneOfSeveral === undefined ? `${advice} with --port` : `free it, or leave ${oneOfSeveral} out`;
    switch (code) {
        case "EADDRINUSE":
            return `${where} is taken by another program; ${choice("choose another")}`;
        case "EACCES":
            return `${where} may only be used by root; ${choice("choose one from 1024 on")}`;
        default:
            return `${where} cannot be used: ${message}`;
    }
}
