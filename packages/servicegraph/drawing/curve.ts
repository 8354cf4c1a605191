import { at, type Point, type Size } from "../layout/geometry";

/** How long arrows are; lines end by that much before their node. */
export const ARROW = 8;

/** Numbers in SVG: with one decimal at most. */
export const px = (value: number) => String(Math.round(value * 10) / 10);

/** The data of an SVG path that goes through all points, each of them horizontally. */
export function curveThrough(points: readonly Point[]): string {
    const [first, ...rest] = points;
    if (!first) {
        return "";
    }
    const segments = rest.map(({ x, y }, index) => {
        const from = at(points, index);
        if (from.y === y) {
            return `H${px(x)}`;
        }
        const middle = px((from.x + x) / 2);
        return `C${middle} ${px(from.y)} ${middle} ${px(y)} ${px(x)} ${px(y)}`;
    });
    return `M${px(first.x)} ${px(first.y)}${segments.join("")}`;
}

/** How far a bow reaches at most. */
export const MOST_BOW = 48;

/** The data of a path between two points on the same side of a column, around what is in between. */
export function bow(from: Point, to: Point): string {
    // A curve reaches three quarters of the way to its control points.
    const x = px(Math.max(from.x, to.x) + Math.min(MOST_BOW, 16 + Math.abs(to.y - from.y) / 16) * (4 / 3));
    return `M${px(from.x)} ${px(from.y)}C${x} ${px(from.y)} ${x} ${px(to.y)} ${px(to.x)} ${px(to.y)}`;
}

/** The data of a path that leaves an edge at `top` upwards and comes back to it, with room for the arrow. */
export function loop(middle: number, top: number, { width, height }: Size): string {
    const [left, right] = [px(middle - width / 2), px(middle + width / 2)];
    // A curve reaches three quarters of the way to its control points.
    const y = px(top - (height * 4) / 3);
    return `M${right} ${px(top)}C${right} ${y} ${left} ${y} ${left} ${px(top - ARROW)}`;
}
