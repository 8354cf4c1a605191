import type { Mesh, MeshEdge, MeshNode, MutualTls } from "../graph/mesh";
import { at, type Point } from "../layout/geometry";
import { layOut } from "../layout/layout";
import type { Layout } from "../layout/types";
import { escapeMarkup } from "../text/markup";
import { fit } from "../text/width";
import { MOST_BOW, px } from "./curve";
import { type EdgeLine, edgeLine } from "./edgeLine";
import { factsOf, type Health, HEALTH_ORDER, healthOf } from "./facts";
import { type Label, labelOf } from "./label";
import { FRAME_FONT, LOOP, MANY_EDGES, MOST_LABELS, NODE, nodeWidth, shownApp, strokeWidth } from "./sizes";
import { SYMBOLS } from "./symbols";

const MARGIN = 20;

/** Wider drawings are not scaled to the window's width, because they would be unreadable. */
const MOST_SHRUNK = 1800;

/** An escaped arrow to the right. A string of ASCII characters takes half the memory. */
const ARROW_SIGN = "&#8594;";

/** Draws the mesh as an SVG element. Its style is in the page's stylesheet. */
export function drawMesh({ nodes, edges }: Mesh): string {
    const labelled = edges.length <= MOST_LABELS;
    const labels = edges.map((edge) => (labelled ? labelOf(factsOf(edge)) : undefined));
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
    const classes = [
        "mesh",
        size.width > MOST_SHRUNK ? "large" : "",
        layout.dense ? "dense" : edges.length > MANY_EDGES ? "many" : "",
    ];
    const names = nodes.map(({ name }) => escapeMarkup(name));
    const drawn = new Map(HEALTH_ORDER.map((health): [Health, string[]] => [health, []]));
    edges.forEach((edge, index) => {
        const line = edgeLine(edge, layout, index, widths, labels[index]);
        drawn.get(healthOf(edge))?.push(drawEdge(edge, names, line, labels[index]));
    });
    const groups = [...drawn].map(([health, lines]) =>
        lines.length === 0
            ? ""
            : `<g class="edges ${health}" marker-end="url(#arrow-${health})">${lines.join("\n")}</g>`,
    );
    return [
        `<svg xmlns="http://www.w3.org/2000/svg" class="${classes.filter(Boolean).join(" ")}" role="img"`,
        ` aria-label="${nodes.length} nodes and ${edges.length} edges; the table below has the same data"`,
        ` width="${px(size.width)}" height="${px(size.height)}"`,
        ` viewBox="${px(-margin)} ${px(-margin)} ${px(size.width)} ${px(size.height)}">\n`,
        `<defs>${SYMBOLS}</defs>\n`,
        layout.clusters.map(drawCluster).join("\n"),
        groups.join("\n"),
        nodes.map((node, index) => drawNode(node, at(layout.nodes, index), at(widths, index))).join("\n"),
        "\n</svg>",
    ].join("");
}

/** All nodes of a namespace have the same width. */
function nodeWidths(nodes: readonly MeshNode[]): number[] {
    const widths = new Map<string, number>();
    for (const node of nodes) {
        widths.set(node.namespace, Math.max(widths.get(node.namespace) ?? 0, nodeWidth(node)));
    }
    return nodes.map(({ namespace }) => widths.get(namespace) ?? NODE.leastWidth);
}

function drawNode({ name, app, workload, namespace }: MeshNode, { x, y }: Point, width: number): string {
    const room = width - 2 * NODE.padding;
    const title = escapeMarkup(name) + (namespace && `\nnamespace ${escapeMarkup(namespace)}`);
    const known = app !== "unknown";
    const [left, top] = [px(x - width / 2), px(y - NODE.height / 2)];
    const line = (type: string, text: string, fontSize: number, dy: number) =>
        `<text class="${type}" x="${px(x)}" y="${px(y + dy)}">${escapeMarkup(fit(text, fontSize, room))}</text>`;
    return [
        `<g class="node${known ? "" : " unknown"}"><title>${title}</title>`,
        `<rect x="${left}" y="${top}" width="${width}" height="${NODE.height}" rx="${NODE.corner}"/>`,
        line("app", shownApp(app), NODE.app, workload ? -3 : 5),
        workload ? line("workload", workload, NODE.workload, 14) : "",
        "</g>",
    ].join("");
}

function drawCluster({ name, x, y, width, height }: Layout["clusters"][number]): string {
    const [left, top] = [x - width / 2, y - height / 2];
    return (
        `<g class="cluster"><rect x="${px(left)}" y="${px(top)}" width="${px(width)}" height="${px(height)}" rx="12"/>` +
        `<text x="${px(left + 16)}" y="${px(top + 23)}">${escapeMarkup(fit(name, FRAME_FONT, width - 32))}` +
        `<title>namespace ${escapeMarkup(name)}</title></text></g>\n`
    );
}

function drawEdge(edge: MeshEdge, names: readonly string[], { path, label: place }: EdgeLine, label?: Label): string {
    const { source, target, requestsPerSecond, mutualTls } = edge;
    const figures = Object.values(factsOf(edge)).filter(Boolean).join(", ");
    const title = `${at(names, source)} ${ARROW_SIGN} ${at(names, target)}\n${escapeMarkup(figures)}`;
    return [
        `<g class="edge"><title>${title}</title>`,
        `<path d="${path}" stroke-width="${px(strokeWidth(requestsPerSecond))}"/>`,
        label && place ? drawLabel(label, place, mutualTls) : "",
        "</g>",
    ].join("");
}

function drawLabel(
    { width, height, lock, traffic, second, last }: Label,
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
        "</g>",
    ].join("");
}
