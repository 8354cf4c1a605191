import * as http from "node:http";
import { Socket } from "node:net";
import { DOTVIZ_POLICY, dotvizError } from "../page/dotviz";
import { AddedNodes } from "./addedNodes";
import { type Assets, unlessKnown } from "./assets";
import { RequestError } from "../requestError";
import { GRAPH_PATHS, type GraphMaker } from "./graphs";
import type { Metrics } from "./metrics";
import { defaultPageParameters, queryOf, readPageParameters, readSelection } from "../parameters";
import { redirectOf, readTarget, type Target } from "./target";
import { type Answer, bytesIn, page, text } from "./response";
import { Abandoned, SharedWork, type Work } from "./sharedWork";

interface AppArgs {
    make: GraphMaker;
    metrics: Metrics;
    /** Files that are served unchanged, by path. */
    assets: Assets;
    /** How long a client may read nothing of its answer, in milliseconds, until it is disconnected; half a minute by default. */
    stall?: number;
    /** Called with internal errors. */
    log: (message: string) => void;
}

/** How many different graphs may be requested at the same time. Most of them wait for Prometheus, which needs little memory. */
const MOST_GRAPHS = 256;

/** The status in `/metrics` of a request whose client is gone, as in nginx. */
const CLIENT_GONE = 499;

/** The request listener of the server. */
export function app({ make, metrics, assets, stall = 30_000, log }: AppArgs): http.RequestListener {
    const added = new AddedNodes();
    const graphs = new SharedWork<Answer>(MOST_GRAPHS);

    /** Requests for the same graph at the same time share it. */
    function graph(path: string, query: string, client: AbortSignal): Promise<Answer> {
        const work: Work<Answer> = (signal) => make({ path, query, added: [...added] }, signal);
        return graphs.do(JSON.stringify([path, query, added.version]), work, client);
    }

    async function dotviz(query: URLSearchParams, client: AbortSignal): Promise<Answer> {
        let parameters = defaultPageParameters(query);
        try {
            parameters = readPageParameters(query);
            return await graph("/dotviz", queryOf(parameters.selection, parameters), client);
        } catch (error) {
            if (!(error instanceof RequestError)) {
                throw error;
            }
            return page(dotvizError(error.message, error.status, parameters), DOTVIZ_POLICY, error.status);
        }
    }

    /** Undefined if the path does not exist. */
    function find(
        { path, query }: Target,
        { method, headers }: http.IncomingMessage,
        client: AbortSignal,
    ): Answer | Promise<Answer> | undefined {
        switch (path) {
            case "/dotviz":
                return dotviz(query, client);
            case "/node":
                return addNode(added, query, method);
            case "/healthz":
                return text("ok\n");
            case "/metrics":
                return text(metrics.text(), 200, { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" });
        }
        if (GRAPH_PATHS.includes(path)) {
            // This refuses bad parameters before the graph is shared.
            return graph(path, queryOf(readSelection(query)), client);
        }
        const file = assets.get(path);
        return file && unlessKnown(file, headers["if-none-match"]);
    }

    async function answer(
        request: http.IncomingMessage,
        client: AbortSignal,
    ): Promise<{ endpoint: string; answer: Answer }> {
        if (request.method === "OPTIONS" && request.url === "*") {
            // A request about the server as a whole. Go's HTTP server answers the same.
            return { endpoint: "other", answer: { status: 200, headers: {}, body: "" } };
        }
        const target = readTarget(request.url ?? "/");
        if (!target) {
            return {
                endpoint: "other",
                answer: text("400 Bad Request: the path must begin with / and be escaped correctly", 400),
            };
        }
        const redirect = redirectOf(target);
        if (redirect) {
            return { endpoint: "other", answer: redirect };
        }
        try {
            const found = await find(target, request, client);
            return found
                ? { endpoint: target.path, answer: found }
                : { endpoint: "other", answer: text("404 page not found\n", 404) };
        } catch (error) {
            if (error instanceof RequestError) {
                return { endpoint: target.path, answer: text(error.message, error.status) };
            }
            if (error instanceof Abandoned) {
                return { endpoint: target.path, answer: text(error.message, CLIENT_GONE) };
            }
            log(`${target.path}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
            return { endpoint: target.path, answer: text("internal error in servicegraph; see its log", 500) };
        }
    }

    /** How many responses send each answer. */
    const senders = new Map<Answer, number>();

    function hold(answer: Answer): void {
        senders.set(answer, (senders.get(answer) ?? 0) + 1);
    }

    function release(answer: Answer): void {
        const left = (senders.get(answer) ?? 0) - 1;
        senders.set(answer, left);
        if (left === 0) {
            senders.delete(answer);
            answer.release?.();
        }
    }

    return (request, response) => {
        const ended = metrics.begin();
        const client = new AbortController();
        // The event comes after complete answers too, where the signal has no effect.
        response.once("close", () => {
            client.abort();
        });
        answer(request, client.signal)
            .then(({ endpoint, answer }) => {
                const { status, headers, body } = answer;
                ended(endpoint, status);
                // All clients of a shared answer come here before the first response is closed.
                hold(answer);
                if (response.closed) {
                    release(answer);
                    return;
                }
                response.once("close", () => {
                    release(answer);
                });
                // Clients that never read would fill the server's memory.
                if (request.socket instanceof Socket) {
                    response.setTimeout(stall, () => {
                        response.destroy();
                    });
                }
                const parts = bytesIn(body);
                const length = parts.reduce((sum, part) => sum + part.length, 0);
                response.writeHead(status, {
                    ...headers,
                    "X-Content-Type-Options": "nosniff",
                    ...(status !== 304 && { "Content-Length": length }),
                });
                for (const part of request.method === "HEAD" ? [] : parts) {
                    response.write(part);
                }
                response.end();
            })
            .catch((error: unknown) => {
                log(`cannot answer: ${String(error)}`);
                response.destroy();
            });
    };
}

/** `/node` of 1.0: a POST with a name in the query adds a node. The body of the answer is empty. */
function addNode(added: AddedNodes, query: URLSearchParams, method = "GET"): Answer {
    if (method !== "POST") {
        return text("requests of this type not supported at this time", 501);
    }
    const name = query.get("name");
    if (!name) {
        return text("missing argument 'name'", 400);
    }
    added.add(name);
    return { status: 200, headers: {}, body: "" };
}
