import { ARROW, bow, loop, MOST_BOW } from "../drawing/curve";
import { type EdgeLine, edgeLine } from "../drawing/edgeLine";
import { factsOf } from "../drawing/facts";
import { type Label, labelOf } from "../drawing/label";
import { LOOP, NODE, nodeWidth, shownApp } from "../drawing/sizes";
import type { MeshNode } from "../graph/mesh";
import { frameAround, plus } from "../layout/frame";
import { at, type Box, type Point, type Size } from "../layout/geometry";
import { placeGrid, placeShelves } from "../layout/grid";
import { layOut } from "../layout/layout";
import { fit, textWidth } from "../text/width";
import type { Item, Line, View } from "./view";

/** Pixels. */
const FOLDED = { width: 216, height: 68 };
const GAPS = { nodes: { width: 44, height: 22 }, frames: 56 };

/** Around everything: bows and loops are outside the boxes. */
const MARGIN = { routed: 16, compact: MOST_BOW + 8 };

/** The loop at a box without a label: lower than the gap to the box above it. */
const SMALL_LOOP = { width: 26, height: 14 };

/** At this scale, names can still be read. A routed drawing that needs a smaller one is replaced by a compact one. */
export const LEAST_SCALE = 0.55;

/** The least size of type, in pixels of the screen. */
export const LEAST_TYPE = 11;

/** The space beside a short name. */
export const SHORT_PADDING = 6;

/** A larger graph never fits into a window as a routed drawing, which would take long to find out. */
const MOST_ROUTED = { boxes: 24, lines: 30 };

/** Labels reserve a multiple of this width, so that new figures seldom need a new arrangement. */
const LABEL_STEP = 20;

/** The positions of everything. It stays valid if items or lines disappear. */
export interface Arrangement extends Size {
    /** Pixels around everything. */
    margin: number;
    boxes: ReadonlyMap<string, Box>;
    frames: readonly (Box & { name: string })[];
    /** The lines that were routed, with the size of their labels; undefined if any line between the boxes can be drawn. */
    routed?: ReadonlyMap<string, Label | undefined>;
    lineOf: (line: Line) => EdgeLine;
}

/**
 * Places boxes and the frames of namespaces. None overlap. The same view always has the same arrangement.
 * @param window decides between the two kinds, and the proportions
 */
export function arrange(view: View, window: Size): Arrangement {
    const small =
        view.items.length <= MOST_ROUTED.boxes && view.lines.length <= MOST_ROUTED.lines ? routed(view) : undefined;
    return small && Math.min(window.width / small.width, window.height / small.height) >= LEAST_SCALE
        ? small
        : compact(view, Math.max(0.6, window.width / Math.max(1, window.height)));
}

/** Whether all of a view has its place in an arrangement, so that nothing has to move. */
export function holds({ boxes, routed }: Arrangement, { items, lines }: View): boolean {
    const fits = (line: Line) => {
        const label = reserved(line);
        const room = routed?.get(line.key);
        return !routed || (room !== undefined && label.width <= room.width && label.height <= room.height);
    };
    return items.every(({ key }) => boxes.has(key)) && lines.every(fits);
}

/** A label with room for longer figures. */
function reserved({ edge }: Line): Label {
    const label = labelOf(factsOf(edge));
    return { ...label, width: Math.ceil(label.width / LABEL_STEP) * LABEL_STEP };
}

/** All workloads of a namespace have the same width. */
function sizesOf(items: readonly Item[], widthOf: (workload: MeshNode) => number): Size[] {
    const widths = new Map<string, number>();
    for (const { workload, namespace } of items) {
        widths.set(namespace, Math.max(widths.get(namespace) ?? 0, workload ? widthOf(workload) : 0));
    }
    return items.map(({ workload, namespace }) =>
        workload ? { width: widths.get(namespace) ?? NODE.leastWidth, height: NODE.height } : FOLDED,
    );
}

/** Wide enough for the short name at the least scale. */
function compactWidth(workload: MeshNode): number {
    const short = fit(shortName(workload), LEAST_TYPE / LEAST_SCALE, NODE.mostWidth - 2 * SHORT_PADDING);
    const width = textWidth(short, LEAST_TYPE / LEAST_SCALE) + 2 * SHORT_PADDING;
    return Math.max(nodeWidth(workload), Math.ceil(width));
}

/** The name of a workload if there is room for one line only. */
export const shortName = ({ app, workload }: MeshNode) => workload || shownApp(app);

/** A folded namespace has no frame. */
const frameOf = ({ workload, namespace }: Item) => (workload ? namespace : "");

/** With curves that pass under no box, and a label on each. */
function routed({ items, lines }: View): Arrangement {
    const indexes = new Map(items.map(({ key }, index) => [key, index]));
    const index = ({ key }: Item) => indexes.get(key) ?? 0;
    const sizes = sizesOf(items, nodeWidth);
    const labels = lines.map(reserved);
    const loops = new Map(lines.flatMap(({ source, target }, one) => (source === target ? [[source, one]] : [])));
    const layout = layOut(
        items.map((item, one) => {
            const label = labels[loops.get(item) ?? -1];
            const above = label && { width: label.width, height: LOOP.height + label.height + 4 };
            return { ...at(sizes, one), cluster: frameOf(item), above };
        }),
        lines.map(({ source, target }, one) => ({ source: index(source), target: index(target), label: labels[one] })),
    );
    const places = new Map(lines.map(({ key }, one) => [key, one]));
    const widths = sizes.map(({ width }) => width);
    return {
        width: layout.width,
        height: layout.height,
        margin: MARGIN.routed,
        boxes: new Map(items.map(({ key }, one) => [key, { ...at(sizes, one), ...at(layout.nodes, one) }])),
        frames: layout.clusters,
        routed: new Map(lines.map(({ key }, one) => [key, labels[one]])),
        lineOf: ({ key, source, target }) => {
            const one = places.get(key) ?? 0;
            return edgeLine({ source: index(source), target: index(target) }, layout, one, widths, labels[one]);
        },
    };
}

/** Each namespace is a grid, callers first. The frames are in rows: open namespaces first, then folded ones. */
function compact({ items, lines }: View, aspect: number): Arrangement {
    const sizes = new Map(sizesOf(items, compactWidth).map((size, index) => [at(items, index).key, size]));
    const sizeOf = ({ key }: Item) => sizes.get(key) ?? FOLDED;
    const groups = new Map<string, Item[]>();
    for (const item of items) {
        const frame = frameOf(item);
        // A box without a frame is a group of its own. The keys of items are no names of namespaces.
        const key = frame ? `frame ${frame}` : item.key;
        groups.set(key, [...(groups.get(key) ?? []), item]);
    }
    const rank = ([first]: Item[]) => (first && frameOf(first) ? 0 : first?.workload ? 2 : 1);
    const sorted = [...groups.values()].sort((a, b) => rank(a) - rank(b));
    const placed = sorted.map((members) => {
        const first = at(members, 0);
        const indexes = new Map(members.map(({ key }, index) => [key, index]));
        const inner = lines.flatMap((line) => {
            const [source, target] = [indexes.get(line.source.key), indexes.get(line.target.key)];
            return source === undefined || target === undefined ? [] : [{ source, target }];
        });
        const grid = placeGrid(members.length, inner, sizeOf(first), GAPS.nodes);
        return { members, name: frameOf(first), grid, frame: frameAround(frameOf(first), grid) };
    });
    const { corners, ...size } = placeShelves(
        placed.map(({ frame }) => frame),
        GAPS.frames,
        aspect,
    );
    const boxes = new Map<string, Box>();
    placed.forEach(({ members, grid, frame }, group) => {
        members.forEach((item, index) => {
            const place = plus(plus(at(corners, group), frame.inset), at(grid.items, index));
            boxes.set(item.key, { ...sizeOf(item), ...place });
        });
    });
    const frames = placed.flatMap(({ name, frame: { width, height } }, group) => {
        const centre = plus(at(corners, group), { x: width / 2, y: height / 2 });
        return name === "" ? [] : [{ name, width, height, ...centre }];
    });
    return { ...size, margin: MARGIN.compact, boxes, frames, lineOf: (line) => straightLine(line, boxes) };
}

function straightLine({ source, target }: Line, boxes: ReadonlyMap<string, Box>): EdgeLine {
    const [from, to] = [boxes.get(source.key), boxes.get(target.key)];
    if (!from || !to) {
        return { path: "" };
    }
    if (from === to) {
        return { path: loop(from.x + from.width / 4, from.y - from.height / 2, SMALL_LOOP) };
    }
    if (Math.abs(from.x - to.x) < (from.width + to.width) / 2 + ARROW) {
        const start = { x: from.x + from.width / 2, y: from.y };
        return { path: bow(start, { x: to.x + to.width / 2 + ARROW, y: to.y }) };
    }
    // Lines to the right are a little higher than lines to the left, so that the two directions can be told apart.
    const shift = from.x < to.x ? -6 : 6;
    const nodes = [from, to].map(({ x, y }): Point => ({ x, y: y + shift }));
    return edgeLine({ source: 0, target: 1 }, { nodes, routes: [] }, 0, [from.width, to.width]);
}
