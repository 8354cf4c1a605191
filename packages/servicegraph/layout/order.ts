import { at } from "./geometry";
import { stack } from "./stack";

/** A place in a column for an item, a label, or a passing connection. */
export interface Slot {
    column: number;
    width: number;
    height: number;
    /** The width that it needs, and the free height above it. */
    room: { width: number; above: number };
    /** Its part of the distance to its neighbours in the column. */
    gap: number;
    /** Its centre. */
    y: number;
    /** Its connections to the column before, and to the column after. */
    before: Tie[];
    after: Tie[];
}

/** The part of a connection between two columns. */
interface Tie {
    other: Slot;
    /** The distances of its ends below the centres of this slot and of the other one. */
    ownOffset: number;
    otherOffset: number;
    /** How important it is that it is straight. */
    weight: number;
}

/** The most sweeps over all columns; in very large graphs, `slots` limits their number. */
const SWEEPS = { arrange: 16, straighten: 120, slots: 60_000 };

/** Sorts each column for few crossings: alternately, each slot moves to the mean position of its ties on one side. */
export function arrange(columns: Slot[][]): void {
    columns.forEach(pile);
    let best = columns.map((column) => [...column]);
    let fewest = crossings(columns);
    for (let sweep = 0; sweep < sweeps(columns, SWEEPS.arrange) && fewest > 0; sweep += 1) {
        const side = sweep % 2 === 0 ? "before" : "after";
        for (const column of side === "before" ? columns : columns.toReversed()) {
            const targets = new Map(column.map((slot) => [slot, middle(slot[side]) ?? slot.y]));
            column.sort((a, b) => (targets.get(a) ?? 0) - (targets.get(b) ?? 0));
            pile(column);
        }
        const now = crossings(columns);
        if (now < fewest) {
            [fewest, best] = [now, columns.map((column) => [...column])];
        }
    }
    best.forEach((column, index) => {
        columns[index] = column;
        pile(column);
    });
}

/** Moves the slots of each column, in their order, so that connections become as straight as possible. */
export function straighten(columns: Slot[][]): void {
    // Everything except the targets stays the same in all sweeps.
    const forward = columns.map((column) =>
        column.map((slot) => {
            const ties = [...slot.before, ...slot.after];
            return {
                slot,
                ties,
                target: slot.y,
                weight: ties.reduce((sum, { weight }) => sum + weight, 0) || 0.1,
                above: slot.height / 2 + slot.room.above + slot.gap,
                below: slot.height / 2 + slot.gap,
            };
        }),
    );
    const backward = forward.toReversed();
    const count = sweeps(columns, SWEEPS.straighten);
    // After two sweeps without a movement, one in each direction, no other sweep moves anything.
    for (let [sweep, still] = [0, 0]; sweep < count && still < 2; sweep += 1) {
        still += 1;
        for (const column of sweep % 2 === 0 ? forward : backward) {
            for (const box of column) {
                box.target = middle(box.ties) ?? box.slot.y;
            }
            stack(column).forEach((y, index) => {
                const { slot } = at(column, index);
                if (slot.y !== y) {
                    slot.y = y;
                    still = 0;
                }
            });
        }
    }
}

function sweeps(columns: Slot[][], most: number): number {
    const slots = columns.reduce((sum, column) => sum + column.length, 0);
    return Math.max(2, Math.min(most, Math.floor(SWEEPS.slots / Math.max(slots, 1))));
}

/** Stacks the slots of a column without more space than their gaps, with the middle at 0. */
function pile(column: Slot[]): void {
    const extent = ({ height, room, gap }: Slot) => height + room.above + 2 * gap;
    let y = -column.reduce((sum, slot) => sum + extent(slot), 0) / 2;
    for (const slot of column) {
        slot.y = y + slot.gap + slot.room.above + slot.height / 2;
        y += extent(slot);
    }
}

/** The position of a slot for which its ties are straight on average. */
function middle(ties: Tie[]): number | undefined {
    let [sum, weights] = [0, 0];
    for (const { other, ownOffset, otherOffset, weight } of ties) {
        sum += weight * (other.y + otherOffset - ownOffset);
        weights += weight;
    }
    return weights > 0 ? sum / weights : undefined;
}

/** The number of crossings between neighbouring columns. */
function crossings(columns: Slot[][]): number {
    return columns.reduce((sum, column) => {
        const ends = column
            .flatMap(({ y, after }) =>
                after.map(({ other, ownOffset, otherOffset }) => ({ from: y + ownOffset, to: other.y + otherOffset })),
            )
            .sort((a, b) => a.from - b.from || a.to - b.to);
        return sum + inversions(ends.map(({ to }) => to));
    }, 0);
}

/** Sorts the values by merging, and counts the pairs in the wrong order. */
function inversions(values: number[]): number {
    if (values.length < 2) {
        return 0;
    }
    const half = values.length >> 1;
    const [left, right] = [values.slice(0, half), values.slice(half)];
    let count = inversions(left) + inversions(right);
    let [l, r] = [0, 0];
    for (let index = 0; index < values.length; index += 1) {
        if (r >= right.length || (l < left.length && at(left, l) <= at(right, r))) {
            values[index] = at(left, l);
            l += 1;
        } else {
            values[index] = at(right, r);
            r += 1;
            count += left.length - l;
        }
    }
    return count;
}
