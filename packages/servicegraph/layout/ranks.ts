import { at } from "./geometry";

/** A connection of two items; the numbers are their indexes. */
export interface Link {
    source: number;
    target: number;
}

/**
 * Puts items into columns so that calls go from left to right: each item is to the right of its callers. In a cycle, as few calls as
 * possible go back. Deterministic.
 * @returns the column of each item, from 0 without gaps
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
    // An item without callers is in the column before its first callee.
    for (const item of order) {
        if (at(predecessors, item).length === 0 && at(successors, item).length > 0) {
            ranks[item] = Math.min(...at(successors, item).map((one) => at(ranks, one))) - 1;
        }
    }
    return splitTallColumns(ranks);
}

/**
 * Orders all items so that few links go back: the heuristic of Eades, Lin and Smyth (1993). Items without callers come first, items
 * without callees last, and of the others the one with the largest surplus of callees over callers comes next.
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
    let next = 0;
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
        // Items that have lost all their callers or callees, in that order.
        for (; next < ready.length; next += 1) {
            const item = at(ready, next);
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

/** Splits columns that are much higher than the graph is wide. Items in the same column have no links to each other. */
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
