import { countOf, type Health } from "../drawing/facts";
import { byViewImportance, factsIn, type ViewEdge } from "../drawing/view";
import { type Change, CHANGES, type Mesh, type MeshNode } from "../graph/mesh";
import { at } from "../layout/geometry";
import { escapeMarkup } from "../text/markup";

/* What a reader looks for first: edges with trouble, and what has changed. */

/** The items of a list; the tables have the others too. */
const MOST_ITEMS = 8;

/** The health of edges with trouble, and its words in a heading. */
const TROUBLES: Partial<Record<Health, string>> = {
    failing: "failing",
    degraded: "with some errors",
    stopped: "with requests refused, injected or not sent",
};

/** The edges that the page lists, and so links to: those with trouble, and those that have changed. */
export interface Attention {
    troubled: ViewEdge[];
    changed: ViewEdge[];
}

export function attentionOf(edges: readonly ViewEdge[]): Attention {
    const place = ({ changes: [change] = [] }: ViewEdge) => CHANGES.indexOf(change as Change);
    return {
        troubled: edges.filter(({ health }) => health in TROUBLES).sort(byViewImportance),
        changed: edges.filter(({ changes }) => changes).sort((a, b) => place(a) - place(b) || byViewImportance(a, b)),
    };
}

/** The edges that an item links to. */
export function listedEdges({ troubled, changed }: Attention): ViewEdge[] {
    return [...troubled.slice(0, MOST_ITEMS), ...changed.slice(0, MOST_ITEMS)];
}

/** @param href the address of an edge in a drawing */
export function troubleList(
    { troubled }: Attention,
    nodes: readonly MeshNode[],
    href: (edge: ViewEdge) => string,
): string {
    if (troubled.length === 0) {
        return "";
    }
    const counts = Object.entries(TROUBLES).flatMap(([health, words]) => {
        const count = troubled.filter((edge) => edge.health === health).length;
        return count > 0 ? [`${countOf(count, "edge")} ${words}`] : [];
    });
    const items = troubled.slice(0, MOST_ITEMS).map((edge) => {
        const { errors, stopped, traffic, latency } = factsIn(edge);
        const words = edge.health === "stopped" ? stopped : errors;
        return { edge, words, rest: [traffic, latency, edge.health === "stopped" ? "" : stopped] };
    });
    return list({ id: "trouble", title: counts.join(", "), items, more: troubled.length - items.length, nodes, href });
}

/** @param since the earlier moment, in words */
export function changeList(
    { changed }: Attention,
    { nodes }: Mesh,
    since: string,
    href: (edge: ViewEdge) => string,
): string {
    const counts = CHANGES.flatMap((change) => {
        const count = changed.filter(({ changes }) => changes?.includes(change)).length;
        return count > 0
            ? [`${countOf(count, "edge")} ${/^(?:more|fewer)/.test(change) ? `with ${change}` : change}`]
            : [];
    });
    const named = (change: MeshNode["change"]) => nodes.filter((node) => node.change === change);
    const paragraphs = (["new", "gone"] as const).map((change) => {
        const found = named(change);
        const names = found.slice(0, MOST_ITEMS).map(({ name }) => `<bdi>${escapeMarkup(name)}</bdi>`);
        const more = found.length > names.length ? ` and ${found.length - names.length} more` : "";
        return found.length > 0
            ? `<p>${countOf(found.length, "workload")} ${change}: ${names.join(", ")}${more}</p>\n`
            : "";
    });
    const items = changed.slice(0, MOST_ITEMS).map((edge) => {
        const { change, traffic } = factsIn(edge);
        return { edge, words: change, rest: [traffic] };
    });
    const title = `Since ${since}: ${counts.join(", ") || "no edge has changed"}`;
    return list({
        id: "changes",
        title,
        before: paragraphs.join(""),
        items,
        more: changed.length - items.length,
        nodes,
        href,
    });
}

interface Item {
    edge: ViewEdge;
    /** What it is listed for. */
    words: string;
    rest: string[];
}

interface ListArgs {
    id: string;
    title: string;
    /** Before the items. */
    before?: string;
    items: readonly Item[];
    /** How many are not listed. */
    more: number;
    nodes: readonly MeshNode[];
    href: (edge: ViewEdge) => string;
}

function list({ id, title, before = "", items, more, nodes, href }: ListArgs): string {
    const written = items.map(({ edge, words, rest }) => {
        const [source, target] = [at(nodes, edge.source), at(nodes, edge.target)];
        const names = [source, target].map(({ name }) => `<bdi>${escapeMarkup(name)}</bdi>`).join(" → ");
        const namespaces = [...new Set([source.namespace, target.namespace])].filter(Boolean);
        const small = namespaces.map((namespace) => `<bdi>${escapeMarkup(namespace)}</bdi>`).join(" → ");
        const figures = rest.filter(Boolean).map((figure) => `, <span>${escapeMarkup(figure)}</span>`);
        return (
            `<li><a href="${escapeMarkup(href(edge))}">${names}</a> <strong class="${edge.health}">${escapeMarkup(words)}</strong>` +
            `${figures.join("")} <small>${small}</small></li>`
        );
    });
    return `<section class="attention" aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
${before}${written.length > 0 ? `<ul>${written.join("\n")}</ul>` : ""}
${more > 0 ? `<p>${more} more in <a href="#edges">the table</a></p>` : ""}</section>`;
}
