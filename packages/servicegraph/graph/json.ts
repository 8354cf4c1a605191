import { goFixed6, goJsonString } from "../text/goText";
import type { ServiceEdge, ServiceGraph } from "./serviceGraph";

/* Written by hand where JSON.stringify would do, for names are keys here: it would move "1" to the front and lose "__proto__". */

/** The body of `/graph`: nodes by name. */
export function graphJson({ nodes, edges }: ServiceGraph): string {
    const nodeMembers = nodes.map((name) => `${goJsonString(name)}:{}`);
    const edgeValues = edges.map(
        (edge) =>
            `{"source":${goJsonString(edge.source)},"target":${goJsonString(edge.target)},"labels":${labels(edge)}}`,
    );
    return `{"nodes":{${nodeMembers.join(",")}},"edges":[${edgeValues.join(",")}]}\n`;
}

/** The body of `/d3graph`: nodes in a list, and links by their indexes in it. */
export function d3Json({ nodes, edges }: ServiceGraph): string {
    const indexes = new Map(nodes.map((name, index) => [name, index]));
    const nodeValues = nodes.map((name) => `{"name":${goJsonString(name)}}`);
    const linkValues = edges.map(
        (edge) =>
            `{"source":${indexes.get(edge.source)},"target":${indexes.get(edge.target)},"labels":${labels(edge)}}`,
    );
    return `{"nodes":[${nodeValues.join(",")}],"links":[${linkValues.join(",")}]}\n`;
}

function labels({ label, value }: ServiceEdge): string {
    return `{"${label}":"${goFixed6(value)}"}`;
}
