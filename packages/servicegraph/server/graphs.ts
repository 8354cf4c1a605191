import { setTimeout as sleep } from "node:timers/promises";
import { dotGraph } from "../graph/dot";
import { d3Json, graphJson } from "../graph/json";
import { compareMeshes } from "../graph/compare";
import { Figures } from "../graph/figures";
import { type Mesh, MeshBuilder } from "../graph/mesh";
import { meshJson } from "../graph/meshJson";
import { readEdge, type ServiceEdge, serviceGraph, type ServiceGraph } from "../graph/serviceGraph";
import { DOTVIZ_POLICY, dotvizPage } from "../page/dotviz";
import { momentsOf, readPageParameters, readSelection } from "../parameters";
import type { Sample } from "../prometheus/answer";
import type { Prometheus } from "../prometheus/client";
import { type Detail, detailQueries, type Selection, trafficQueries } from "../prometheus/queries";
import { RequestError } from "../requestError";
import { type Answer, json, page, text } from "./response";

/** A requested graph. */
export interface GraphJob {
    path: string;
    /** The request's query. */
    query: string;
    /** Nodes that are shown with or without traffic. */
    added: string[];
    /** How long the job has waited, in milliseconds; Prometheus has so much less time. */
    waited: number;
}

/**
 * Makes the answer to a job.
 * @param signal stops the work, which then rejects with the signal's reason
 * @throws RequestError if the query is invalid or Prometheus fails
 */
export type GraphMaker = (job: GraphJob, signal: AbortSignal) => Promise<Answer>;

/** The formats of 1.0. */
const FORMATS = new Map<string, (graph: ServiceGraph) => string>([
    ["/graph", graphJson],
    ["/d3graph", d3Json],
    ["/dotgraph", dotGraph],
]);

export const GRAPH_PATHS: readonly string[] = [...FORMATS.keys(), "/dotviz", "/meshgraph"];

export function graphsFrom(prometheus: Prometheus): GraphMaker {
    return async ({ path, query, added, waited }, signal) => {
        const search = new URLSearchParams(query);
        const selection = readSelection(search);
        // All queries are evaluated at the same time, so that their answers fit together.
        const { at, compare } = momentsOf(selection, new Date());
        const askAt = (moment: Date): Ask => {
            return (promql, take) => prometheus.query(promql, moment, take, { waited, signal });
        };
        const write = FORMATS.get(path);
        if (write) {
            return text(write(await askServiceGraph(askAt(at), selection, added)));
        }
        const [now, then] = await Promise.all([
            askMesh(askAt(at), selection, added),
            compare && askMesh(askAt(compare), selection, []),
        ]);
        const missing = [...now.missing, ...(then?.missing.map((reason) => `at the earlier moment, ${reason}`) ?? [])];
        // Without namespaces at one of the moments, everything would be new.
        const comparable = !missing.some((reason) => /\b(?:requests|bytes): /.test(reason));
        const mesh = then && comparable ? compareMeshes(then.mesh, now.mesh) : now.mesh;
        const moments = { at, compare: comparable ? compare : undefined };
        return path === "/dotviz"
            ? page(dotvizPage(mesh, { missing, ...moments, parameters: readPageParameters(search) }), DOTVIZ_POLICY)
            : json(meshJson({ ...mesh, missing }));
    };
}

type Ask = (promql: string, take: (sample: Sample) => void) => Promise<void>;

/** How much longer than the traffic the details may take, in milliseconds. */
const DETAILS_LATER = 2000;

/**
 * Queries traffic and details. If details fail or come too late, the mesh has none of them.
 * @returns the mesh, and why details are missing
 */
async function askMesh(ask: Ask, selection: Selection, added: string[]): Promise<{ mesh: Mesh; missing: string[] }> {
    const missing: string[] = [];
    const builder = new MeshBuilder();
    const figuresOf = async (promql: string, detail?: Detail) => {
        const figures = new Figures();
        await ask(promql, (sample) => {
            builder.read(sample, detail, figures);
        });
        return figures;
    };
    const queries = trafficQueries(selection);
    const traffic = Promise.all(
        (["requests", "bytes"] as const).map(async (kind) => {
            builder.traffic(kind, await figuresOf(queries[kind]));
        }),
    );
    const tooLate = traffic.then(async () => {
        await sleep(DETAILS_LATER, undefined, { ref: false });
        throw new RequestError(504, `Prometheus needs more than ${DETAILS_LATER / 1000} s longer than for the traffic`);
    });
    const detailed = Object.entries(detailQueries(selection)) as [Detail, string][];
    const details = detailed.map(async ([detail, query]) => {
        try {
            builder.detail(detail, await Promise.race([figuresOf(query, detail), tooLate]));
        } catch (error) {
            if (!(error instanceof RequestError)) {
                throw error;
            }
            missing.push(`${detail}: ${error.message}`);
        }
    });
    await Promise.all([traffic, ...details]);
    return { mesh: builder.finish(selection.filterEmpty, added), missing };
}

/** Asks the two queries of 1.0 only. */
async function askServiceGraph(ask: Ask, selection: Selection, added: string[]): Promise<ServiceGraph> {
    const queries = trafficQueries(selection);
    const edgesOf = async (promql: string, label: ServiceEdge["label"]) => {
        const edges: ServiceEdge[] = [];
        await ask(promql, (sample) => edges.push(readEdge(sample, label)));
        return edges;
    };
    const [requests, bytes] = await Promise.all([
        edgesOf(queries.requests, "reqs/sec"),
        edgesOf(queries.bytes, "bytes/sec"),
    ]);
    return serviceGraph(requests, bytes, added);
}
