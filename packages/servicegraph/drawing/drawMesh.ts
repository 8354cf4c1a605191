import type { MeshNode, MutualTls } from "../graph/mesh";
import { at, type Point } from "../layout/geometry";
import { layOut } from "../layout/layout";
import type { Layout } from "../layout/types";
import { escapeMarkup } from "../text/markup";
import { fit } from "../text/width";
import { MOST_BOW, px } from "./curve";
import { type EdgeLine, edgeLine } from "./edgeLine";
import { type Facts, type Health, HEALTH_ORDER } from "./facts";
import { type Label, labelOf } from "./label";
import {
    FRAME_FONT,
    LEAST_SCALE,
    LOOP,
    MANY_EDGES,
    MOST_LABELS,
    NODE,
    nodeWidth,
    shownApp,
    strokeWidth,
} from "./sizes";
import { SYMBOLS } from "./symbols";
import { factsIn, type View, type ViewEdge, type ViewNode } from "./view";

const MARGIN = 20;

/** An escaped arrow to the right. A string of ASCII characters takes half the memory. */
const ARROW_SIGN = "&#8594;";

export interface Links {
    /** The address of the page where a folded namespace is open; undefined if it has none. */
    open: (namespace: string) => string;
    /** The address of the page where an open namespace is folded; undefined if it has none. */
    fold: (namespace: string) => string | undefined;
    /** The `id` of an edge; undefined if nothing links to it. */
    id: (edge: ViewEdge) => string | undefined;
}

/** Draws what a view has as an SVG element. Its style is in the page's stylesheet. */
export function drawMesh({ nodes, edges, folded }: View, links: Links): string {
    const labelled = edges.length <= MOST_LABELS;
    const labels = edges.map((edge) => (labelled ? labelOf(shortFacts(edge)) : undefined));
    const widths = nodeWidths(nodes);
    const loops = new Map(edges.flatMap(({ source, target }, index) => (source === target ? [[source, index]] : [])));
    const layout = layOut(
        nodes.map(({ namespace }, index) => {
            const ownLoop = loops.get(index);
            const label = ownLoop === undefined ? undefined : labels[ownLoop];
            return {
                cluster: namespace,
                width: at(widths, index),
                height: NODE.height,
                above:
                    ownLoop === undefined
                        ? undefined
                        : { width: label?.width ?? 0, height: LOOP.height + (label?.height ?? 0) + 4 },
            };
        }),
        edges.map(({ source, target }, index) => ({ source, target, label: labels[index] })),
    );

    const margin = layout.dense ? MARGIN + MOST_BOW : MARGIN;
    const size = { width: layout.width + 2 * margin, height: layout.height + 2 * margin };
    const classes = ["mesh", layout.dense ? "dense" : edges.length > MANY_EDGES ? "many" : ""];
    const names = nodes.map(({ name }) => escapeMarkup(name));
    const drawn = new Map(HEALTH_ORDER.map((health): [Health, string[]] => [health, []]));
    edges.forEach((edge, index) => {
        const line = edgeLine(edge, layout, index, widths, labels[index]);
        drawn.get(edge.health)?.push(drawEdge(edge, names, line, { id: links.id(edge), label: labels[index] }));
    });
    // A drawing without links is one picture. In the other ones, the links are there for screen readers, and the rest is in the tables.
    const role = folded ? "group" : "img";
    const hidden = folded ? ' aria-hidden="true"' : "";
    const groups = [...drawn].map(([health, lines]) =>
        lines.length === 0
            ? ""
            : `<g class="edges ${health}" marker-end="url(#arrow-${health})"${hidden}>${lines.join("\n")}</g>`,
    );
    return [
        // The first element has the smallest width of the second one. It cannot be a style, because the page's policy forbids inline ones.
        `<div class="paper"><svg class="least" width="${px(size.width * LEAST_SCALE)}" height="0" aria-hidden="true"></svg>`,
        `<svg xmlns="http://www.w3.org/2000/svg" class="${classes.filter(Boolean).join(" ")}" role="${role}"`,
        ` aria-label="${nodes.length} nodes and ${edges.length} edges; the table below has the same data"`,
        ` width="${px(size.width)}" height="${px(size.height)}"`,
        ` viewBox="${px(-margin)} ${px(-margin)} ${px(size.width)} ${px(size.height)}">\n`,
        `<defs>${SYMBOLS}</defs>\n`,
        layout.clusters.map((cluster) => drawCluster(cluster, links.fold(cluster.name))).join("\n"),
        groups.join("\n"),
        nodes.map((node, index) => drawNode(node, at(layout.nodes, index), at(widths, index), links)).join("\n"),
        "\n</svg></div>",
    ].join("");
}

/** Without the figures of the earlier moment, which the tooltip and the table have. */
function shortFacts(edge: ViewEdge): Facts {
    const facts = factsIn(edge);
    return edge.changes ? { ...facts, change: edge.changes.join(", ") } : facts;
}

/** All nodes of a namespace have the same width. */
function nodeWidths(nodes: readonly MeshNode[]): number[] {
    const widths = new Map<string, number>();
    for (const node of nodes) {
        widths.set(node.namespace, Math.max(widths.get(node.namespace) ?? 0, nodeWidth(node)));
    }
    return nodes.map(({ namespace }) => widths.get(namespace) ?? NODE.leastWidth);
}

function drawNode(node: ViewNode, { x, y }: Point, width: number, { open }: Links): string {
    const { name, app, workload, namespace, folded, change } = node;
    const room = width - 2 * NODE.padding;
    const title =
        escapeMarkup(name) + (namespace && `\nnamespace ${escapeMarkup(namespace)}`) + (change ? `\n${change}` : "");
    const classes = ["node", app === "unknown" ? "unknown" : "", folded === undefined ? "" : "folded", change ?? ""];
    const [left, top] = [px(x - width / 2), px(y - NODE.height / 2)];
    const line = (type: string, text: string, fontSize: number, dy: number) =>
        `<text class="${type}" x="${px(x)}" y="${px(y + dy)}">${escapeMarkup(fit(text, fontSize, room))}</text>`;
    const box = (dx: number) =>
        `<rect x="${left}" y="${top}" width="${width}" height="${NODE.height}" rx="${NODE.corner}"` +
        `${dx === 0 ? "" : ` transform="translate(${dx} ${dx})"`}/>`;
    const drawn = [
        `<g class="${classes.filter(Boolean).join(" ")}">`,
        folded === undefined ? `<title>${title}</title>` : "",
        // A pile of boxes.
        folded === undefined ? "" : box(4),
        box(0),
        line("app", shownApp(app), NODE.app, workload ? -3 : 5),
        workload ? line("workload", workload, NODE.workload, 14) : "",
        "</g>",
    ].join("");
    return folded === undefined
        ? drawn
        : `<a href="${escapeMarkup(open(folded))}"><title>Open ${escapeMarkup(name)}, ${workload}</title>${drawn}</a>`;
}

function drawCluster({ name, x, y, width, height }: Layout["clusters"][number], fold: string | undefined): string {
    const [left, top] = [x - width / 2, y - height / 2];
    const title = `<title>${fold === undefined ? "namespace" : "Fold"} ${escapeMarkup(name)}</title>`;
    const words = `<text x="${px(left + 16)}" y="${px(top + 23)}">${escapeMarkup(fit(name, FRAME_FONT, width - 32))}`;
    return (
        `<g class="cluster"><rect x="${px(left)}" y="${px(top)}" width="${px(width)}" height="${px(height)}" rx="12"/>` +
        (fold === undefined
            ? `${words}${title}</text>`
            : `<a href="${escapeMarkup(fold)}">${title}${words}</text></a>`) +
        "</g>\n"
    );
}

function drawEdge(
    edge: ViewEdge,
    names: readonly string[],
    { path, label: place }: EdgeLine,
    { id, label }: { id?: string; label?: Label },
): string {
    const { source, target, requestsPerSecond, mutualTls } = edge;
    const figures = Object.values(factsIn(edge)).filter(Boolean).join(", ");
    const title = `${at(names, source)} ${ARROW_SIGN} ${at(names, target)}\n${escapeMarkup(figures)}`;
    return [
        `<g class="edge"${id === undefined ? "" : ` id="${escapeMarkup(id)}"`}><title>${title}</title>`,
        `<path d="${path}" stroke-width="${px(strokeWidth(requestsPerSecond))}"/>`,
        label && place ? drawLabel(label, place, mutualTls) : "",
        "</g>",
    ].join("");
}

function drawLabel(
    { width, height, lock, traffic, second, last, change }: Label,
    { x, y }: Point,
    mutualTls: MutualTls,
): string {
    const { errors, rest } = second;
    return [
        `<g class="facts" marker-end="none" transform="translate(${px(x)} ${px(y)})">`,
        `<rect x="${px(-width / 2)}" y="${px(-height / 2)}" width="${width}" height="${height}" rx="6"/>`,
        mutualTls
            ? `<use href="#lock-${mutualTls}" class="lock-${mutualTls}" x="${px(lock.x)}" y="${px(lock.y)}" ` +
              `width="${lock.size}" height="${lock.size}"/>`
            : "",
        `<text class="traffic" x="${px(traffic.x)}" y="${px(traffic.y)}">${escapeMarkup(traffic.text)}</text>`,
        errors || rest
            ? `<text y="${px(second.y)}"><tspan class="errors">${escapeMarkup(errors)}</tspan>${escapeMarkup(rest)}</text>`
            : "",
        last.stopped ? `<text class="stopped" y="${px(last.y)}">${escapeMarkup(last.stopped)}</text>` : "",
        change.text ? `<text class="change" y="${px(change.y)}">${escapeMarkup(change.text)}</text>` : "",
        "</g>",
    ].join("");
}
