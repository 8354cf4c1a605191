import { goFixed6 } from "../text/goText";
import type { ServiceEdge, ServiceGraph } from "./serviceGraph";

/** The body of `/graph`: nodes by name. */
export function graphJson({ nodes, edges }: ServiceGraph): string {
    return write({
        nodes: Object.fromEntries(nodes.map((name) => [name, {}])),
        edges: edges.map((edge) => ({ source: edge.source, target: edge.target, labels: labels(edge) })),
    });
}

/** The body of `/d3graph`: nodes in a list, and links by their indexes in it. */
export function d3Json({ nodes, edges }: ServiceGraph): string {
    const indexes = new Map(nodes.map((name, index) => [name, index]));
    return write({
        nodes: nodes.map((name) => ({ name })),
        links: edges.map((edge) => ({
            source: indexes.get(edge.source),
            target: indexes.get(edge.target),
            labels: labels(edge),
        })),
    });
}

const labels = ({ label, value }: ServiceEdge) => ({ [label]: goFixed6(value) });

/** Go's encoder ends with a newline. */
const write = (graph: object) => `${JSON.stringify(graph)}\n`;
