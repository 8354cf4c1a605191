import { at, type Point, type Size } from "../layout/geometry";

/** The length of arrows. Lines end at this distance from their node. */
export const ARROW = 8;

/** A number for SVG, with at most one decimal. */
export const px = (value: number) => String(Math.round(value * 10) / 10);

/** The data of an SVG path through all points, horizontal at each point. */
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

/** The largest distance between a bow and its ends. */
export const MOST_BOW = 48;

/** The data of a path between two points on the same side of a column, around the nodes between them. */
export function bow(from: Point, to: Point): string {
    // A cubic curve reaches three quarters of the distance to its control points.
    const x = px(Math.max(from.x, to.x) + Math.min(MOST_BOW, 16 + Math.abs(to.y - from.y) / 16) * (4 / 3));
    return `M${px(from.x)} ${px(from.y)}C${x} ${px(from.y)} ${x} ${px(to.y)} ${px(to.x)} ${px(to.y)}`;
}

/** The data of a path from a node's upper side at `top` and back, with space for the arrow. */
export function loop(middle: number, top: number, { width, height }: Size): string {
    const [left, right] = [px(middle - width / 2), px(middle + width / 2)];
    // A cubic curve reaches three quarters of the distance to its control points.
    const y = px(top - (height * 4) / 3);
    return `M${right} ${px(top)}C${right} ${y} ${left} ${y} ${left} ${px(top - ARROW)}`;
}
