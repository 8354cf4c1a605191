import type { Point, Size } from "./geometry";

/** What a frame keeps free around its content; at the top is its name. */
const FRAME = { top: 36, side: 18, bottom: 18 };

/** The size of the frame around a content, and where in it the content begins. Without a name there is no frame. */
export function frameAround(name: string, { width, height }: Size): Size & { inset: Point } {
    const { top, side, bottom } = name === "" ? { top: 0, side: 0, bottom: 0 } : FRAME;
    return { width: width + 2 * side, height: height + top + bottom, inset: { x: side, y: top } };
}

export function plus(a: Point, b: Point): Point {
    return { x: a.x + b.x, y: a.y + b.y };
}
