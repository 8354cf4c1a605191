export interface Stacked {
    /** The preferred position of its reference point. */
    target: number;
    /** The importance of the preferred position. */
    weight: number;
    /** Its extent above and below the reference point, gaps included. */
    above: number;
    below: number;
}

/**
 * Places boxes in a fixed order without overlaps, with the least squared distance from their preferred positions. (Isotonic regression
 * by pooling adjacent violators: boxes that overlap become a block at the mean of their preferred positions.)
 * @returns the positions of the reference points
 */
export function stack(column: readonly Stacked[]): number[] {
    const blocks: { first: number; weight: number; place: number }[] = [];
    const offsets: number[] = [];
    let offset = 0;
    column.forEach(({ target, weight, above, below }, index) => {
        offset += index === 0 ? 0 : above;
        offsets.push(offset);
        let block = { first: index, weight, place: target - offset };
        for (let last = blocks.at(-1); last && last.place > block.place; last = blocks.at(-1)) {
            blocks.pop();
            const sum = last.weight + block.weight;
            block = {
                first: last.first,
                weight: sum,
                place: (last.place * last.weight + block.place * block.weight) / sum,
            };
        }
        blocks.push(block);
        offset += below;
    });
    return blocks.flatMap(({ first, place }, index) =>
        offsets.slice(first, blocks[index + 1]?.first).map((offset) => place + offset),
    );
}
