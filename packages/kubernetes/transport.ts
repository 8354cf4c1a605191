import http from "node:http";
import https from "node:https";
import { text as readText } from "node:stream/consumers";
import type { KubeConfig } from "@kubernetes/client-node";
import { messageOf, Stopped, UserError } from "../shared/errors";
import { parseUntrusted, withoutControls } from "../shared/controlCharacters";
import { ApiError } from "./apiError";

/** Longest silence of the API server, in milliseconds. */
const REQUEST_TIMEOUT = 30_000;

/** An HTTP answer of any status. */
export interface HttpAnswer {
    status: number;
    text: string;
}

/** A request to the API server, without its method and path. */
export interface Message {
    body?: unknown;
    /** Default: JSON. */
    contentType?: string;
    /** Default: JSON. */
    accept?: string;
    /** More headers. */
    headers?: Record<string, string>;
    /** Longest silence of the API server, in milliseconds. Default: `REQUEST_TIMEOUT`. */
    timeout?: number;
    stop?: AbortSignal;
}

/** HTTP with an API server. The client library handles credentials: certificates, tokens, exec plugins, proxies. */
export class Transport {
    /** One for all requests, which share its connections: a new one takes longer than most answers. */
    private readonly agent = new https.Agent({ keepAlive: true });

    constructor(
        private readonly config: KubeConfig,
        /** URL of the API server. */
        private readonly server: string,
    ) {}

    /** The JSON of a successful answer. @throws ApiError with the API server's words if there is another answer, or none */
    async request<T>(method: string, path: string, message: Message = {}): Promise<T> {
        const answer = await this.send(method, path, message);
        if (answer.status < 200 || answer.status > 299) {
            const reason =
                statusOf(answer.text)?.message ?? `the API server answered ${answer.status} to ${method} ${path}`;
            throw new ApiError(answer.status, reason);
        }
        const content = parseUntrusted(answer.text);
        if (content === undefined) {
            throw new ApiError(answer.status, `the server at ${this.server} is not a Kubernetes API server`);
        }
        return content as T;
    }

    /**
     * The answer to a request.
     * @throws UserError if the kubeconfig gives no credentials
     * @throws Stopped if `stop` ends the request
     * @throws ApiError of status 0 if there is no answer
     */
    async send(method: string, path: string, message: Message): Promise<HttpAnswer> {
        const url = new URL(this.server.replace(/\/$/, "") + path);
        const options: https.RequestOptions = {
            method,
            headers: {
                ...message.headers,
                accept: message.accept ?? "application/json",
                ...(message.body === undefined ? {} : { "content-type": message.contentType ?? "application/json" }),
            },
            timeout: message.timeout ?? REQUEST_TIMEOUT,
            signal: message.stop,
        };
        await this.config.applyToHTTPSOptions(options).catch((error: unknown) => {
            // For example, an expired login, or a plugin that is not installed. A parser's message may quote a credential.
            const reason = error instanceof SyntaxError ? "" : messageOf(error);
            throw new UserError(
                `the kubeconfig's entry for ${this.server} cannot be used: ` +
                    (reason === "" ? "its login command prints no credential that can be read" : reason),
            );
        });
        // The library makes an agent for each request. One that goes through a proxy stays.
        if (options.agent && options.agent.constructor === https.Agent) {
            options.agent = this.agent;
        }
        return exchange(url, options, message.body).catch((error: unknown) => {
            if (message.stop?.aborted) {
                throw new Stopped();
            }
            const why = `the cluster at ${this.server} does not answer: ${messageOf(error)}`;
            throw new ApiError(0, why, { cause: error });
        });
    }
}

/** The server has closed a kept connection (Node.js docs, `request.reusedSocket`). No request creates by POST, so each can be repeated. */
const CLOSED = new Set<string | undefined>(["ECONNRESET", "EPIPE"]);

function exchange(url: URL, options: https.RequestOptions, body: unknown): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
        const request = (url.protocol === "http:" ? http : https).request(url, options, (response) => {
            readText(response).then((text) => {
                resolve({ status: response.statusCode ?? 0, text: withoutControls(text) });
            }, reject);
        });
        const giveUp = () => request.destroy(new Error(`no answer in ${Number(options.timeout) / 1000} s`));
        request.on("timeout", giveUp);
        // During the TLS handshake, Node.js's own timeout takes twice the time.
        const untilAnswer = setTimeout(giveUp, options.timeout);
        for (const event of ["response", "close"]) {
            request.once(event, () => {
                clearTimeout(untilAnswer);
            });
        }
        request.on("error", (error: NodeJS.ErrnoException) => {
            if (request.reusedSocket && CLOSED.has(error.code)) {
                resolve(exchange(url, options, body));
            } else {
                reject(error);
            }
        });
        const text = body === undefined ? "" : JSON.stringify(body);
        if (text !== "") {
            // Node.js omits it for a DELETE by default, and the API server then ignores the body.
            request.setHeader("content-length", Buffer.byteLength(text));
        }
        request.end(text);
    });
}

/** A Kubernetes `Status`, in which the API server describes an error; undefined if the text is something else. */
export function statusOf(text: string): { message?: string } | undefined {
    const { kind, apiVersion, message } = (parseUntrusted(text) ?? {}) as Record<string, string | undefined>;
    return kind === "Status" && apiVersion === "v1" ? { message } : undefined;
}
