import { Duplex, PassThrough } from "node:stream";
import type { KubeConfig } from "@kubernetes/client-node";
import { UserError } from "../shared/errors";

/** What is used of the library's WebSocket. */
interface WebSocket {
    on(event: "close" | "error" | "message", listener: () => void): void;
    pause(): void;
    resume(): void;
    terminate(): void;
}

/**
 * Opens a connection to a port of a pod, as `kubectl port-forward` does for each connection that it takes.
 * @returns bytes in, bytes out; it is destroyed with a Fault where nothing listens in the pod
 * @throws Error where the API server does not open it: there is no such pod, or it does not run
 */
export async function connectToPod(
    config: KubeConfig,
    pod: { namespace: string; name: string },
    port: number,
): Promise<Duplex> {
    const { PortForward } = await import("@kubernetes/client-node");
    const toPod = new PassThrough();
    const fromPod = new PassThrough();
    const complaints = new PassThrough();
    const opened = new PortForward(config).portForward(pod.namespace, pod.name, [port], fromPod, complaints, toPod);
    const socket = (await opened.catch((event: unknown) => {
        // The library rejects with the WebSocket's error event.
        const { message } = event as { message?: string };
        throw new UserError(`${pod.namespace}/${pod.name} cannot be reached: ${message ?? String(event)}`);
    })) as unknown as WebSocket;

    const connection = Duplex.from({ readable: fromPod, writable: toPod });
    complaints.once("data", (text: Buffer) => {
        connection.destroy(new UserError(text.toString().trim()));
    });
    socket.on("close", () => fromPod.end());
    socket.on("error", () => fromPod.end());
    // The library writes on, however slow the reader is.
    socket.on("message", () => {
        if (fromPod.writableNeedDrain) {
            socket.pause();
            fromPod.once("drain", () => {
                socket.resume();
            });
        }
    });
    connection.once("close", () => {
        socket.terminate();
    });
    return connection;
}
