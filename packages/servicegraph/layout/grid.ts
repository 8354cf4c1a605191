import { at, type Point, type Size } from "./geometry";
import type { Link } from "./ranks";

/** The preferred ratio of width to height. */
const ASPECT = 1.5;

/**
 * Places items of the same size in a grid, column by column, callers before callees if possible. For graphs too dense for layers.
 * @param gap between the items
 * @returns the centres of the items
 */
export function placeGrid(count: number, links: readonly Link[], item: Size, gap: Size): Size & { items: Point[] } {
    const [across, down] = [item.width + gap.width, item.height + gap.height];
    const rows = Math.max(1, Math.ceil(Math.sqrt((count * across) / down / ASPECT)));
    const items: Point[] = [];
    breadthFirst(count, links).forEach((one, index) => {
        items[one] = {
            x: Math.floor(index / rows) * across + item.width / 2,
            y: (index % rows) * down + item.height / 2,
        };
    });
    return {
        width: Math.ceil(count / rows) * across - gap.width,
        height: Math.min(count, rows) * down - gap.height,
        items,
    };
}

/** Places boxes in rows, in their order, with about this ratio of width to height. */
export function placeShelves(boxes: readonly Size[], gap: number, aspect = ASPECT): Size & { corners: Point[] } {
    const area = boxes.reduce((sum, { width, height }) => sum + (width + gap) * (height + gap), 0);
    const limit = Math.max(Math.sqrt(area * aspect), ...boxes.map(({ width }) => width));
    let [x, y, rowHeight, width] = [0, 0, 0, 0];
    const corners = boxes.map((box) => {
        if (x > 0 && x + box.width > limit) {
            [x, y, rowHeight] = [0, y + rowHeight + gap, 0];
        }
        const corner = { x, y };
        x += box.width + gap;
        rowHeight = Math.max(rowHeight, box.height);
        width = Math.max(width, x - gap);
        return corner;
    });
    return { width, height: y + rowHeight, corners };
}

/** All items: first those without callers, then their callees, and so on. */
function breadthFirst(count: number, links: readonly Link[]): number[] {
    const called: number[][] = Array.from({ length: count }, () => []);
    const isCalled = new Array<boolean>(count).fill(false);
    for (const { source, target } of links) {
        at(called, source).push(target);
        isCalled[target] ||= source !== target;
    }
    const items = Array.from({ length: count }, (_, item) => item);
    const order: number[] = [];
    const seen = new Set<number>();
    const visit = (item: number) => {
        if (!seen.has(item)) {
            seen.add(item);
            order.push(item);
        }
    };
    items.filter((item) => !isCalled[item]).forEach(visit);
    let next = 0;
    // The start items after the first one are in cycles without other callers.
    for (const start of [undefined, ...items]) {
        if (start !== undefined) {
            visit(start);
        }
        for (; next < order.length; next += 1) {
            at(called, at(order, next)).forEach(visit);
        }
    }
    return order;
}
