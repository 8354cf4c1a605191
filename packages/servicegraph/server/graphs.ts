import { setTimeout as sleep } from "node:timers/promises";
import { dotGraph } from "../graph/dot";
import { d3Json, graphJson } from "../graph/json";
import { type Mesh, MeshBuilder } from "../graph/mesh";
import { meshJson } from "../graph/meshJson";
import { readEdge, type ServiceEdge, serviceGraph, type ServiceGraph } from "../graph/serviceGraph";
import { DOTVIZ_POLICY, dotvizPage } from "../page/dotviz";
import type { Sample } from "../prometheus/answer";
import type { Prometheus } from "../prometheus/client";
import { type Detail, detailQueries, type Selection, trafficQueries } from "../prometheus/queries";
import { Fault } from "../fault";
import { readPageParameters, readSelection } from "../parameters";
import { type Answer, json, page, text } from "./response";

/** A graph that is asked for. */
export interface GraphJob {
    path: string;
    /** The request's query. */
    query: string;
    /** Nodes that are shown whether they have traffic or not. */
    added: string[];
    /** How long it has waited for its turn, in milliseconds: so much less time has Prometheus. */
    waited: number;
}

/**
 * Makes the answer to a job.
 * @param signal stops it: it then rejects with the signal's reason
 * @throws Fault where Prometheus fails it
 */
export type GraphMaker = (job: GraphJob, signal: AbortSignal) => Promise<Answer>;

/** The formats of 1.0. */
const FORMATS = new Map<string, (graph: ServiceGraph) => string>([
    ["/graph", graphJson],
    ["/d3graph", d3Json],
    ["/dotgraph", dotGraph],
]);

/** The paths at which there are graphs. */
export const GRAPH_PATHS: readonly string[] = [...FORMATS.keys(), "/dotviz", "/meshgraph"];

/** Makes graphs of what a Prometheus knows. */
export function graphsFrom(prometheus: Prometheus): GraphMaker {
    return async ({ path, query, added, waited }, signal) => {
        // One moment for all queries, so that the parts add up to the whole.
        const at = new Date();
        const ask: Ask = (promql, take) => prometheus.query(promql, at, take, { waited, signal });
        const search = new URLSearchParams(query);
        const write = FORMATS.get(path);
        if (write) {
            return text(write(await askServiceGraph(ask, readSelection(search), added)));
        }
        const parameters = readPageParameters(search);
        const { mesh, missing } = await askMesh(ask, parameters.selection, added);
        return path === "/dotviz"
            ? page(dotvizPage(mesh, { missing, at, parameters }), DOTVIZ_POLICY)
            : json(meshJson({ ...mesh, missing }));
    };
}

/** Asks Prometheus, which gives each element of its answer to `take`. */
type Ask = (promql: string, take: (sample: Sample) => void) => Promise<void>;

/** How much longer than the traffic the details may take, in milliseconds. */
const DETAILS_LATER = 2000;

/**
 * Asks for the details as well. Where they cannot be had, or not soon, the graph is drawn without them.
 * @returns the mesh, and why details are missing
 */
async function askMesh(ask: Ask, selection: Selection, added: string[]): Promise<{ mesh: Mesh; missing: string[] }> {
    const missing: string[] = [];
    const builder = new MeshBuilder();
    const queries = trafficQueries(selection);
    const traffic = Promise.all(
        (["requests", "bytes"] as const).map(async (kind) => {
            const { take, complete } = builder.traffic(kind);
            await ask(queries[kind], take);
            complete();
        }),
    );
    const tooLate = traffic.then(async () => {
        await sleep(DETAILS_LATER, undefined, { ref: false });
        throw new Fault(504, `Prometheus takes more than ${DETAILS_LATER / 1000} s longer for it than for the traffic`);
    });
    const details = Object.entries(detailQueries(selection)).map(async ([detail, query]) => {
        try {
            const { take, complete } = builder.detail(detail as Detail);
            await Promise.race([ask(query, take), tooLate]);
            complete();
        } catch (error) {
            if (!(error instanceof Fault)) {
                throw error;
            }
            missing.push(`${detail}: ${error.message}`);
        }
    });
    await Promise.all([traffic, ...details]);
    return { mesh: builder.finish(selection.filterEmpty, added), missing };
}

/** Asks Prometheus what 1.0 asked, and nothing else. */
async function askServiceGraph(ask: Ask, selection: Selection, added: string[]): Promise<ServiceGraph> {
    const queries = trafficQueries(selection);
    const edgesOf = async (query: string, label: ServiceEdge["label"]) => {
        const edges: ServiceEdge[] = [];
        await ask(query, (sample) => edges.push(readEdge(sample, label)));
        return edges;
    };
    const [requests, bytes] = await Promise.all([
        edgesOf(queries.requests, "reqs/sec"),
        edgesOf(queries.bytes, "bytes/sec"),
    ]);
    return serviceGraph(requests, bytes, added);
}
