import * as http from "node:http";
import type { Mesh } from "../graph/mesh";
import { dotvizFault, dotvizPage, DOTVIZ_POLICY } from "../page/dotviz";
import type { Prometheus } from "../prometheus/client";
import type { Selection } from "../prometheus/queries";
import { AddedNodes } from "./addedNodes";
import type { Assets } from "./assets";
import { Fault } from "./fault";
import { askMesh, askServiceGraph, FORMATS } from "./graphs";
import type { Metrics } from "./metrics";
import { defaultPageParameters, readPageParameters, readSelection } from "./parameters";
import { cleanPath } from "./path";
import { type Answer, page, text } from "./response";
import { SharedWork } from "./sharedWork";

export interface AppArgs {
    prometheus: Prometheus;
    metrics: Metrics;
    /** The files of the live graph, by path. */
    assets: Assets;
    /** Told of faults in the server itself. */
    log: (message: string) => void;
}

/** Graphs that are made at the same time, and that may wait for it. Each takes some 30 MB for 10,000 edges. */
const AT_ONCE = 2;
const MAY_WAIT = 32;

/** What answers requests: everything of the server but the socket. */
export function app({ prometheus, metrics, assets, log }: AppArgs): http.RequestListener {
    const added = new AddedNodes();
    const graphs = new SharedWork<Answer>(AT_ONCE, MAY_WAIT);

    function graph(path: string, selection: Selection, make: () => Promise<Answer>): Promise<Answer> {
        return graphs.do(JSON.stringify([path, selection, added.version]), make);
    }

    async function dotviz(query: URLSearchParams): Promise<Answer> {
        let parameters = defaultPageParameters(query);
        try {
            parameters = readPageParameters(query);
            return await graph(`/dotviz?${query.toString()}`, parameters.selection, async () => {
                const { mesh, missing, at } = await askMesh(prometheus, parameters.selection, added);
                return page(dotvizPage(mesh, { missing, at, parameters }), DOTVIZ_POLICY);
            });
        } catch (error) {
            if (!(error instanceof Fault)) {
                throw error;
            }
            return page(dotvizFault(error.message, error.status, parameters), DOTVIZ_POLICY, error.status);
        }
    }

    const routes: Readonly<Record<string, (query: URLSearchParams, method: string) => Answer | Promise<Answer>>> = {
        ...Object.fromEntries(
            Object.entries(FORMATS).map(([path, write]) => [
                path,
                (query: URLSearchParams) => {
                    const selection = readSelection(query);
                    return graph(path, selection, async () =>
                        text(write(await askServiceGraph(prometheus, selection, added))),
                    );
                },
            ]),
        ),
        "/dotviz": dotviz,
        "/meshgraph": (query) => {
            const selection = readSelection(query);
            return graph("/meshgraph", selection, async () => json(await askMesh(prometheus, selection, added)));
        },
        "/node": (query, method) => addNode(added, query, method),
        "/healthz": () => text("ok\n"),
        "/metrics": () => text(metrics.text(), 200, { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" }),
    };

    async function answer(request: http.IncomingMessage): Promise<{ endpoint: string; answer: Answer }> {
        const { pathname, query } = readTarget(request.url ?? "/");
        if (pathname === undefined) {
            return { endpoint: "other", answer: text("400 Bad Request: the path is not validly escaped\n", 400) };
        }
        const clean = cleanPath(pathname);
        if (clean !== pathname) {
            return { endpoint: "other", answer: redirect(clean, query) };
        }
        const asset = assets.get(pathname);
        if (asset) {
            return { endpoint: pathname, answer: asset };
        }
        const route = Object.hasOwn(routes, pathname) ? routes[pathname] : undefined;
        if (!route) {
            return { endpoint: "other", answer: text("404 page not found\n", 404) };
        }
        try {
            return { endpoint: pathname, answer: await route(query, request.method ?? "GET") };
        } catch (error) {
            if (error instanceof Fault) {
                return { endpoint: pathname, answer: text(error.message, error.status) };
            }
            log(`${pathname}: ${error instanceof Error ? error.stack : String(error)}`);
            return { endpoint: pathname, answer: text("a fault in servicegraph itself; its log says more", 500) };
        }
    }

    return (request, response) => {
        const ended = metrics.begin();
        void answer(request).then(({ endpoint, answer: { status, headers, body } }) => {
            response.writeHead(status, {
                ...headers,
                "X-Content-Type-Options": "nosniff",
                "Content-Length": Buffer.byteLength(body),
            });
            response.end(request.method === "HEAD" ? undefined : body);
            ended(endpoint, status);
        });
    };
}

function json({ mesh, missing }: { mesh: Mesh; missing: string[] }): Answer {
    return text(JSON.stringify({ ...mesh, missing }), 200, { "Content-Type": "application/json; charset=utf-8" });
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

/** The unescaped path, undefined where it is not validly escaped, and the query of a request's target. */
function readTarget(target: string): { pathname?: string; query: URLSearchParams } {
    const [, path = "", search = ""] = /^(?:https?:\/\/[^/?]*)?([^?]*)\??(.*)$/is.exec(target) ?? [];
    const query = new URLSearchParams(search);
    try {
        return { pathname: decodeURIComponent(path), query };
    } catch {
        return { query };
    }
}

function redirect(path: string, query: URLSearchParams): Answer {
    const search = query.size > 0 ? `?${query.toString()}` : "";
    return text("", 301, { Location: `${encodeURI(path)}${search}` });
}
