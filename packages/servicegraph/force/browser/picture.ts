import { px } from "../../drawing/curve";
import { countOf, factsOf, type Health, HEALTH_ORDER } from "../../drawing/facts";
import { labelOf } from "../../drawing/label";
import { SYMBOLS } from "../../drawing/symbols";
import { FRAME_FONT, MANY_EDGES, NODE, shownApp, strokeWidth } from "../../drawing/sizes";
import type { Box } from "../../layout/geometry";
import { fit } from "../../text/width";
import { type Arrangement, LEAST_TYPE, SHORT_PADDING, shortName } from "../arrangement";
import type { Stop } from "../navigation";
import { type Item, type Line, nameOf, partsOf, sumOf, type View } from "../view";
import { svg } from "./element";
import { MIDDLE, NEAR } from "./viewport";

interface Drawn {
    group: SVGGElement;
    box: Box;
    /** Writes its text again. */
    write: (scale: number) => void;
}

interface DrawnLabel {
    line: Line;
    facts: SVGGElement;
}

/** A layer for each health, the most important one on top. */
class Lines {
    readonly element: SVGGElement;
    private readonly layers = HEALTH_ORDER.map((health) => {
        const layer = svg("g", { class: `edges ${health}`, "marker-end": `url(#arrow-${health})` });
        return { health, layer };
    });

    constructor(kind: string) {
        this.element = svg("g", { class: kind }, ...this.layers.map(({ layer }) => layer));
    }

    show(lines: readonly Line[], { lineOf, routed }: Arrangement): void {
        // Thinner in a compact drawing, where lines are close to each other.
        const factor = routed ? 1 : 0.6;
        const drawn = new Map<Health, SVGGElement[]>();
        for (const line of lines) {
            const stroke = px(strokeWidth(line.edge.requestsPerSecond) * factor);
            const path = svg("path", { d: lineOf(line).path, "stroke-width": stroke });
            const group = svg("g", { class: "edge" }, svg("title", {}, titleOf(line)), path);
            drawn.set(line.health, [...(drawn.get(line.health) ?? []), group]);
        }
        for (const { health, layer } of this.layers) {
            layer.replaceChildren(...(drawn.get(health) ?? []));
        }
    }
}

/** The SVG element of the graph. Its boxes keep their elements, and so the focus, from one answer to the next. */
export class Picture {
    readonly element = svg("svg", {
        class: "mesh",
        role: "application",
        "aria-label": "Service graph",
        "aria-describedby": "keys",
    });
    private readonly frames = svg("g");
    private readonly all = new Lines("all");
    /** Those of the highlighted box. */
    private readonly near = new Lines("near");
    private readonly labels = svg("g");
    private readonly boxes = svg("g");
    private readonly headers = svg("g");
    private drawn = new Map<string, Drawn>();
    private drawnLabels: DrawnLabel[] = [];
    private view: View = { items: [], lines: [] };
    private arrangement?: Arrangement;
    private scale = 1;
    private current = "";

    constructor() {
        const defs = svg("defs");
        // Constants without names.
        defs.innerHTML = SYMBOLS;
        const { all, near } = this;
        this.element.append(defs, this.frames, all.element, near.element, this.labels, this.boxes, this.headers);
    }

    /** @param lines those to draw: at most all lines of the view */
    show(view: View, lines: readonly Line[], arrangement: Arrangement): void {
        const { items } = view;
        [this.view, this.arrangement] = [view, arrangement];
        this.all.element.classList.toggle("many", lines.length > MANY_EDGES);
        const before = this.drawn;
        this.drawn = new Map();
        for (const item of items) {
            const box = arrangement.boxes.get(item.key);
            if (box) {
                this.keep(item.key, drawItem(item, box, before.get(item.key)?.group), this.boxes);
            }
        }
        const open = new Set(items.filter(({ workload }) => workload).map(({ namespace }) => namespace));
        const frames = arrangement.frames.filter(({ name }) => open.has(name));
        this.frames.replaceChildren(...frames.map(drawFrame));
        for (const frame of frames) {
            const count = items.filter(({ workload, namespace }) => workload && namespace === frame.name).length;
            const key = JSON.stringify([frame.name]);
            this.keep(key, drawHeader(frame, count, before.get(key)?.group), this.headers);
        }
        for (const [key, { group }] of before) {
            if (!this.drawn.has(key)) {
                group.remove();
            }
        }
        this.all.show(lines, arrangement);
        this.drawLabels(lines, arrangement);
        this.rescale(this.scale, true);
        this.setCurrent(this.drawn.has(this.current) ? this.current : (this.stops()[0]?.key ?? ""));
    }

    /** What the arrow keys move between. */
    stops(): Stop[] {
        const frames = new Map<string, number>();
        return [...this.drawn].map(([key, { box }]) => {
            const [namespace = ""] = JSON.parse(key) as string[];
            const frame = namespace === "" ? key : namespace;
            frames.set(frame, frames.get(frame) ?? frames.size);
            return { ...box, key, frame: frames.get(frame) ?? 0 };
        });
    }

    keyAt(target: EventTarget | null): string | undefined {
        return target instanceof Element
            ? (target.closest("[data-key]")?.getAttribute("data-key") ?? undefined)
            : undefined;
    }

    boxOf(key: string): Box | undefined {
        return this.drawn.get(key)?.box;
    }

    focus(key: string): void {
        this.setCurrent(key);
        this.drawn.get(key)?.group.focus({ preventScroll: true });
    }

    /** Makes one box the only one that Tab reaches. */
    setCurrent(key: string): void {
        this.drawn.get(this.current)?.group.setAttribute("tabindex", "-1");
        this.drawn.get(key)?.group.setAttribute("tabindex", "0");
        this.current = key;
    }

    /** Writes names in a size that can be read at this scale, or hides them if there is no room. */
    rescale(scale: number, always = false): void {
        if (!always && Math.abs(Math.log(scale / this.scale)) < 0.02) {
            return;
        }
        this.scale = scale;
        const { classList, style } = this.element;
        classList.toggle("far", scale < MIDDLE);
        classList.toggle("middle", scale >= MIDDLE && scale < NEAR);
        style.setProperty("--least", `${(LEAST_TYPE / scale).toFixed(1)}px`);
        style.setProperty("--grow", Math.max(1, LEAST_TYPE / scale / LABEL_FONT).toFixed(2));
        for (const { write } of this.drawn.values()) {
            write(scale);
        }
    }

    /** After boxes have moved: their lines appear when they have arrived. */
    move(atOnce: boolean): void {
        if (!atOnce) {
            for (const layer of [this.all.element, this.near.element, this.labels, this.frames]) {
                layer.animate({ opacity: [0, 0, 1] }, 500);
            }
        }
    }

    /** Emphasizes a box, all lines at it, and the boxes at their other ends. */
    highlight(key: string | undefined): void {
        const lines = this.view.lines.filter(({ source, target }) => source.key === key || target.key === key);
        const ends = new Set(lines.flatMap(({ source, target }) => [source.key, target.key]));
        this.element.classList.toggle("selecting", lines.length > 0);
        if (this.arrangement) {
            this.near.show(lines, this.arrangement);
        }
        for (const { line, facts } of this.drawnLabels) {
            facts.classList.toggle("near", line.source.key === key || line.target.key === key);
        }
        for (const [own, { group }] of this.drawn) {
            group.classList.toggle("near", ends.has(own));
        }
    }

    /** @param key of the workload whose panel is open */
    select(key: string | undefined): void {
        for (const [own, { group }] of this.drawn) {
            if (group.hasAttribute("aria-pressed")) {
                group.setAttribute("aria-pressed", String(own === key));
            }
        }
    }

    private keep(key: string, drawn: Drawn, layer: Element): void {
        drawn.group.setAttribute("data-key", key);
        this.drawn.set(key, drawn);
        if (drawn.group.parentNode !== layer) {
            layer.append(drawn.group);
        }
    }

    private drawLabels(lines: readonly Line[], { routed, lineOf }: Arrangement): void {
        this.drawnLabels = lines.flatMap((line) => {
            const { label } = lineOf(line);
            if (!routed || !label) {
                return [];
            }
            const facts = drawFacts(line);
            facts.style.setProperty("--x", `${px(label.x)}px`);
            facts.style.setProperty("--y", `${px(label.y)}px`);
            return [{ line, facts }];
        });
        this.labels.replaceChildren(...this.drawnLabels.map(({ facts }) => facts));
    }
}

/** The font size of labels. */
const LABEL_FONT = 12;

function titleOf(line: Line): string {
    const figures = [...Object.values<string>({ ...factsOf(line.edge) }), partsOf(line)].filter(Boolean).join(" · ");
    return `${nameOf(line.source)} → ${nameOf(line.target)}\n${figures}`;
}

/** What a folded namespace receives: a sum. */
function receivedBy({ received }: Item): string {
    if (received.length === 0) {
        return "receives nothing";
    }
    const { traffic, errors } = factsOf(sumOf(received));
    return [traffic, errors].filter(Boolean).join(" · ");
}

function drawItem(item: Item, box: Box, known = svg("g")): Drawn {
    const { workload, namespace, workloads, received } = item;
    const { width, height } = box;
    const failing = received.filter(({ errorRatio = 0 }) => errorRatio >= 0.05).length;
    const title = workload
        ? [workload.name, namespace && `namespace ${namespace}`].filter(Boolean).join("\n")
        : `namespace ${namespace}, folded\n${countOf(workloads, "workload")} · ${receivedBy(item)}`;
    const style = workload
        ? workload.app === "unknown"
            ? "node unknown"
            : "node"
        : failing > 0
          ? "node folded bad"
          : "node folded";
    known.setAttribute("class", `${style}${known.classList.contains("near") ? " near" : ""}`);
    known.setAttribute("role", "button");
    known.setAttribute(workload ? "aria-pressed" : "aria-expanded", "false");
    known.setAttribute("tabindex", known.getAttribute("tabindex") ?? "-1");
    known.style.transform = `translate(${px(box.x)}px, ${px(box.y)}px)`;
    const texts = svg("g");
    known.replaceChildren(
        svg("title", {}, title),
        svg("rect", { x: -width / 2, y: -height / 2, width, height, rx: NODE.corner }),
        texts,
    );
    const all = workload
        ? [shownApp(workload.app), workload.workload]
        : [namespace, countOf(workloads, "workload"), receivedBy(item)];
    const short = workload ? [shortName(workload)] : [namespace, countOf(workloads, "workload")];
    return {
        group: known,
        box,
        write: (scale) => {
            const lines = (scale >= NEAR ? all : scale >= MIDDLE ? short : []).filter(Boolean);
            const padding = scale >= NEAR ? NODE.padding : SHORT_PADDING;
            texts.replaceChildren(...textLines(lines, width - 2 * padding, LEAST_TYPE / scale));
        },
    };
}

/** Lines of text in the middle of a box; the first one is bold. */
function textLines(lines: readonly string[], room: number, least: number): SVGTextElement[] {
    const sizes = lines.map((_, index) => Math.max(least, index === 0 ? NODE.app : NODE.workload));
    const height = sizes.reduce((sum, size) => sum + size * 1.25, 0);
    let y = -height / 2;
    return lines.map((line, index) => {
        const size = sizes[index] ?? 0;
        y += size * 1.25;
        return svg("text", { class: index === 0 ? "app" : "workload", y: px(y - size * 0.32) }, fit(line, size, room));
    });
}

function drawFrame({ x, y, width, height }: Box): SVGGElement {
    const [left, top] = [px(x - width / 2), px(y - height / 2)];
    return svg(
        "g",
        { class: "cluster" },
        svg("rect", { x: left, y: top, width: px(width), height: px(height), rx: 12 }),
    );
}

const HEADER = { inset: 16, height: 30 };

/** The name of a frame, which folds it. */
function drawHeader(frame: Box & { name: string }, workloads: number, known = svg("g")): Drawn {
    const width = frame.width - HEADER.inset;
    const box = { x: frame.x, y: frame.y - frame.height / 2 + HEADER.height / 2 + 3, width, height: HEADER.height };
    known.setAttribute("class", "cluster header");
    known.setAttribute("role", "button");
    known.setAttribute("aria-expanded", "true");
    known.setAttribute("tabindex", known.getAttribute("tabindex") ?? "-1");
    known.style.transform = `translate(${px(box.x)}px, ${px(box.y)}px)`;
    const text = svg("text", { x: px(-width / 2 + HEADER.inset / 2), y: 6 });
    known.replaceChildren(
        svg("title", {}, `namespace ${frame.name}, open\n${countOf(workloads, "workload")}`),
        svg("rect", { x: px(-width / 2), y: -HEADER.height / 2, width: px(width), height: HEADER.height, rx: 6 }),
        text,
    );
    return {
        group: known,
        box,
        write: (scale) => {
            const size = Math.max(FRAME_FONT, LEAST_TYPE / scale);
            text.replaceChildren(`▾ ${fit(frame.name, size, width - HEADER.inset - 1.2 * size)}`);
        },
    };
}

function drawFacts(line: Line): SVGGElement {
    const { width, height, lock, traffic, second, last } = labelOf(factsOf(line.edge));
    const kind = line.edge.mutualTls && `lock-${line.edge.mutualTls}`;
    return svg(
        "g",
        { class: `facts ${line.health}` },
        svg("rect", { x: -width / 2, y: -height / 2, width, height, rx: 6 }),
        ...(kind
            ? [svg("use", { href: `#${kind}`, class: kind, x: lock.x, y: lock.y, width: lock.size, height: lock.size })]
            : []),
        svg("text", { class: "traffic", x: traffic.x, y: traffic.y }, traffic.text),
        svg("text", { y: second.y }, svg("tspan", { class: "errors" }, second.errors), second.rest),
        svg("text", { class: "stopped", y: last.y }, last.stopped),
    );
}
