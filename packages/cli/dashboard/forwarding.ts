import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type Duplex, pipeline } from "node:stream";
import { pause } from "../../kubernetes/wait";
import { UserError, messageOf } from "../../shared/errors";

/** Only this machine can use the forwarded port. */
const LOOPBACK = ["127.0.0.1", "::1"];

/** Error codes for an address that this machine does not have, for example without IPv6. */
const NO_SUCH_ADDRESS = ["EADDRNOTAVAIL", "EAFNOSUPPORT"];

/** Longest time that a connection waits for its pod, in milliseconds: the pod restarts, and a node pulls its image. */
const PATIENCE = 60_000;

/** Time between two attempts, in milliseconds. */
const RETRY = 500;

export interface ForwardingOptions {
    /** The local port; 0 for any free one. */
    port: number;
    /** Whether any free port will do if another program uses that one. */
    orAnother?: boolean;
    /** The add-on, if several are forwarded: then the user cannot choose the ports. */
    oneOfSeveral?: string;
    /** Connects to the pod; called for each connection, and repeated until it succeeds. */
    connect: () => Promise<Duplex>;
    /** Called once when the pod is gone, with the reason, and once when it is back. */
    onChange: (change: { lost: string } | "back") => void;
}

/** The error if another program uses the local port. */
class PortInUse extends UserError {}

/** A local port that forwards each connection to the pod that is ready at the moment. */
export class Forwarding {
    private readonly servers: Server[] = [];
    private readonly sockets = new Set<Socket>();
    private readonly closing = new AbortController();
    private lost = false;
    /** The local port. */
    port: number;

    private constructor(private readonly options: ForwardingOptions) {
        this.port = options.port;
    }

    /** @throws UserError if another program uses the port, or this user may not */
    static async open(options: ForwardingOptions): Promise<Forwarding> {
        const { orAnother, ...others } = options;
        const forwarding = new Forwarding(options);
        try {
            for (const address of LOOPBACK) {
                await forwarding.listen(address);
            }
        } catch (error) {
            forwarding.close();
            if (orAnother && error instanceof PortInUse) {
                return Forwarding.open({ ...others, port: 0 });
            }
            throw error;
        }
        return forwarding;
    }

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
        const { oneOfSeveral } = this.options;
        const { port } = this;
        const server = createServer((socket) => void this.forward(socket));
        const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
            server.once("error", resolve);
            server.listen({ host: address, port }, () => {
                resolve(undefined);
            });
        });
        if (error === undefined) {
            this.servers.push(server);
            this.port = (server.address() as AddressInfo).port;
        } else if (!NO_SUCH_ADDRESS.includes(error.code ?? "") || address === LOOPBACK[0]) {
            const problem = portProblem(port, error, oneOfSeveral);
            throw error.code === "EADDRINUSE" ? new PortInUse(problem) : new UserError(problem);
        }
    }

    private async forward(socket: Socket): Promise<void> {
        this.sockets.add(socket);
        const gone = new AbortController();
        socket.once("close", () => {
            this.sockets.delete(socket);
            gone.abort();
        });
        // A browser may drop its connection at any time.
        socket.on("error", () => undefined);
        try {
            const connection = await this.connect(AbortSignal.any([gone.signal, this.closing.signal]));
            pipeline(socket, connection, socket, () => undefined);
        } catch {
            socket.destroy();
        }
    }

    /** Connects to the pod as soon as possible. What the browser sends meanwhile waits. */
    private async connect(stop: AbortSignal): Promise<Duplex> {
        const end = Date.now() + PATIENCE;
        for (;;) {
            try {
                const connection = await this.options.connect();
                this.report(undefined);
                return connection;
            } catch (error) {
                this.report(messageOf(error));
                if (Date.now() > end) {
                    throw error;
                }
            }
            await pause(RETRY, stop);
        }
    }

    private report(reason: string | undefined): void {
        const lost = reason !== undefined;
        if (lost !== this.lost && !this.closing.signal.aborted) {
            this.lost = lost;
            this.options.onChange(lost ? { lost: reason } : "back");
        }
    }
}

function portProblem(port: number, { code, message }: NodeJS.ErrnoException, oneOfSeveral?: string): string {
    const where = `port ${port} of this machine${oneOfSeveral === undefined ? "" : `, which ${oneOfSeveral} needs,`}`;
    const choice = (advice: string) =>
        oneOfSeveral === undefined ? `${advice} with --port` : `free it, or leave ${oneOfSeveral} out`;
    switch (code) {
        case "EADDRINUSE":
            return `${where} is used by another program; ${choice("choose another")}`;
        case "EACCES":
            return `${where} may only be used by root; ${choice("choose 1024 or higher")}`;
        default:
            return `${where} cannot be used: ${message}`;
    }
}
