import { Budget } from "../budget";
import { dotGraph } from "../graph/dot";
import { d3Json, graphJson } from "../graph/json";
import { compareMeshes } from "../graph/compare";
import { Figures } from "../graph/figures";
import { type Mesh, MeshBuilder } from "../graph/mesh";
import { meshJson } from "../graph/meshJson";
import { EdgeReader, type ServiceEdge, serviceGraph, type ServiceGraph } from "../graph/serviceGraph";
import { DOTVIZ_POLICY, dotvizPage } from "../page/dotviz";
import { momentsOf, readPageParameters, readSelection } from "../parameters";
import type { Sample } from "../prometheus/answer";
import type { Prometheus } from "../prometheus/client";
import { Turns } from "../prometheus/turns";
import { type Detail, detailQueries, type Selection, trafficQueries } from "../prometheus/queries";
import { RequestError } from "../requestError";
import { escapeMarkup } from "../text/markup";
import { type Answer, json, page, pieces, text } from "./response";

/** A requested graph. */
export interface GraphJob {
    path: string;
    /** The request's query. */
    query: string;
    /** Nodes that are shown with or without traffic. */
    added: string[];
}

/**
 * Makes the answer to a job.
 * @param signal stops the work, which then rejects with the signal's reason
 * @throws RequestError if the query is invalid, Prometheus fails, or the graph is too large
 */
export type GraphMaker = (job: GraphJob, signal: AbortSignal) => Promise<Answer>;

/** The formats of 1.0, in pieces. */
const FORMATS = new Map<string, (graph: ServiceGraph) => Iterable<string>>([
    ["/graph", graphJson],
    ["/d3graph", d3Json],
    ["/dotgraph", dotGraph],
]);

export const GRAPH_PATHS: readonly string[] = [...FORMATS.keys(), "/dotviz", "/meshgraph"];

/**
 * Bounds of what is in the heap, in bytes: of one graph, and of all that are made at the same time. The heap has room for about three
 * times as much (see worker.ts).
 */
const GRAPH_BYTES = 32 * 1024 * 1024;
const ALL_GRAPHS_BYTES = 48 * 1024 * 1024;

/** The most characters of the names in a drawing: each edge has them twice, escaped. */
const DRAWN_CHARACTERS = 8 * 1024 * 1024;

/** How long a graph may wait for the graphs before it when its answers are there, in milliseconds. */
const PATIENCE = 10_000;

/**
 * Any number of graphs can wait for Prometheus at the same time. They are made and sent one after the other.
 * @returns a maker that also sends the answer, if it gets a third argument
 */
export function graphsFrom(
    prometheus: Prometheus,
): (job: GraphJob, signal: AbortSignal, send?: (answer: Answer) => Promise<void>) => Promise<Answer> {
    const all = new Budget(ALL_GRAPHS_BYTES);
    const turns = new Turns(1);
    let jobs = 0;

    async function inTurn(order: number, signal: AbortSignal, work: () => Promise<Answer>): Promise<Answer> {
        const late = new AbortController();
        const timer = setTimeout(() => {
            late.abort(new RequestError(504, "this graph had to wait for others; try again in a moment"));
        }, PATIENCE);
        const end = await turns.take(order, AbortSignal.any([signal, late.signal])).finally(() => {
            clearTimeout(timer);
        });
        try {
            return await work();
        } finally {
            end();
        }
    }

    return async ({ path, query, added }, signal, send) => {
        const search = new URLSearchParams(query);
        const selection = readSelection(search);
        // All queries of a moment are evaluated for the same time, so that their answers fit together.
        const { at, compare } = momentsOf(selection, new Date());
        const order = (jobs += 1);
        const budget = new Budget(GRAPH_BYTES, all);
        const given = new AbortController();
        const askAt =
            (moment: Date): Ask =>
            (promql, take, tooLate) =>
                prometheus.query(promql, moment, take, {
                    order,
                    optional: tooLate !== undefined,
                    signal: AbortSignal.any([signal, given.signal, ...(tooLate ? [tooLate] : [])]),
                });
        const sent = async (answer: Answer) => {
            await send?.(answer);
            return answer;
        };
        try {
            const write = FORMATS.get(path);
            if (write) {
                const graph = await askServiceGraph(askAt(at), selection, added, budget);
                return await inTurn(order, signal, () => sent(text(pieces(write(graph())))));
            }
            const parameters = readPageParameters(search);
            const [now, then] = await Promise.all([
                askMesh(askAt(at), selection, budget),
                compare && askMesh(askAt(compare), selection, budget),
            ]);
            const missing = [
                ...now.missing,
                ...(then?.missing.map((reason) => `at the earlier moment, ${reason}`) ?? []),
            ];
            // Without namespaces at one of the moments, everything would be new.
            const comparable = !missing.some((reason) => /\b(?:requests|bytes): /.test(reason));
            return await inTurn(order, signal, () => {
                const mesh = now.finish(selection.filterEmpty, added);
                const shown = then && comparable ? compareMeshes(then.finish(selection.filterEmpty, []), mesh) : mesh;
                if (path === "/meshgraph") {
                    return sent(json(pieces(meshJson({ ...shown, missing }))));
                }
                refuseLongDrawing(shown);
                const moments = { at, compare: comparable ? compare : undefined };
                return sent(page(pieces([dotvizPage(shown, { missing, ...moments, parameters })]), DOTVIZ_POLICY));
            });
        } catch (error) {
            throw orderly(error);
        } finally {
            budget.release();
            // If one query fails, the others are not needed.
            given.abort();
        }
    };
}

/** V8's errors for stacks, strings, arrays and maps that are too large. Other errors of this class are defects. */
const TOO_LARGE = /call stack|length|allocation|maximum size/i;

function orderly(error: unknown): unknown {
    return error instanceof RangeError && TOO_LARGE.test(error.message)
        ? new RequestError(503, "the graph is too large for the server; use a filter")
        : error;
}

/** @throws RequestError 503 */
function refuseLongDrawing({ nodes, edges }: Mesh): void {
    const lengths = nodes.map(({ name }) => escapeMarkup(name).length);
    const characters = edges.reduce(
        (sum, { source, target }) => sum + (lengths[source] ?? 0) + (lengths[target] ?? 0),
        lengths.reduce((sum, length) => sum + length, 0),
    );
    if (characters > DRAWN_CHARACTERS) {
        throw new RequestError(503, "the names of the graph are too long for a drawing; use a filter, or /meshgraph");
    }
}

/** @param tooLate aborted when the answer is no longer needed; only for optional queries */
type Ask = (promql: string, take: (sample: Sample) => void, tooLate?: AbortSignal) => Promise<void>;

/** How much longer than the traffic the details may take, in milliseconds. */
const DETAILS_LATER = 2000;

/**
 * Queries traffic and details. If details fail or come too late, the mesh has none of them.
 * @returns what makes the mesh, and why details are missing
 */
async function askMesh(
    ask: Ask,
    selection: Selection,
    budget: Budget,
): Promise<{ finish: MeshBuilder["finish"]; missing: string[] }> {
    const missing: string[] = [];
    const builder = new MeshBuilder(budget);
    const figuresOf = async (promql: string, detail?: Detail, tooLate?: AbortSignal) => {
        const figures = new Figures();
        const take = (sample: Sample) => {
            builder.read(sample, detail, figures);
        };
        await ask(promql, take, tooLate);
        return figures;
    };
    const queries = trafficQueries(selection);
    const traffic = Promise.all(
        (["requests", "bytes"] as const).map(async (kind) => {
            builder.traffic(kind, await figuresOf(queries[kind]));
        }),
    );
    const tooLate = new AbortController();
    const detailed = Object.entries(detailQueries(selection)) as [Detail, string][];
    const details = Promise.all(
        detailed.map(async ([detail, query]) => {
            try {
                builder.detail(detail, await figuresOf(query, detail, tooLate.signal));
            } catch (error) {
                if (!(error instanceof RequestError)) {
                    throw error;
                }
                missing.push(`${detail}: ${error.message}`);
            }
        }),
    );
    let timer: NodeJS.Timeout | undefined;
    try {
        // If the details fail in an unexpected way, nothing waits for the traffic.
        await Promise.race([traffic, details.then(() => traffic)]);
        timer = setTimeout(() => {
            const reason = `Prometheus needs more than ${DETAILS_LATER / 1000} s longer than for the traffic`;
            tooLate.abort(new RequestError(504, reason));
        }, DETAILS_LATER);
        await details;
    } finally {
        clearTimeout(timer);
    }
    return { finish: (filterEmpty, added) => builder.finish(filterEmpty, added), missing };
}

/**
 * Asks the two queries of 1.0 only.
 * @returns what makes the graph
 */
async function askServiceGraph(
    ask: Ask,
    selection: Selection,
    added: string[],
    budget: Budget,
): Promise<() => ServiceGraph> {
    const queries = trafficQueries(selection);
    const reader = new EdgeReader(budget);
    const edgesOf = async (promql: string, label: ServiceEdge["label"]) => {
        const edges: ServiceEdge[] = [];
        await ask(promql, (sample) => edges.push(reader.read(sample, label)));
        return edges;
    };
    const [requests, bytes] = await Promise.all([
        edgesOf(queries.requests, "reqs/sec"),
        edgesOf(queries.bytes, "bytes/sec"),
    ]);
    return () => serviceGraph(requests, bytes, added);
}
