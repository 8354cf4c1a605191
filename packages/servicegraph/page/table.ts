import { COLUMNS, figureCells, stoppedRatio } from "../drawing/facts";
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

/**
 * The figures of edges as text. The roles are for narrow screens: browsers forget those of elements that are not displayed as a table.
 */
export function edgeTable({ id, title, nodes, edges, compared }: TableArgs): string {
    const heads = Object.entries({ ...COLUMNS, ...(compared && { change: "Change" }) }).map(
        ([name, words]) => `<th role="columnheader" scope="col" class="${name}">${words}</th>`,
    );
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
    const facts = factsIn(edge);
    const cell = (type: string, content: string) => `<td role="cell" class="${type}">${content}</td>`;
    return `<tr role="row">${[
        cell("from", nameOf(source)),
        cell("to", nameOf(target)),
        ...figureCells(facts, edge.health, stoppedRatio(edge) > 0).map(([type, text]) =>
            cell(type, escapeMarkup(text)),
        ),
        compared ? cell("change", escapeMarkup(facts.change)) : "",
    ].join("")}</tr>`;
}

function nameOf({ name, namespace, workload, folded }: ViewNode): string {
    const more = folded === undefined ? namespace : workload;
    return `<bdi>${escapeMarkup(name)}</bdi>${more && `<small><bdi>${escapeMarkup(more)}</bdi></small>`}`;
}
