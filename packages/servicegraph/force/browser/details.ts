import { COLUMNS, countOf, factsOf, figureCells, healthOf, stoppedRatio } from "../../drawing/facts";
import type { Mesh, MeshEdge, MeshNode } from "../../graph/mesh";
import { type Item, keyOf, type Line, nameOf, partsOf } from "../view";
import { html } from "./element";

/** The traffic of a workload. The names of other workloads are buttons with their `data-key`. */
export function describe(mesh: Mesh, key: string): Element[] {
    const keys = mesh.nodes.map(keyOf);
    const list = (own: "source" | "target", other: "source" | "target") => {
        const rows = mesh.edges
            .filter((edge) => keys[edge[own]] === key)
            .map((edge) => html("tr", {}, html("td", {}, link(mesh.nodes[edge[other]])), figures(edge)));
        return rows.length === 0
            ? html("p", { class: "summary" }, "none")
            : html("table", {}, html("tbody", {}, ...rows));
    };
    return [html("h3", {}, "Incoming"), list("target", "source"), html("h3", {}, "Outgoing"), list("source", "target")];
}

function link(node: MeshNode | undefined): Element | string {
    return node
        ? html("button", { type: "button", class: "link", "data-key": keyOf(node) }, html("bdi", {}, node.name))
        : "";
}

function figures(edge: MeshEdge): Element {
    const { traffic, errors, stopped, latency, mutualTls } = factsOf(edge);
    const lines = [errors, stopped, latency, mutualTls].filter(Boolean).join(" · ");
    return html("td", { class: `number ${healthOf(edge)}` }, traffic, html("small", {}, lines));
}

/** The drawn lines as a table, the most important ones first, and the boxes without lines. */
export function tableOf(items: readonly Item[], lines: readonly Line[]): Element[] {
    const used = new Set(lines.flatMap(({ source, target }) => [source, target]));
    const single = items.filter((item) => !used.has(item)).map(nameOf);
    const heads = Object.entries(COLUMNS).map(([type, name]) =>
        html("th", { role: "columnheader", scope: "col", class: type }, name),
    );
    // The roles are for narrow windows: browsers forget those of elements that are not displayed as a table.
    const table = html(
        "table",
        { role: "table", "aria-labelledby": "table-title" },
        html("thead", { role: "rowgroup" }, html("tr", { role: "row" }, ...heads)),
        html("tbody", { role: "rowgroup" }, ...lines.map(row)),
    );
    return [
        ...(lines.length > 0 ? [table] : []),
        ...(single.length > 0 ? [html("p", {}, `Without edges: ${single.join(", ")}`)] : []),
    ];
}

function row(line: Line): Element {
    const [[, traffic], ...figures] = figureCells(factsOf(line.edge), line.health, stoppedRatio(line.edge) > 0);
    const small = (text: string) => (text ? [html("small", {}, html("bdi", {}, text))] : []);
    const name = (item: Item) => [
        html("bdi", {}, item.workload ? item.workload.name : `namespace ${item.namespace}`),
        ...small(item.workload ? item.namespace : countOf(item.workloads, "workload")),
    ];
    const cell = (type: string, ...content: (Element | string)[]) =>
        html("td", { role: "cell", class: type }, ...content);
    return html(
        "tr",
        { role: "row" },
        cell("from", ...name(line.source)),
        cell("to", ...name(line.target)),
        cell("traffic", traffic, ...small(partsOf(line))),
        ...figures.map(([type, text]) => cell(type, text)),
    );
}
