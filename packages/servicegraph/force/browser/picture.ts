import { ARROW, loop, px } from "../../drawing/curve";
import { factsOf, type Health, HEALTH_ORDER, healthOf } from "../../drawing/facts";
import { labelOf } from "../../drawing/label";
import { SYMBOLS } from "../../drawing/symbols";
import { FRAME_FONT, LOOP, MANY_EDGES, MOST_LABELS, NODE, shownApp, strokeWidth } from "../../drawing/sizes";
import type { Point } from "../../layout/geometry";
import { MOST_ROUTED } from "../../layout/layout";
import { fit } from "../../text/width";
import { svg } from "./element";
import type { Graph, GraphLink, GraphNode } from "../simulation";

const MARGIN = 50;

interface PictureEvents {
    select: (node: GraphNode | undefined) => void;
    /** A node was dragged, and is fixed where it is. */
    move: (node: GraphNode) => void;
    release: (node: GraphNode) => void;
}

interface DrawnLink {
    group: SVGGElement;
    path: SVGPathElement;
    facts: SVGGElement;
}

/** The SVG element of the graph. It keeps the elements of nodes and links from one answer to the next. */
export class Picture {
    readonly element = svg("svg", { class: "mesh", role: "group", "aria-label": "The service graph" });
    private readonly frames = svg("g");
    private readonly layers = new Map<Health, SVGGElement>();
    private readonly labelLayer = svg("g");
    private readonly nodeLayer = svg("g");
    private readonly drawnLinks = new Map<string, DrawnLink>();
    private readonly drawnNodes = new Map<string, SVGGElement>();
    private graph: Graph = { nodes: [], links: [] };
    private dragging = false;
    /** The zoom (1 shows the whole graph), and the distance from the centre of the graph. */
    private view = { zoom: 1, dx: 0, dy: 0 };

    constructor(
        private readonly container: HTMLElement,
        private readonly events: PictureEvents,
    ) {
        const defs = svg("defs");
        // Constants without names.
        defs.innerHTML = SYMBOLS;
        this.element.append(defs, this.frames);
        for (const health of HEALTH_ORDER) {
            const layer = svg("g", { class: `edges ${health}`, "marker-end": `url(#arrow-${health})` });
            this.layers.set(health, layer);
            this.element.append(layer);
        }
        this.element.append(this.labelLayer, this.nodeLayer);
        this.listenForView();
        container.append(this.element);
    }

    /** Shows the nodes, links and figures of a graph. */
    show(graph: Graph): void {
        this.graph = graph;
        this.element.classList.toggle("dense", graph.links.length > MOST_ROUTED);
        this.element.classList.toggle("many", graph.links.length > MANY_EDGES);
        const labelled = graph.links.length <= MOST_LABELS;
        removeOthers(this.drawnLinks, graph.links, ({ group, facts }) => [group, facts]);
        for (const link of graph.links) {
            const health = healthOf(link.edge);
            const drawn = this.drawnLinks.get(link.key) ?? newLink();
            this.drawnLinks.set(link.key, drawn);
            fillLink(drawn, link, labelled);
            const layer = this.layers.get(health);
            if (layer && drawn.group.parentNode !== layer) {
                layer.append(drawn.group);
                this.labelLayer.append(drawn.facts);
                drawn.facts.setAttribute("class", `facts ${health}`);
            }
        }
        removeOthers(this.drawnNodes, graph.nodes, (group) => [group]);
        for (const node of graph.nodes) {
            if (!this.drawnNodes.has(node.key)) {
                const group = this.newNode(node);
                this.drawnNodes.set(node.key, group);
                this.nodeLayer.append(group);
            }
        }
    }

    /** Draws everything at its position in the simulation. */
    draw(): void {
        this.drawFrames();
        for (const link of this.graph.links) {
            const drawn = this.drawnLinks.get(link.key);
            if (drawn) {
                placeLink(drawn, link);
            }
        }
        for (const node of this.graph.nodes) {
            const group = this.drawnNodes.get(node.key);
            group?.setAttribute("transform", `translate(${px(node.x ?? 0)} ${px(node.y ?? 0)})`);
            group?.classList.toggle("pinned", typeof node.fx === "number");
        }
        if (!this.dragging) {
            this.fitView();
        }
    }

    /** Emphasizes a node and its neighbours. */
    highlight(selected: GraphNode | undefined): void {
        this.element.classList.toggle("selecting", selected !== undefined);
        const near = new Set<string>();
        for (const { key, source, target } of this.graph.links) {
            const touches = source.key === selected?.key || target.key === selected?.key;
            const drawn = this.drawnLinks.get(key);
            drawn?.group.classList.toggle("near", touches);
            drawn?.facts.classList.toggle("near", touches);
            if (touches) {
                near.add(source.key).add(target.key);
            }
        }
        for (const [key, group] of this.drawnNodes) {
            group.classList.toggle("selected", key === selected?.key);
            group.classList.toggle("near", near.has(key));
            group.setAttribute("aria-pressed", String(key === selected?.key));
        }
    }

    focus(node: GraphNode): void {
        this.drawnNodes.get(node.key)?.focus();
    }

    /** The current object for a key. */
    private current(key: string): GraphNode | undefined {
        return this.graph.nodes.find((node) => node.key === key);
    }

    private newNode({ key, meshNode, width }: GraphNode): SVGGElement {
        const { app, workload, namespace, name } = meshNode;
        const [left, room] = [-width / 2, width - 2 * NODE.padding];
        const title = namespace ? `${name}\nnamespace ${namespace}` : name;
        const group = svg(
            "g",
            { class: app === "unknown" ? "node unknown" : "node", tabindex: 0, role: "button", "aria-label": title },
            svg("title", {}, title),
            svg("rect", { x: left, y: -NODE.height / 2, width, height: NODE.height, rx: NODE.corner }),
            svg("text", { class: "app", y: workload ? -3 : 5 }, fit(shownApp(app), NODE.app, room)),
            svg("text", { class: "workload", y: 14 }, fit(workload, NODE.workload, room)),
        );
        this.listen(group, key);
        return group;
    }

    private listen(group: SVGGElement, key: string): void {
        let grab: { dx: number; dy: number; moved: boolean } | undefined;
        group.addEventListener("pointerdown", (event) => {
            const [point, node] = [this.pointOf(event), this.current(key)];
            if (event.button === 0 && node) {
                group.setPointerCapture(event.pointerId);
                grab = { dx: (node.x ?? 0) - point.x, dy: (node.y ?? 0) - point.y, moved: false };
                this.dragging = true;
            }
        });
        group.addEventListener("pointermove", (event) => {
            const node = this.current(key);
            if (grab && node) {
                const point = this.pointOf(event);
                const [x, y] = [point.x + grab.dx, point.y + grab.dy];
                // A small movement during a click is not a drag.
                grab.moved ||= Math.hypot(x - (node.x ?? 0), y - (node.y ?? 0)) > 4;
                if (grab.moved) {
                    [node.x, node.y, node.fx, node.fy] = [x, y, x, y];
                    this.events.move(node);
                }
            }
        });
        const end = () => {
            this.dragging = false;
            if (grab && !grab.moved) {
                this.events.select(this.current(key));
            }
            grab = undefined;
        };
        group.addEventListener("pointerup", end);
        group.addEventListener("pointercancel", () => {
            grab = undefined;
            this.dragging = false;
        });
        group.addEventListener("dblclick", () => {
            const node = this.current(key);
            if (node) {
                this.events.release(node);
            }
        });
        group.addEventListener("keydown", (event) => {
            const node = this.current(key);
            const step = ARROW_KEYS[event.key];
            if (!node) {
                return;
            }
            if (event.key === "Enter" || event.key === " ") {
                this.events.select(node);
            } else if (event.key === "Escape") {
                this.events.select(undefined);
            } else if (step) {
                [node.fx, node.fy] = [(node.x ?? 0) + step[0], (node.y ?? 0) + step[1]];
                [node.x, node.y] = [node.fx, node.fy];
                this.events.move(node);
            } else {
                return;
            }
            event.preventDefault();
        });
    }

    /** The position of a pointer in the coordinates of the nodes. */
    private pointOf({ clientX, clientY }: MouseEvent): DOMPoint {
        const matrix = this.element.getScreenCTM();
        return new DOMPoint(clientX, clientY).matrixTransform(matrix?.inverse());
    }

    /** A frame around the workloads of each namespace. */
    private drawFrames(): void {
        const groups = new Map<string, GraphNode[]>();
        for (const node of this.graph.nodes) {
            const { namespace } = node.meshNode;
            groups.set(namespace, [...(groups.get(namespace) ?? []), node]);
        }
        groups.delete("");
        const frames = [...groups].map(([namespace, nodes]) => {
            const { left, right, top, bottom } = bounds(nodes);
            return svg(
                "g",
                { class: "cluster" },
                svg("rect", {
                    x: px(left - 22),
                    y: px(top - 42),
                    width: px(right - left + 44),
                    height: px(bottom - top + 64),
                    rx: 14,
                }),
                svg("text", { x: px(left - 8), y: px(top - 20) }, fit(namespace, FRAME_FONT, right - left)),
            );
        });
        this.frames.replaceChildren(...frames);
    }

    /** Applies the view. Zoom 1 shows all nodes, at most in their original size. */
    private fitView(): void {
        const { left, right, top, bottom } = bounds(this.graph.nodes);
        const { width, height } = this.container.getBoundingClientRect();
        const boxWidth = Math.max(width, right - left + 2 * MARGIN) / this.view.zoom;
        const boxHeight = Math.max(height, bottom - top + 2 * MARGIN + 20) / this.view.zoom;
        const x = (left + right) / 2 + this.view.dx - boxWidth / 2;
        const y = (top + bottom) / 2 - 10 + this.view.dy - boxHeight / 2;
        this.element.setAttribute("viewBox", [x, y, boxWidth, boxHeight].map(px).join(" "));
    }

    /** Zooms around a point. */
    private zoomAt(point: Point, factor: number): void {
        const zoom = Math.min(8, Math.max(1, this.view.zoom * factor));
        const { left, right, top, bottom } = bounds(this.graph.nodes);
        const kept = 1 - this.view.zoom / zoom;
        this.view = {
            zoom,
            dx: zoom === 1 ? 0 : this.view.dx + (point.x - (left + right) / 2 - this.view.dx) * kept,
            dy: zoom === 1 ? 0 : this.view.dy + (point.y - (top + bottom) / 2 + 10 - this.view.dy) * kept,
        };
        this.fitView();
    }

    /**
     * The wheel with Ctrl or ⌘ zooms (browsers report a pinch on a touchpad as the wheel with Ctrl); the wheel alone scrolls the page.
     * Dragging the background moves the view. A double click or 0 shows everything.
     */
    private listenForView(): void {
        const { element } = this;
        let grab: Point | undefined;
        let hasMoved = false;
        element.addEventListener(
            "wheel",
            (event) => {
                if (!event.ctrlKey && !event.metaKey) {
                    return;
                }
                event.preventDefault();
                this.zoomAt(this.pointOf(event), 1.0015 ** -event.deltaY);
            },
            { passive: false },
        );
        element.addEventListener("pointerdown", (event) => {
            if (event.target === element && event.button === 0) {
                element.setPointerCapture(event.pointerId);
                [grab, hasMoved] = [this.pointOf(event), false];
            }
        });
        element.addEventListener("pointermove", (event) => {
            if (grab && this.view.zoom > 1) {
                const point = this.pointOf(event);
                hasMoved = true;
                this.view.dx += grab.x - point.x;
                this.view.dy += grab.y - point.y;
                this.fitView();
            }
        });
        element.addEventListener("pointerup", () => {
            if (grab && !hasMoved) {
                this.events.select(undefined);
            }
            grab = undefined;
        });
        element.addEventListener("dblclick", ({ target }) => {
            if (target === element) {
                this.resetView();
            }
        });
        element.addEventListener("keydown", ({ key }) => {
            const middle = element.viewBox.baseVal;
            const point = { x: middle.x + middle.width / 2, y: middle.y + middle.height / 2 };
            if (key === "+" || key === "-") {
                this.zoomAt(point, key === "+" ? 1.4 : 1 / 1.4);
            } else if (key === "0") {
                this.resetView();
            }
        });
    }

    private resetView(): void {
        this.view = { zoom: 1, dx: 0, dy: 0 };
        this.fitView();
    }
}

const ARROW_KEYS: Partial<Record<string, [number, number]>> = {
    ArrowLeft: [-20, 0],
    ArrowRight: [20, 0],
    ArrowUp: [0, -20],
    ArrowDown: [0, 20],
};

/** Removes elements whose key is not wanted. */
function removeOthers<Drawn>(
    drawn: Map<string, Drawn>,
    wanted: readonly { key: string }[],
    elementsOf: (one: Drawn) => Element[],
): void {
    const keys = new Set(wanted.map(({ key }) => key));
    for (const [key, one] of drawn) {
        if (!keys.has(key)) {
            elementsOf(one).forEach((element) => {
                element.remove();
            });
            drawn.delete(key);
        }
    }
}

function bounds(nodes: readonly GraphNode[]) {
    if (nodes.length === 0) {
        return { left: 0, right: 0, top: 0, bottom: 0 };
    }
    const edges = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity };
    for (const { x = 0, y = 0, width, above } of nodes) {
        edges.left = Math.min(edges.left, x - width / 2);
        edges.right = Math.max(edges.right, x + width / 2);
        edges.top = Math.min(edges.top, y - above);
        edges.bottom = Math.max(edges.bottom, y + NODE.height / 2);
    }
    return edges;
}

function newLink(): DrawnLink {
    const path = svg("path");
    return { path, facts: svg("g"), group: svg("g", { class: "edge" }, svg("title"), path) };
}

function fillLink({ group, path, facts }: DrawnLink, { source, target, edge }: GraphLink, labelled: boolean): void {
    const words = factsOf(edge);
    const figures = Object.values(words).filter(Boolean);
    group.firstChild?.replaceWith(
        svg("title", {}, `${source.meshNode.name} → ${target.meshNode.name}\n${figures.join(" · ")}`),
    );
    path.setAttribute("stroke-width", px(strokeWidth(edge.requestsPerSecond)));
    if (!labelled) {
        facts.replaceChildren();
        return;
    }
    const { width, height, lock, traffic, second, last } = labelOf(words);
    const kind = edge.mutualTls && `lock-${edge.mutualTls}`;
    facts.replaceChildren(
        svg("rect", { x: -width / 2, y: -height / 2, width, height, rx: 6 }),
        ...(kind
            ? [svg("use", { href: `#${kind}`, class: kind, x: lock.x, y: lock.y, width: lock.size, height: lock.size })]
            : []),
        svg("text", { class: "traffic", x: traffic.x, y: traffic.y }, traffic.text),
        svg("text", { y: second.y }, svg("tspan", { class: "errors" }, second.errors), second.rest),
        svg("text", { class: "stopped", y: last.y }, last.stopped),
    );
}

function placeLink({ path, facts }: DrawnLink, { source, target, mutual }: GraphLink): void {
    const [sx, sy, tx, ty] = [source.x ?? 0, source.y ?? 0, target.x ?? 0, target.y ?? 0];
    if (source === target) {
        const top = sy - NODE.height / 2;
        path.setAttribute("d", loop(sx, top, LOOP));
        facts.setAttribute("transform", `translate(${px(sx)} ${px(top - LOOP.height - 26)})`);
        return;
    }
    const length = Math.hypot(tx - sx, ty - sy) || 1;
    // Links in both directions bend to their right-hand side, so far that their labels do not touch.
    const [nx, ny] = [-(ty - sy) / length, (tx - sx) / length];
    const bend = mutual ? Math.abs(nx) * 80 + Math.abs(ny) * 26 : 0;
    const [mx, my] = [(sx + tx) / 2 + nx * bend, (sy + ty) / 2 + ny * bend];
    // A quadratic curve passes midway between its control point and the middle of its ends.
    const [cx, cy] = [mx + nx * bend, my + ny * bend];
    const start = borderPoint(source, cx - sx, cy - sy, 0);
    const end = borderPoint(target, cx - tx, cy - ty, ARROW);
    path.setAttribute("d", `M${px(start.x)} ${px(start.y)}Q${px(cx)} ${px(cy)} ${px(end.x)} ${px(end.y)}`);
    const [lx, ly] = mutual ? [mx, my] : [(start.x + end.x) / 2, (start.y + end.y) / 2];
    facts.setAttribute("transform", `translate(${px(lx)} ${px(ly)})`);
}

/** The point where a line from the centre of a node leaves its box, and `further` pixels more. */
function borderPoint({ x = 0, y = 0, width }: GraphNode, dx: number, dy: number, further: number) {
    const length = Math.hypot(dx, dy) || 1;
    const inside = Math.min(
        dx === 0 ? Infinity : (width / 2 / Math.abs(dx)) * length,
        dy === 0 ? Infinity : (NODE.height / 2 / Math.abs(dy)) * length,
    );
    const distance = Math.min(inside + further, length);
    return { x: x + (dx / length) * distance, y: y + (dy / length) * distance };
}
