import { at } from "./geometry";

/** A connection of two items, by their indexes. */
export interface Link {
    source: number;
    target: number;
}

/**
 * Puts items into columns, so that calls go from left to right: each item stands to the right of all that call it. Where calls
 * form a cycle, as few of them as possible go back. Deterministic.
 * @returns the column of each item, from 0 on without gaps
 */
export function layeredRanks(count: number, links: readonly Link[]): number[] {
    const order = sequence(count, links);
    const place = new Array<number>(count);
    order.forEach((item, index) => (place[item] = index));
    const forward = links
        .filter(({ source, target }) => source !== target)
        .map(({ source, target }) => (at(place, source) < at(place, target) ? [source, target] : [target, source]));

    const [successors, predecessors] = [lists(count), lists(count)];
    for (const [from, to] of forward as [number, number][]) {
        at(successors, from).push(to);
        at(predecessors, to).push(from);
    }
    const ranks = new Array<number>(count).fill(0);
    for (const item of order) {
        ranks[item] = Math.max(0, ...at(predecessors, item).map((one) => at(ranks, one) + 1));
    }
    // Whoever is called by nobody stands right before the first one that it calls.
    for (const item of order) {
        if (at(predecessors, item).length === 0 && at(successors, item).length > 0) {
            ranks[item] = Math.min(...at(successors, item).map((one) => at(ranks, one))) - 1;
        }
    }
    return splitTallColumns(ranks);
}

/**
 * All items in a row, such that few links go back: the heuristic of Eades, Lin and Smyth (1993). Items that call nobody come last,
 * those that nobody calls come first, and of the rest the ones that call more than they are called.
 */
function sequence(count: number, links: readonly Link[]): number[] {
    const [successors, predecessors] = [lists(count), lists(count)];
    const [outgoing, incoming] = [new Array<number>(count).fill(0), new Array<number>(count).fill(0)];
    for (const { source, target } of links) {
        if (source !== target) {
            at(successors, source).push(target);
            at(predecessors, target).push(source);
            outgoing[source] = at(outgoing, source) + 1;
            incoming[target] = at(incoming, target) + 1;
        }
    }
    const left: number[] = [];
    const right: number[] = [];
    const remaining = new Set(Array.from({ length: count }, (_, item) => item));
    const ready = [...remaining];
    let looked = 0;
    const take = (item: number, side: number[]) => {
        side.push(item);
        remaining.delete(item);
        for (const other of at(successors, item)) {
            incoming[other] = at(incoming, other) - 1;
            ready.push(other);
        }
        for (const other of at(predecessors, item)) {
            outgoing[other] = at(outgoing, other) - 1;
            ready.push(other);
        }
    };
    while (remaining.size > 0) {
        // What has become free by what was taken, in the order in which it did.
        for (; looked < ready.length; looked += 1) {
            const item = at(ready, looked);
            if (remaining.has(item) && (at(outgoing, item) === 0 || at(incoming, item) === 0)) {
                take(item, at(incoming, item) === 0 ? left : right);
            }
        }
        let best: number | undefined;
        for (const item of remaining) {
            if (best === undefined || surplus(item) > surplus(best)) {
                best = item;
            }
        }
        if (best !== undefined) {
            take(best, left);
        }
    }
    return [...left, ...right.reverse()];

    function surplus(item: number): number {
        return at(outgoing, item) - at(incoming, item);
    }
}

/** Columns that are much taller than the graph is wide are split into several; items of one column have no links. */
function splitTallColumns(ranks: number[]): number[] {
    const limit = Math.max(16, Math.ceil(2 * Math.sqrt(ranks.length)));
    const columns: number[][] = [];
    const lowest = Math.min(...ranks);
    ranks.forEach((rank, item) => (columns[rank - lowest] ??= []).push(item));
    const split: number[] = [];
    let next = 0;
    for (const column of columns.filter(Boolean)) {
        column.forEach((item, index) => (split[item] = next + Math.floor(index / limit)));
        next += Math.ceil(column.length / limit);
    }
    return split;
}

function lists(count: number): number[][] {
    return Array.from({ length: count }, () => []);
}
