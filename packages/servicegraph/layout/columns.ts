import { at, type Point, type Size } from "./geometry";
import { arrange, type Slot, straighten } from "./order";
import type { Link } from "./ranks";

/** A box to place. */
export interface Item extends Size {
    /** Free space above the box; it may be wider. */
    above?: Size;
}

export interface Connection extends Link {
    /** The distance of its ends below the centres of their items. By default the ends are spread over the sides of the items. */
    sourceOffset?: number;
    targetOffset?: number;
    /** Space for a label on its line. */
    label?: Size;
}

/** The line of a connection from its source to its target. It is horizontal at each point. */
export interface Route {
    points: Point[];
    /** The centre of the label. */
    label?: Point;
}

export interface Placement extends Size {
    /** The centres of the items. */
    items: Point[];
    /** In the order of the connections. */
    routes: Route[];
}

/** The distance between two slots in a column is the sum of their gaps. */
const GAPS = { item: 10, label: 5, pass: 4 };

/** The distance of a column with items or labels from each neighbour, and the largest distance of two columns. */
const COLUMN_GAPS = { least: 15, most: 150 };

/** The distance between the ends of connections on the side of an item, and between ends and corners. */
const ENDS = { apart: 9, corner: 10 };

/**
 * Places items in the columns given by `ranks`, with few crossings and bends. No connection passes under an item: a connection over
 * several columns has a slot in each of them (Sugiyama's method). Deterministic.
 * @param connections between items of different ranks
 */
export function placeColumns(
    items: readonly Item[],
    connections: readonly Connection[],
    ranks: readonly number[],
): Placement {
    // If there are labels, every second column is for them.
    const step = connections.some(({ label }) => label) ? 2 : 1;
    const columns: Slot[][] = Array.from({ length: Math.max(0, ...ranks) * step + 1 }, () => []);
    const addSlot = (column: number, { width, height, above }: Item, gap: number): Slot => {
        const room = { width: Math.max(width, above?.width ?? 0), above: above?.height ?? 0 };
        const slot: Slot = { column, width, height, room, gap, y: 0, before: [], after: [] };
        at(columns, column).push(slot);
        return slot;
    };
    const slots = items.map((item, index) =>
        addSlot(at(ranks, index) * step, item, item.width > 0 ? GAPS.item : GAPS.pass),
    );
    const paths = connections.map((connection) => addPath(connection, slots, addSlot));

    arrange(columns);
    straighten(columns);
    spreadEnds(slots, paths);
    return measure(columns, slots, paths);
}

/** The slots of a connection, from left to right. */
interface Path {
    slots: Slot[];
    /** Whether its target is on the left. */
    back: boolean;
    label?: Slot;
    /** The distance of its ends below the centres of its first and last slot; undefined until `spreadEnds`. */
    offsets: [number | undefined, number | undefined];
}

/** Gives a connection a slot in each column between its ends, and ties neighbouring slots. */
function addPath(
    { source, target, sourceOffset, targetOffset, label }: Connection,
    slots: readonly Slot[],
    addSlot: (column: number, size: Size, gap: number) => Slot,
): Path {
    const back = at(slots, source).column > at(slots, target).column;
    const first = at(slots, back ? target : source);
    const last = at(slots, back ? source : target);
    const offsets: Path["offsets"] = back ? [targetOffset, sourceOffset] : [sourceOffset, targetOffset];
    const middle = (first.column + last.column) / 2;
    const labelColumn = middle % 2 === 0 ? middle - 1 : middle;
    const path: Path = { slots: [first], back, offsets };
    for (let column = first.column + 1; column < last.column; column += 1) {
        if (label && column === labelColumn) {
            path.label = addSlot(column, label, GAPS.label);
            path.slots.push(path.label);
        } else {
            path.slots.push(addSlot(column, { width: 0, height: 1 }, GAPS.pass));
        }
    }
    path.slots.push(last);
    for (let index = 1; index < path.slots.length; index += 1) {
        const [before, after] = [at(path.slots, index - 1), at(path.slots, index)];
        const beforeOffset = before === first ? (offsets[0] ?? 0) : 0;
        const afterOffset = after === last ? (offsets[1] ?? 0) : 0;
        // Long connections are kept straight at the cost of short ones.
        const weight = (before === first ? 1 : 3) * (after === last ? 1 : 3);
        before.after.push({ other: after, ownOffset: beforeOffset, otherOffset: afterOffset, weight });
        after.before.push({ other: before, ownOffset: afterOffset, otherOffset: beforeOffset, weight });
    }
    return path;
}

/** Spreads the ends without an offset over the sides of their items, in the order of the neighbouring slots. */
function spreadEnds(slots: readonly Slot[], paths: readonly Path[]): void {
    const sides = new Map(slots.map((slot) => [slot, [[], []] as [Path[], Path[]]]));
    for (const path of paths) {
        path.offsets.forEach((offset, end) => {
            if (offset === undefined) {
                sides.get(at(path.slots, end === 0 ? 0 : path.slots.length - 1))?.[end as 0 | 1].push(path);
            }
        });
    }
    for (const [slot, ends] of sides) {
        ends.forEach((side, end) => {
            const next = ({ slots }: Path) => at(slots, end === 0 ? 1 : slots.length - 2).y;
            const room = Math.max(0, slot.height - 2 * ENDS.corner);
            const apart = Math.min(ENDS.apart, room / Math.max(1, side.length - 1));
            side.sort((a, b) => next(a) - next(b)).forEach((path, index) => {
                path.offsets[end as 0 | 1] = (index - (side.length - 1) / 2) * apart;
            });
        });
    }
}

/** The horizontal position of a column. */
interface Column {
    centre: number;
    width: number;
}

function measure(columns: readonly Slot[][], slots: readonly Slot[], paths: readonly Path[]): Placement {
    const all = columns.flat();
    const top = all.reduce((least, { y, height, room }) => Math.min(least, y - height / 2 - room.above), Infinity);
    for (const slot of all) {
        slot.y -= top;
    }
    const places = columnPlaces(columns);
    const last = places.at(-1);
    return {
        width: last ? last.centre + last.width / 2 : 0,
        height: all.reduce((most, { y, height }) => Math.max(most, y + height / 2), 0),
        items: slots.map(({ column, y }) => ({ x: at(places, column).centre, y })),
        routes: paths.map((path) => route(path, places)),
    };
}

/** The distance between columns is larger if connections between them are steep. */
function columnPlaces(columns: readonly Slot[][]): Column[] {
    let [right, previous] = [0, 0];
    return columns.map((column, index) => {
        const width = column.reduce((most, { room }) => Math.max(most, room.width), 0);
        const steepest = column
            .flatMap(({ y, before }) => before.map(({ other }) => Math.abs(other.y - y)))
            .reduce((most, height) => Math.max(most, height), 0);
        const least = [previous, width].filter((one) => one > 0).length * COLUMN_GAPS.least;
        const gap = index === 0 ? 0 : Math.min(COLUMN_GAPS.most, least + steepest / 8);
        const place = { centre: right + gap + width / 2, width };
        right += gap + width;
        previous = width;
        return place;
    });
}

function route({ slots, back, label, offsets }: Path, places: readonly Column[]): Route {
    const points = slots.flatMap((slot, index): Point[] => {
        const { centre, width } = at(places, slot.column);
        const [isFirst, isLast] = [index === 0, index === slots.length - 1];
        const y = slot.y + ((isFirst ? offsets[0] : isLast ? offsets[1] : 0) ?? 0);
        const left = [{ x: centre - width / 2, y }];
        const right = [{ x: centre + width / 2, y }];
        // If an item is narrower than its column, the line is straight up to the column's border.
        if (isFirst) {
            return slot.width < width ? [{ x: centre + slot.width / 2, y }, ...right] : right;
        }
        if (isLast) {
            return slot.width < width ? [...left, { x: centre - slot.width / 2, y }] : left;
        }
        return width > 0 ? [...left, ...right] : left;
    });
    return {
        points: back ? points.reverse() : points,
        label: label && { x: at(places, label.column).centre, y: label.y },
    };
}
