import { dotGraph } from "../graph/dot";
import { d3Json, graphJson } from "../graph/json";
import { type Answers, mesh, type Mesh } from "../graph/mesh";
import { serviceGraph, type ServiceGraph } from "../graph/serviceGraph";
import type { Prometheus } from "../prometheus/client";
import { detailQueries, type Selection, trafficQueries } from "../prometheus/queries";
import { Fault } from "./fault";

/** Writers of the graph in the formats of 1.0, by path. */
export const FORMATS: Readonly<Record<string, (graph: ServiceGraph) => string>> = {
    "/graph": graphJson,
    "/d3graph": d3Json,
    "/dotgraph": dotGraph,
};

/** Asks Prometheus what 1.0 asked, and nothing else. */
export async function askServiceGraph(
    prometheus: Prometheus,
    selection: Selection,
    added: Iterable<string>,
): Promise<ServiceGraph> {
    const { requests, bytes } = await askTraffic(prometheus, selection, new Date());
    return serviceGraph(requests, bytes, added);
}

/**
 * Asks for the details as well. Where they cannot be had, the graph is drawn without them.
 * @returns the mesh, why details are missing, and the moment that is shown
 */
export async function askMesh(
    prometheus: Prometheus,
    selection: Selection,
    added: Iterable<string>,
): Promise<{ mesh: Mesh; missing: string[]; at: Date }> {
    // One moment for all queries, so that the parts add up to the whole.
    const at = new Date();
    const missing: string[] = [];
    const askDetails = Object.entries(detailQueries(selection)).map(async ([detail, query]) => {
        try {
            return [detail, await prometheus.query(query, at)] as const;
        } catch (error) {
            if (!(error instanceof Fault)) {
                throw error;
            }
            missing.push(`${detail}: ${error.message}`);
            return [detail, undefined] as const;
        }
    });
    const [traffic, details] = await Promise.all([
        askTraffic(prometheus, selection, at),
        Promise.all(askDetails).then((entries) => Object.fromEntries(entries) as Answers["details"]),
    ]);
    return { mesh: mesh({ ...traffic, details }, { filterEmpty: selection.filterEmpty, added }), missing, at };
}

async function askTraffic(prometheus: Prometheus, selection: Selection, at: Date) {
    const queries = trafficQueries(selection);
    const [requests, bytes] = await Promise.all([
        prometheus.query(queries.requests, at),
        prometheus.query(queries.bytes, at),
    ]);
    return { requests, bytes };
}
