import type { MeshEdge } from "../graph/mesh";
import { at, type Point, type Size } from "../layout/geometry";
import type { Layout } from "../layout/types";
import { ARROW, bow, curveThrough, loop } from "./curve";
import { LOOP, NODE } from "./sizes";

export interface EdgeLine {
    /** The data of an SVG path. */
    path: string;
    /** The centre of the label. */
    label?: Point;
}

/** The line of an edge without its arrow, along its route in the layout. */
export function edgeLine(
    { source, target }: Pick<MeshEdge, "source" | "target">,
    { nodes, routes }: Pick<Layout, "nodes" | "routes">,
    index: number,
    widths: readonly number[],
    label?: Size,
): EdgeLine {
    const route = routes[index];
    if (route) {
        const points = [...route.points];
        const last = points.pop() ?? { x: 0, y: 0 };
        const direction = Math.sign(last.x - (points.at(-1)?.x ?? 0));
        return {
            path: curveThrough([...points, { x: last.x - direction * ARROW, y: last.y }]),
            label: route.label,
        };
    }
    const [from, to] = [at(nodes, source), at(nodes, target)];
    if (source === target) {
        const top = from.y - NODE.height / 2;
        return {
            path: loop(from.x, top, LOOP),
            label: { x: from.x, y: top - LOOP.height - (label?.height ?? 0) / 2 - 2 },
        };
    }
    if (Math.abs(from.x - to.x) < 1) {
        const start = { x: from.x + at(widths, source) / 2, y: from.y };
        return { path: bow(start, { x: to.x + at(widths, target) / 2 + ARROW, y: to.y }) };
    }
    const direction = Math.sign(to.x - from.x);
    const start = { x: from.x + (direction * at(widths, source)) / 2, y: from.y };
    const end = { x: to.x - direction * (at(widths, target) / 2 + ARROW), y: to.y };
    return { path: curveThrough([start, end]) };
}
