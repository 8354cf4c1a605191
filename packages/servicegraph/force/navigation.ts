import type { Box } from "../layout/geometry";

/** What the arrow keys move between: boxes, and the names of frames. */
export interface Stop extends Box {
    key: string;
    /** The index of its frame. Boxes without a frame have higher ones. */
    frame: number;
}

/** The order in which Up and Down reach every stop: frame by frame, and inside it column by column. */
export function inOrder(stops: readonly Stop[]): Stop[] {
    return [...stops].sort((a, b) => a.frame - b.frame || a.x - b.x || a.y - b.y);
}

/**
 * The stop that a key leads to, or undefined for another key.
 * @param stops in order
 */
export function nextStop(stops: readonly Stop[], from: Stop, key: string): Stop | undefined {
    const index = stops.findIndex((stop) => stop.key === from.key);
    switch (key) {
        case "ArrowDown":
            return stops[(index + 1) % stops.length];
        case "ArrowUp":
            return stops.at(index - 1);
        case "Home":
            return stops[0];
        case "End":
            return stops.at(-1);
        case "ArrowRight":
            return nearest(stops, from, 1);
        case "ArrowLeft":
            return nearest(stops, from, -1);
        default:
            return undefined;
    }
}

/** The nearest stop on one side. Stops at the same height are nearer. */
function nearest(stops: readonly Stop[], from: Stop, side: 1 | -1): Stop {
    const distance = ({ x, y }: Stop) => {
        const ahead = (x - from.x) * side;
        return ahead <= 1 ? Infinity : ahead + 3 * Math.abs(y - from.y);
    };
    const best = stops.reduce((best, stop) => (distance(stop) < distance(best) ? stop : best), from);
    return distance(best) < Infinity ? best : from;
}
