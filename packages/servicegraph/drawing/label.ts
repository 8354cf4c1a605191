import type { Size } from "../layout/geometry";
import { textWidth } from "../text/width";
import type { Facts } from "./facts";

const FONT = 12;
/** How much wider bold text is: the first line is bold. */
const BOLD = 1.1;
const LINE = 15;
const PADDING = 6;
const LOCK = { size: 12, room: 16 };

/** The figures of an edge in a small box. All positions are relative to its centre. */
export interface Label extends Size {
    /** The upper left corner of the padlock. */
    lock: { x: number; y: number; size: number };
    /** The first line, beside the padlock. */
    traffic: { text: string; x: number; y: number };
    /** The second line; it may be empty. */
    second: { errors: string; rest: string; y: number };
    /** The third line; it may be empty. */
    last: { stopped: string; y: number };
    /** The last line; it may be empty. */
    change: { text: string; y: number };
}

export function labelOf({ traffic, errors, stopped, latency, mutualTls, change }: Facts): Label {
    const room = mutualTls ? LOCK.room : 0;
    const firstWidth = textWidth(traffic, FONT) * BOLD;
    const rest = errors && latency ? ` · ${latency}` : latency;
    const secondWidth = textWidth(errors + rest, FONT);
    const lastWidth = textWidth(stopped, FONT);
    const changeWidth = textWidth(change, FONT) * BOLD;
    const upToLast = [firstWidth, secondWidth, lastWidth].filter((width) => width > 0).length;
    const lines = upToLast + (change ? 1 : 0);
    const height = LINE * lines + PADDING;
    const baseline = -height / 2 + LINE - 0.5;
    return {
        width: Math.round(Math.max(firstWidth + room, secondWidth, lastWidth, changeWidth) + 2 * PADDING),
        height,
        lock: { x: (room - firstWidth) / 2 - LOCK.room, y: baseline - 10.5, size: LOCK.size },
        traffic: { text: traffic, x: room / 2, y: baseline },
        second: { errors, rest, y: baseline + LINE },
        last: { stopped, y: baseline + LINE * (upToLast - 1) },
        change: { text: change, y: baseline + LINE * (lines - 1) },
    };
}
