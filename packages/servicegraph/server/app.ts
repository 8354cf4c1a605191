import * as http from "node:http";
import { DOTVIZ_POLICY, dotvizFault } from "../page/dotviz";
import { AddedNodes } from "./addedNodes";
import type { Assets } from "./assets";
import { RequestError } from "../requestError";
import { GRAPH_PATHS, type GraphMaker } from "./graphs";
import type { Metrics } from "./metrics";
import { defaultPageParameters, queryOf, readPageParameters, readSelection } from "../parameters";
import { redirectOf, readTarget, type Target } from "./target";
import { type Answer, page, text } from "./response";
import { Abandoned, SharedWork, type Work } from "./sharedWork";

export interface AppArgs {
    make: GraphMaker;
    metrics: Metrics;
    /** The files that are served as they are, by path. */
    assets: Assets;
    /** How long Prometheus may take for a graph, the wait for a turn included, in milliseconds. */
    timeout: number;
    /** How long a client may take in nothing of its answer before it is cut off, in milliseconds; half a minute by default. */
    stall?: number;
    /** Told of faults in the server itself. */
    log: (message: string) => void;
}

/** Graphs that are made at the same time, and that may wait for it. */
const AT_ONCE = 2;
const MAY_WAIT = 32;

/** What `/metrics` calls the status of a request whose sender has gone: no answer reaches it. The number is nginx'. */
const CLIENT_GONE = 499;

/** What answers requests: everything of the server but the socket. */
export function app({ make, metrics, assets, timeout, stall = 30_000, log }: AppArgs): http.RequestListener {
    const added = new AddedNodes();
    const graphs = new SharedWork<Answer>({ atOnce: AT_ONCE, mayWait: MAY_WAIT, patience: timeout });

    /** Requests for the same graph at the same time get the same one. */
    function graph(path: string, query: string, client: AbortSignal): Promise<Answer> {
        const work: Work<Answer> = (signal, waited) => make({ path, query, added: [...added], waited }, signal);
        return graphs.do(JSON.stringify([path, query, added.version]), work, client);
    }

    async function dotviz(query: URLSearchParams, client: AbortSignal): Promise<Answer> {
        let parameters = defaultPageParameters(query);
        try {
            parameters = readPageParameters(query);
            return await graph("/dotviz", queryOf(parameters.selection, parameters.refresh), client);
        } catch (error) {
            if (!(error instanceof RequestError)) {
                throw error;
            }
            return page(dotvizFault(error.message, error.status, parameters), DOTVIZ_POLICY, error.status);
        }
    }

    /** What is at a path; undefined where there is nothing. */
    function find({ path, query }: Target, method: string, client: AbortSignal): Answer | Promise<Answer> | undefined {
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
            // Bad parameters are refused before anything waits.
            return graph(path, queryOf(readSelection(query)), client);
        }
        return assets.get(path);
    }

    async function answer(
        request: http.IncomingMessage,
        client: AbortSignal,
    ): Promise<{ endpoint: string; answer: Answer }> {
        if (request.method === "OPTIONS" && request.url === "*") {
            // Asks after the server as a whole; Go's answers likewise.
            return { endpoint: "other", answer: { status: 200, headers: {}, body: "" } };
        }
        const target = readTarget(request.url ?? "/");
        if (!target) {
            return {
                endpoint: "other",
                answer: text("400 Bad Request: not a path that begins with / and is validly escaped", 400),
            };
        }
        const redirect = redirectOf(target);
        if (redirect) {
            return { endpoint: "other", answer: redirect };
        }
        try {
            const found = await find(target, request.method ?? "GET", client);
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
            return { endpoint: target.path, answer: text("a fault in servicegraph itself; its log says more", 500) };
        }
    }

    /** How many responses an answer is being sent by. */
    const senders = new Map<Answer, number>();

    function hold(answer: Answer): void {
        senders.set(answer, (senders.get(answer) ?? 0) + 1);
    }

    function letGo(answer: Answer): void {
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
        // After the answer, too, when there is nothing left to stop.
        response.once("close", () => {
            client.abort();
        });
        answer(request, client.signal)
            .then(({ endpoint, answer }) => {
                const { status, headers, body } = answer;
                ended(endpoint, status);
                // All who wait for the same answer come here before the first of them is done with it.
                hold(answer);
                if (response.closed) {
                    letGo(answer);
                    return;
                }
                response.once("close", () => {
                    letGo(answer);
                });
                // Else, whoever asks for much and never reads would fill the server's memory.
                response.setTimeout(stall, () => {
                    response.destroy();
                });
                response.writeHead(status, {
                    ...headers,
                    "X-Content-Type-Options": "nosniff",
                    "Content-Length": Buffer.byteLength(body),
                });
                response.end(request.method === "HEAD" ? undefined : body);
            })
            .catch((error: unknown) => {
                log(`cannot be answered: ${String(error)}`);
                response.destroy();
            });
    };
}

/** `/node` of 1.0: adds a node by POST, with its name in the query, and answers with nothing. */
function addNode(added: AddedNodes, query: URLSearchParams, method: string): Answer {
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
