/** Something in a column. */
export interface Stacked {
    /** Where its reference point would like to be. */
    wish: number;
    /** How strongly, in comparison with the others. */
    weight: number;
    /** How far it reaches above and below its reference point, with the distance that it keeps. */
    above: number;
    below: number;
}

/**
 * Where things that keep their order and do not overlap come closest to where they would like to be, in the sense of least squares.
 * (Isotonic regression by pooling adjacent violators: what overlaps becomes a block, which stands where its members wish on average.)
 * @returns the places of the reference points
 */
export function stack(column: readonly Stacked[]): number[] {
    const blocks: { first: number; weight: number; place: number }[] = [];
    const offsets: number[] = [];
    let offset = 0;
    column.forEach(({ wish, weight, above, below }, index) => {
        offset += index === 0 ? 0 : above;
        offsets.push(offset);
        let block = { first: index, weight, place: wish - offset };
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
