import { stoppedRatio } from "../drawing/facts";
import { factsIn, type ViewEdge, type ViewNode } from "../drawing/view";
import { at } from "../layout/geometry";
import { escapeMarkup } from "../text/markup";

interface TableArgs {
    id: string;
    title: string;
    nodes: readonly ViewNode[];
    /** In the order of the rows. */
    edges: readonly ViewEdge[];
    /** Whether two moments are compared. */
    compared: boolean;
}

/** The columns by their class: on narrow screens, the stylesheet shows each row as a few lines without the heads. */
const COLUMNS = {
    from: "From",
    to: "To",
    traffic: "Traffic",
    errors: "Errors",
    refused: "Refused, not sent",
    latency: "Latency (p95)",
    encryption: "Encryption",
    change: "Change",
};

/**
 * The figures of edges as text. The roles are for narrow screens: browsers forget those of elements that are not displayed as a table.
 */
export function edgeTable({ id, title, nodes, edges, compared }: TableArgs): string {
    const heads = Object.entries(COLUMNS)
        .filter(([name]) => compared || name !== "change")
        .map(([name, words]) => `<th role="columnheader" scope="col" class="${name}">${words}</th>`);
    return `<section aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
<table role="table" aria-labelledby="${id}">
<thead role="rowgroup"><tr role="row">${heads.join("")}</tr></thead>
<tbody role="rowgroup">
${edges.map((edge) => row(edge, at(nodes, edge.source), at(nodes, edge.target), compared)).join("\n")}
</tbody></table>
</section>`;
}

function row(edge: ViewEdge, source: ViewNode, target: ViewNode, compared: boolean): string {
    const { traffic, errors, stopped, latency, mutualTls, change } = factsIn(edge);
    const { health } = edge;
    const isStopped = health === "stopped" || stoppedRatio(edge) > 0;
    const cell = (type: string, content: string) => `<td role="cell" class="${type}">${content}</td>`;
    return `<tr role="row">${[
        cell("from", nameOf(source)),
        cell("to", nameOf(target)),
        cell("traffic", escapeMarkup(traffic)),
        cell(`errors ${health === "stopped" ? "healthy" : health}`, escapeMarkup(errors.replace(/ errors$/, ""))),
        cell(isStopped ? "refused stopped" : "refused", escapeMarkup(stopped)),
        cell("latency", escapeMarkup(latency.replace("p95 ", ""))),
        cell("encryption", mutualTls),
        compared ? cell("change", escapeMarkup(change)) : "",
    ].join("")}</tr>`;
}

function nameOf({ name, namespace, workload, folded }: ViewNode): string {
    const more = folded === undefined ? namespace : workload;
    return `<bdi>${escapeMarkup(name)}</bdi>${more && `<small><bdi>${escapeMarkup(more)}</bdi></small>`}`;
}
