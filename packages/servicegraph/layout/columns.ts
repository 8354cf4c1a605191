import { at, type Point, type Size } from "./geometry";
import { arrange, type Slot, straighten } from "./order";
import type { Link } from "./ranks";

/** Something that gets a place. */
export interface Item extends Size {
    /** Room that is kept free above it, which may be wider than itself. */
    above?: Size;
}

/** A connection to draw. */
export interface Connection extends Link {
    /** How far below the centre of its items it ends; by default the ends are spread over the items' sides. */
    sourceOffset?: number;
    targetOffset?: number;
    /** Room for a label on its way. */
    label?: Size;
}

/** The way of a connection, from its source to its target: it passes each of these points horizontally. */
export interface Route {
    points: Point[];
    /** The centre of the room for the label. */
    label?: Point;
}

export interface Placement extends Size {
    /** The centres of the items. */
    items: Point[];
    /** In the order of the connections. */
    routes: Route[];
}

/** What things in a column keep from each other: each its share. */
const GAPS = { item: 10, label: 5, pass: 4 };

/** What a column with more than passing connections keeps from its neighbours, and the most that two columns are apart. */
const COLUMN_GAPS = { least: 15, most: 150 };

/** How far apart the ends of connections are on the side of an item, and how far they stay from its corners. */
const ENDS = { apart: 9, corner: 10 };

/**
 * Places items in the columns that `ranks` gives, such that connections cross and bend little and none passes under an item:
 * one that spans several columns has a place of its own in each of them (the method of Sugiyama). Deterministic.
 * @param connections between items of different ranks
 */
export function placeColumns(
    items: readonly Item[],
    connections: readonly Connection[],
    ranks: readonly number[],
): Placement {
    // Every other column is for labels, where there are any.
    const step = connections.some(({ label }) => label) ? 2 : 1;
    const columns: Slot[][] = Array.from({ length: Math.max(0, ...ranks) * step + 1 }, () => []);
    const enter = (column: number, { width, height, above }: Item, gap: number): Slot => {
        const room = { width: Math.max(width, above?.width ?? 0), above: above?.height ?? 0 };
        const slot: Slot = { column, width, height, room, gap, y: 0, before: [], after: [] };
        at(columns, column).push(slot);
        return slot;
    };
    const slots = items.map((item, index) =>
        enter(at(ranks, index) * step, item, item.width > 0 ? GAPS.item : GAPS.pass),
    );
    const ways = connections.map((connection) => layWay(connection, slots, enter));

    arrange(columns);
    straighten(columns);
    spreadEnds(slots, ways);
    return measure(columns, slots, ways);
}

/** A connection on its way from left to right. */
interface Way {
    slots: Slot[];
    /** Whether its target is on the left. */
    back: boolean;
    label?: Slot;
    /** How far below the centre of its first and its last slot it ends; undefined where that is still open. */
    offsets: [number | undefined, number | undefined];
}

/** Gives a connection a slot in each column between its ends, and ties them. */
function layWay(
    { source, target, sourceOffset, targetOffset, label }: Connection,
    slots: readonly Slot[],
    enter: (column: number, size: Size, gap: number) => Slot,
): Way {
    const back = at(slots, source).column > at(slots, target).column;
    const first = at(slots, back ? target : source);
    const last = at(slots, back ? source : target);
    const offsets: Way["offsets"] = back ? [targetOffset, sourceOffset] : [sourceOffset, targetOffset];
    const middle = (first.column + last.column) / 2;
    const labelColumn = middle % 2 === 0 ? middle - 1 : middle;
    const way: Way = { slots: [first], back, offsets };
    for (let column = first.column + 1; column < last.column; column += 1) {
        if (label && column === labelColumn) {
            way.label = enter(column, label, GAPS.label);
            way.slots.push(way.label);
        } else {
            way.slots.push(enter(column, { width: 0, height: 1 }, GAPS.pass));
        }
    }
    way.slots.push(last);
    for (let index = 1; index < way.slots.length; index += 1) {
        const [before, after] = [at(way.slots, index - 1), at(way.slots, index)];
        const beforeOffset = before === first ? (offsets[0] ?? 0) : 0;
        const afterOffset = after === last ? (offsets[1] ?? 0) : 0;
        // What is long is kept straight, at the cost of what is short.
        const weight = (before === first ? 1 : 3) * (after === last ? 1 : 3);
        before.after.push({ other: after, ownOffset: beforeOffset, otherOffset: afterOffset, weight });
        after.before.push({ other: before, ownOffset: afterOffset, otherOffset: beforeOffset, weight });
    }
    return way;
}

/** Spreads the ends that are still open over the sides of their items, in the order in which they come. */
function spreadEnds(slots: readonly Slot[], ways: readonly Way[]): void {
    const sides = new Map(slots.map((slot) => [slot, [[], []] as [Way[], Way[]]]));
    for (const way of ways) {
        way.offsets.forEach((offset, end) => {
            if (offset === undefined) {
                sides.get(at(way.slots, end === 0 ? 0 : way.slots.length - 1))?.[end as 0 | 1].push(way);
            }
        });
    }
    for (const [slot, ends] of sides) {
        ends.forEach((side, end) => {
            const next = ({ slots }: Way) => at(slots, end === 0 ? 1 : slots.length - 2).y;
            const room = Math.max(0, slot.height - 2 * ENDS.corner);
            const apart = Math.min(ENDS.apart, room / Math.max(1, side.length - 1));
            side.sort((a, b) => next(a) - next(b)).forEach((way, index) => {
                way.offsets[end as 0 | 1] = (index - (side.length - 1) / 2) * apart;
            });
        });
    }
}

/** A column's place from left to right. */
interface Column {
    centre: number;
    width: number;
}

function measure(columns: readonly Slot[][], slots: readonly Slot[], ways: readonly Way[]): Placement {
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
        routes: ways.map((way) => route(way, places)),
    };
}

/** Columns between which connections go far up or down stand further apart. */
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

function route({ slots, back, label, offsets }: Way, places: readonly Column[]): Route {
    const points = slots.flatMap((slot, index): Point[] => {
        const { centre, width } = at(places, slot.column);
        const [isFirst, isLast] = [index === 0, index === slots.length - 1];
        const y = slot.y + ((isFirst ? offsets[0] : isLast ? offsets[1] : 0) ?? 0);
        const left = [{ x: centre - width / 2, y }];
        const right = [{ x: centre + width / 2, y }];
        // An item may be narrower than its column, which it leaves and enters straight.
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
