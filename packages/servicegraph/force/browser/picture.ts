import { ARROW, loop, px } from "../../drawing/curve";
import { factsOf, type Health, HEALTH_ORDER, healthOf } from "../../drawing/facts";
import { labelOf } from "../../drawing/label";
import { LOCKS } from "../../drawing/locks";
import { FRAME_FONT, LOOP, MANY_EDGES, MOST_LABELS, NODE, shownApp, strokeWidth } from "../../drawing/sizes";
import type { Point } from "../../layout/geometry";
import { MOST_ROUTED } from "../../layout/layout";
import { fit } from "../../text/width";
import { svg } from "./element";
import type { Bodies, Body, Bond } from "../simulation";

const MARGIN = 50;

export interface PictureEvents {
    select: (body: Body | undefined) => void;
    /** A body was moved by hand, and is held where it is. */
    move: (body: Body) => void;
    release: (body: Body) => void;
}

interface DrawnBond {
    group: SVGGElement;
    path: SVGPathElement;
    facts: SVGGElement;
}

/** The SVG element with all bodies and bonds, which it keeps from one answer to the next. */
export class Picture {
    readonly element = svg("svg", { class: "mesh", role: "group", "aria-label": "The service graph" });
    private readonly frames = svg("g");
    private readonly layers = new Map<Health, SVGGElement>();
    private readonly labelLayer = svg("g");
    private readonly nodeLayer = svg("g");
    private readonly bonds = new Map<string, DrawnBond>();
    private readonly bodies = new Map<string, SVGGElement>();
    private content: Bodies = { bodies: [], bonds: [] };
    private dragging = false;
    /** How much larger than the whole, and how far from its middle. */
    private view = { zoom: 1, dx: 0, dy: 0 };

    constructor(
        private readonly container: HTMLElement,
        private readonly events: PictureEvents,
    ) {
        const defs = svg("defs");
        // The only markup here: constants, no names.
        defs.innerHTML = LOCKS;
        this.element.append(defs, this.frames);
        for (const health of HEALTH_ORDER) {
            defs.append(
                svg(
                    "marker",
                    {
                        id: `arrow-${health}`,
                        class: `arrow ${health}`,
                        viewBox: "0 0 10 10",
                        refX: 1,
                        refY: 5,
                        markerWidth: ARROW + 2,
                        markerHeight: ARROW + 2,
                        markerUnits: "userSpaceOnUse",
                        orient: "auto",
                    },
                    svg("path", { d: "M0 0.8L9.5 5L0 9.2Z" }),
                ),
            );
            const layer = svg("g", { class: `edges ${health}`, "marker-end": `url(#arrow-${health})` });
            this.layers.set(health, layer);
            this.element.append(layer);
        }
        this.element.append(this.labelLayer, this.nodeLayer);
        this.listenForView();
        container.append(this.element);
    }

    /** Shows other bodies and bonds, or new figures of the same. */
    show(content: Bodies): void {
        this.content = content;
        this.element.classList.toggle("dense", content.bonds.length > MOST_ROUTED);
        this.element.classList.toggle("many", content.bonds.length > MANY_EDGES);
        const labelled = content.bonds.length <= MOST_LABELS;
        removeOthers(this.bonds, content.bonds, ({ group, facts }) => [group, facts]);
        for (const bond of content.bonds) {
            const health = healthOf(bond.edge);
            const drawn = this.bonds.get(bond.key) ?? newBond();
            this.bonds.set(bond.key, drawn);
            fillBond(drawn, bond, labelled);
            const layer = this.layers.get(health);
            if (layer && drawn.group.parentNode !== layer) {
                layer.append(drawn.group);
                this.labelLayer.append(drawn.facts);
                drawn.facts.setAttribute("class", `facts ${health}`);
            }
        }
        removeOthers(this.bodies, content.bodies, (group) => [group]);
        for (const body of content.bodies) {
            const known = this.bodies.get(body.key);
            if (!known) {
                const group = this.newBody(body);
                this.bodies.set(body.key, group);
                this.nodeLayer.append(group);
            }
        }
    }

    /** Moves everything to where the simulation has it. */
    draw(): void {
        this.drawFrames();
        for (const bond of this.content.bonds) {
            const drawn = this.bonds.get(bond.key);
            if (drawn) {
                placeBond(drawn, bond);
            }
        }
        for (const body of this.content.bodies) {
            const group = this.bodies.get(body.key);
            group?.setAttribute("transform", `translate(${px(body.x ?? 0)} ${px(body.y ?? 0)})`);
            group?.classList.toggle("pinned", typeof body.fx === "number");
        }
        if (!this.dragging) {
            this.fitView();
        }
    }

    /** Lets a body and its neighbours stand out. */
    highlight(selected: Body | undefined): void {
        this.element.classList.toggle("selecting", selected !== undefined);
        const near = new Set<string>();
        for (const { key, source, target } of this.content.bonds) {
            const touches = source.key === selected?.key || target.key === selected?.key;
            const drawn = this.bonds.get(key);
            drawn?.group.classList.toggle("near", touches);
            drawn?.facts.classList.toggle("near", touches);
            if (touches) {
                near.add(source.key).add(target.key);
            }
        }
        for (const [key, group] of this.bodies) {
            group.classList.toggle("selected", key === selected?.key);
            group.classList.toggle("near", near.has(key));
            group.setAttribute("aria-pressed", String(key === selected?.key));
        }
    }

    focus(body: Body): void {
        this.bodies.get(body.key)?.focus();
    }

    /** The body as it is now: a new answer brings new objects for the same workloads. */
    private current(key: string): Body | undefined {
        return this.content.bodies.find((body) => body.key === key);
    }

    private newBody({ key, node, width }: Body): SVGGElement {
        const { app, workload, namespace, name } = node;
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
        let grip: { dx: number; dy: number; moved: boolean } | undefined;
        group.addEventListener("pointerdown", (event) => {
            const [point, body] = [this.pointOf(event), this.current(key)];
            if (event.button === 0 && body) {
                group.setPointerCapture(event.pointerId);
                grip = { dx: (body.x ?? 0) - point.x, dy: (body.y ?? 0) - point.y, moved: false };
                this.dragging = true;
            }
        });
        group.addEventListener("pointermove", (event) => {
            const body = this.current(key);
            if (grip && body) {
                const point = this.pointOf(event);
                const [x, y] = [point.x + grip.dx, point.y + grip.dy];
                // A hand that trembles while it clicks does not drag.
                grip.moved ||= Math.hypot(x - (body.x ?? 0), y - (body.y ?? 0)) > 4;
                if (grip.moved) {
                    [body.x, body.y, body.fx, body.fy] = [x, y, x, y];
                    this.events.move(body);
                }
            }
        });
        const end = () => {
            this.dragging = false;
            if (grip && !grip.moved) {
                this.events.select(this.current(key));
            }
            grip = undefined;
        };
        group.addEventListener("pointerup", end);
        group.addEventListener("pointercancel", () => {
            grip = undefined;
            this.dragging = false;
        });
        group.addEventListener("dblclick", () => {
            const body = this.current(key);
            if (body) {
                this.events.release(body);
            }
        });
        group.addEventListener("keydown", (event) => {
            const body = this.current(key);
            const step = ARROW_KEYS[event.key];
            if (!body) {
                return;
            }
            if (event.key === "Enter" || event.key === " ") {
                this.events.select(body);
            } else if (event.key === "Escape") {
                this.events.select(undefined);
            } else if (step) {
                [body.fx, body.fy] = [(body.x ?? 0) + step[0], (body.y ?? 0) + step[1]];
                [body.x, body.y] = [body.fx, body.fy];
                this.events.move(body);
            } else {
                return;
            }
            event.preventDefault();
        });
    }

    /** Where a pointer is, in the coordinates of the bodies. */
    private pointOf({ clientX, clientY }: MouseEvent): DOMPoint {
        const matrix = this.element.getScreenCTM();
        return new DOMPoint(clientX, clientY).matrixTransform(matrix?.inverse());
    }

    /** A frame around the workloads of each namespace. */
    private drawFrames(): void {
        const groups = new Map<string, Body[]>();
        for (const body of this.content.bodies) {
            const { namespace } = body.node;
            groups.set(namespace, [...(groups.get(namespace) ?? []), body]);
        }
        groups.delete("");
        const frames = [...groups].map(([namespace, bodies]) => {
            const { left, right, top, bottom } = bounds(bodies);
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

    /** Shows all bodies, but never larger than they are, unless another view was chosen. */
    private fitView(): void {
        const { left, right, top, bottom } = bounds(this.content.bodies);
        const { width, height } = this.container.getBoundingClientRect();
        const boxWidth = Math.max(width, right - left + 2 * MARGIN) / this.view.zoom;
        const boxHeight = Math.max(height, bottom - top + 2 * MARGIN + 20) / this.view.zoom;
        const x = (left + right) / 2 + this.view.dx - boxWidth / 2;
        const y = (top + bottom) / 2 - 10 + this.view.dy - boxHeight / 2;
        this.element.setAttribute("viewBox", [x, y, boxWidth, boxHeight].map(px).join(" "));
    }

    /** Zooms, such that a point stays where it is. */
    private zoomAt(point: Point, factor: number): void {
        const zoom = Math.min(8, Math.max(1, this.view.zoom * factor));
        const { left, right, top, bottom } = bounds(this.content.bodies);
        const kept = 1 - this.view.zoom / zoom;
        this.view = {
            zoom,
            dx: zoom === 1 ? 0 : this.view.dx + (point.x - (left + right) / 2 - this.view.dx) * kept,
            dy: zoom === 1 ? 0 : this.view.dy + (point.y - (top + bottom) / 2 + 10 - this.view.dy) * kept,
        };
        this.fitView();
    }

    /** The wheel zooms while a key is held, as a pinch on a touchpad does for browsers; else it scrolls the page. Dragging the background moves the view, a double click or 0 shows everything again. */
    private listenForView(): void {
        const { element } = this;
        let grip: Point | undefined;
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
                [grip, hasMoved] = [this.pointOf(event), false];
            }
        });
        element.addEventListener("pointermove", (event) => {
            if (grip && this.view.zoom > 1) {
                const point = this.pointOf(event);
                hasMoved = true;
                this.view.dx += grip.x - point.x;
                this.view.dy += grip.y - point.y;
                this.fitView();
            }
        });
        element.addEventListener("pointerup", () => {
            if (grip && !hasMoved) {
                this.events.select(undefined);
            }
            grip = undefined;
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

/** Takes away what is not wanted any more. */
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

function bounds(bodies: readonly Body[]) {
    if (bodies.length === 0) {
        return { left: 0, right: 0, top: 0, bottom: 0 };
    }
    const edges = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity };
    for (const { x = 0, y = 0, width, above } of bodies) {
        edges.left = Math.min(edges.left, x - width / 2);
        edges.right = Math.max(edges.right, x + width / 2);
        edges.top = Math.min(edges.top, y - above);
        edges.bottom = Math.max(edges.bottom, y + NODE.height / 2);
    }
    return edges;
}

function newBond(): DrawnBond {
    const path = svg("path");
    return { path, facts: svg("g"), group: svg("g", { class: "edge" }, svg("title"), path) };
}

function fillBond({ group, path, facts }: DrawnBond, { source, target, edge }: Bond, labelled: boolean): void {
    const words = factsOf(edge);
    const figures = Object.values(words).filter(Boolean);
    group.firstChild?.replaceWith(
        svg("title", {}, `${source.node.name} → ${target.node.name}\n${figures.join(" · ")}`),
    );
    path.setAttribute("stroke-width", px(strokeWidth(edge.requestsPerSecond)));
    if (!labelled) {
        facts.replaceChildren();
        return;
    }
    const { width, height, lock, traffic, second } = labelOf(words);
    const kind = edge.mutualTls && `lock-${edge.mutualTls}`;
    facts.replaceChildren(
        svg("rect", { x: -width / 2, y: -height / 2, width, height, rx: 6 }),
        ...(kind
            ? [svg("use", { href: `#${kind}`, class: kind, x: lock.x, y: lock.y, width: lock.size, height: lock.size })]
            : []),
        svg("text", { class: "traffic", x: traffic.x, y: traffic.y }, traffic.text),
        svg("text", { y: second.y }, svg("tspan", { class: "errors" }, second.errors), second.rest),
    );
}

function placeBond({ path, facts }: DrawnBond, { source, target, mutual }: Bond): void {
    const [sx, sy, tx, ty] = [source.x ?? 0, source.y ?? 0, target.x ?? 0, target.y ?? 0];
    if (source === target) {
        const top = sy - NODE.height / 2;
        path.setAttribute("d", loop(sx, top, LOOP));
        facts.setAttribute("transform", `translate(${px(sx)} ${px(top - LOOP.height - 22)})`);
        return;
    }
    const length = Math.hypot(tx - sx, ty - sy) || 1;
    // Two that go both ways bend to their right-hand side, so far that their figures do not touch.
    const [nx, ny] = [-(ty - sy) / length, (tx - sx) / length];
    const bend = mutual ? Math.abs(nx) * 80 + Math.abs(ny) * 26 : 0;
    const [mx, my] = [(sx + tx) / 2 + nx * bend, (sy + ty) / 2 + ny * bend];
    // A quadratic curve passes halfway between its control point and the middle of its ends.
    const [cx, cy] = [mx + nx * bend, my + ny * bend];
    const start = borderPoint(source, cx - sx, cy - sy, 0);
    const end = borderPoint(target, cx - tx, cy - ty, ARROW);
    path.setAttribute("d", `M${px(start.x)} ${px(start.y)}Q${px(cx)} ${px(cy)} ${px(end.x)} ${px(end.y)}`);
    const [lx, ly] = mutual ? [mx, my] : [(start.x + end.x) / 2, (start.y + end.y) / 2];
    facts.setAttribute("transform", `translate(${px(lx)} ${px(ly)})`);
}

/** Where a line from the centre of a body in some direction leaves its box, and a little further. */
function borderPoint({ x = 0, y = 0, width }: Body, dx: number, dy: number, further: number) {
    const length = Math.hypot(dx, dy) || 1;
    const inside = Math.min(
        dx === 0 ? Infinity : (width / 2 / Math.abs(dx)) * length,
        dy === 0 ? Infinity : (NODE.height / 2 / Math.abs(dy)) * length,
    );
    const distance = Math.min(inside + further, length);
    return { x: x + (dx / length) * distance, y: y + (dy / length) * distance };
}
