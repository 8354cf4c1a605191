import type { Intervention } from "../prometheus/queries";
import { type EdgeFigures, type Figures, pairOf } from "./figures";

/** The requests per second of a caller to a service: those that its workloads received, and what the caller's proxy did. */
interface Call extends Record<Intervention, number> {
    received: number;
    /** To the service's workloads. */
    edges: EdgeFigures[];
}

/**
 * Adds what callers' proxies did to the edges of each caller and service; if there are none, to a new one.
 * @param all the edges of the mesh by `pairKey`
 */
export function addInterventions(interventions: Figures, requests: Figures, all: Map<number, EdgeFigures>): void {
    const calls = new Map<number, Call>();
    const { pairs, values, kinds } = interventions;
    values.forEach((value, index) => {
        const pair = pairs[index] ?? 0;
        const kind = kinds[index] as Intervention;
        if (value > 0) {
            const call = calls.get(pair) ?? { received: 0, injected: 0, unsent: 0, delayed: 0, edges: [] };
            call[kind] += value;
            calls.set(pair, call);
        }
    });
    requests.services.forEach((pair, index) => {
        const call = calls.get(pair);
        const edge = call && all.get(requests.pairs[index] ?? 0);
        // Edges without traffic may be left out.
        if (call && edge?.requests !== undefined) {
            call.received += requests.values[index] ?? 0;
            call.edges.push(edge);
        }
    });
    for (const [pair, { received, injected, unsent, delayed, edges }] of calls) {
        // A delayed request is also a received one, unless its client gave up.
        const requests = Math.max(received + injected + unsent, delayed);
        if (edges.length === 0) {
            // Nothing was received, so nothing is known of failures.
            const edge = { ...pairOf(pair), requests, failures: NaN };
            all.set(pair, edge);
            edges.push(edge);
        }
        for (const edge of edges) {
            // A workload can belong to several services.
            edge.injected = Math.max(edge.injected ?? 0, injected / requests);
            edge.unsent = Math.max(edge.unsent ?? 0, unsent / requests);
            edge.delayed = Math.max(edge.delayed ?? 0, delayed / requests);
        }
    }
}
