import { setTimeout as sleep } from "node:timers/promises";
import { dotGraph } from "../graph/dot";
import { d3Json, graphJson } from "../graph/json";
import { type Mesh, MeshBuilder } from "../graph/mesh";
import { readEdge, type ServiceEdge, serviceGraph, type ServiceGraph } from "../graph/serviceGraph";
import { DOTVIZ_POLICY, dotvizPage } from "../page/dotviz";
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
}

/** Makes the answer to a job. @throws Fault where Prometheus fails it */
export type GraphMaker = (job: GraphJob) => Promise<Answer>;

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
    return async ({ path, query, added }) => {
        const search = new URLSearchParams(query);
        const write = FORMATS.get(path);
        if (write) {
            return text(write(await askServiceGraph(prometheus, readSelection(search), added)));
        }
        const parameters = readPageParameters(search);
        const { mesh, missing, at } = await askMesh(prometheus, parameters.selection, added);
        return path === "/dotviz"
            ? page(dotvizPage(mesh, { missing, at, parameters }), DOTVIZ_POLICY)
            : json({ ...mesh, missing });
    };
}

/** How much longer than the traffic the details may take, in milliseconds. */
const DETAILS_LATER = 2000;

/**
 * Asks for the details as well. Where they cannot be had, or not soon, the graph is drawn without them.
 * @returns the mesh, why details are missing, and the moment that is shown
 */
async function askMesh(
    prometheus: Prometheus,
    selection: Selection,
    added: string[],
): Promise<{ mesh: Mesh; missing: string[]; at: Date }> {
    // One moment for all queries, so that the parts add up to the whole.
    const at = new Date();
    const missing: string[] = [];
    const builder = new MeshBuilder();
    const queries = trafficQueries(selection);
    const traffic = Promise.all(
        (["requests", "bytes"] as const).map(async (kind) => {
            const { take, complete } = builder.traffic(kind);
            await prometheus.query(queries[kind], at, take);
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
            await Promise.race([prometheus.query(query, at, take), tooLate]);
            complete();
        } catch (error) {
            if (!(error instanceof Fault)) {
                throw error;
            }
            missing.push(`${detail}: ${error.message}`);
        }
    });
    await Promise.all([traffic, ...details]);
    return { mesh: builder.finish(selection.filterEmpty, added), missing, at };
}

/** Asks Prometheus what 1.0 asked, and nothing else. */
async function askServiceGraph(prometheus: Prometheus, selection: Selection, added: string[]): Promise<ServiceGraph> {
    const at = new Date();
    const queries = trafficQueries(selection);
    const ask = async (query: string, label: ServiceEdge["label"]) => {
        const edges: ServiceEdge[] = [];
        await prometheus.query(query, at, (sample) => edges.push(readEdge(sample, label)));
        return edges;
    };
    const [requests, bytes] = await Promise.all([ask(queries.requests, "reqs/sec"), ask(queries.bytes, "bytes/sec")]);
    return serviceGraph(requests, bytes, added);
}
