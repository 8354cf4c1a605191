import type { Point, Size } from "./geometry";

/** The space between a frame and its content. The name is at the top. */
const FRAME = { top: 36, side: 18, bottom: 18 };

/** The size of a frame, and the position of its content. Without a name there is no frame. */
export function frameAround(name: string, { width, height }: Size): Size & { inset: Point } {
    const { top, side, bottom } = name === "" ? { top: 0, side: 0, bottom: 0 } : FRAME;
    return { width: width + 2 * side, height: height + top + bottom, inset: { x: side, y: top } };
}

export function plus(a: Point, b: Point): Point {
    return { x: a.x + b.x, y: a.y + b.y };
}
