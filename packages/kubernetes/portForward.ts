import { Duplex, PassThrough } from "node:stream";
import type { KubeConfig } from "@kubernetes/client-node";
import { UserError } from "../shared/errors";
import { ApiError } from "./apiError";
import type * as Client from "./client";

/** Why the API server opens no WebSocket to a pod. The library rejects with the WebSocket's error event. */
export function refusalOf(event: unknown, pod: { namespace: string; name: string }): ApiError {
    const { message = String(event) } = event as { message?: string };
    const [, status = "0"] = /Unexpected server response: (\d+)/.exec(message) ?? [];
    return new ApiError(Number(status), `${pod.namespace}/${pod.name} cannot be reached: ${message}`);
}

/** The methods of the library's WebSocket that are used here. */
interface WebSocket {
    on(event: "close" | "error" | "message", listener: () => void): void;
    pause(): void;
    resume(): void;
    terminate(): void;
}

/**
 * Opens a connection to a port of a pod, as `kubectl port-forward` does for each connection that it accepts.
 * @returns a stream of the connection's bytes; it is destroyed with a UserError if nothing listens in the pod
 * @throws ApiError if the API server does not open it, because the pod does not exist or does not run
 */
export async function connectToPod(
    config: KubeConfig,
    pod: { namespace: string; name: string },
    port: number,
): Promise<Duplex> {
    const { PortForward } = require("./client") as typeof Client;
    const toPod = new PassThrough();
    const fromPod = new PassThrough();
    const complaints = new PassThrough();
    const opened = new PortForward(config).portForward(pod.namespace, pod.name, [port], fromPod, complaints, toPod);
    const socket = (await opened.catch((event: unknown) => {
        throw refusalOf(event, pod);
    })) as unknown as WebSocket;

    const connection = Duplex.from({ readable: fromPod, writable: toPod });
    complaints.once("data", (text: Buffer) => {
        connection.destroy(new UserError(text.toString().trim()));
    });
    for (const event of ["close", "error"] as const) {
        socket.on(event, () => fromPod.end());
    }
    // The library keeps writing even if the reader is slow.
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
