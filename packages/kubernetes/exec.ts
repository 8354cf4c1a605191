import { Writable } from "node:stream";
import type { KubeConfig } from "@kubernetes/client-node";
import { Stopped, UserError } from "../shared/errors";
import { ApiError } from "./apiError";
import type * as Client from "./client";
import { refusalOf } from "./portForward";

export interface Container {
    namespace: string;
    /** The pod's name. */
    name: string;
    container: string;
}

/** The API server's last message: how the command has ended. */
interface Ending {
    status?: string;
    message?: string;
}

/** The methods of the library's WebSocket that are used here. */
interface WebSocket {
    on(event: "close", listener: () => void): void;
    terminate(): void;
}

/**
 * Runs a command in a container, as `kubectl exec` does. It gets no input, and its standard error is lost.
 * @returns its standard output
 * @throws ApiError if the API server does not start it; UserError if the container has no such command, or it fails; Stopped
 */
export async function runIn(
    config: KubeConfig,
    { namespace, name, container }: Container,
    command: readonly string[],
    stop?: AbortSignal,
): Promise<string> {
    const { Exec } = require("./client") as typeof Client;
    const chunks: Buffer[] = [];
    const output = new Writable({
        write: (chunk: Buffer, _encoding, done) => {
            chunks.push(chunk);
            done();
        },
    });
    let end: (ending: Ending | undefined) => void;
    const ended = new Promise<Ending | undefined>((resolve) => {
        end = resolve;
    });
    const opened = new Exec(config).exec(
        namespace,
        name,
        container,
        [...command],
        output,
        null,
        null,
        false,
        (status) => {
            end(status);
        },
    );
    const socket = (await opened.catch((event: unknown) => {
        throw refusalOf(event, { namespace, name });
    })) as unknown as WebSocket;
    const close = () => {
        socket.terminate();
    };
    socket.on("close", () => {
        end(undefined);
    });
    stop?.addEventListener("abort", close);
    if (stop?.aborted) {
        close();
    }
    const ending = await ended;
    stop?.removeEventListener("abort", close);
    close();
    if (ending?.status === "Success") {
        return Buffer.concat(chunks).toString();
    }
    if (stop?.aborted) {
        throw new Stopped();
    }
    throw ending
        ? new UserError(`${command[0] ?? ""} in ${namespace}/${name}: ${ending.message ?? "it has failed"}`)
        : new ApiError(0, `${namespace}/${name} cannot be reached: the connection has ended`);
}
