import { at } from "./geometry";

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
    column.forEach((box, index) => {
        offset += index === 0 ? 0 : box.above;
        offsets.push(offset);
        let [first, weight, place] = [index, box.weight, box.target - offset];
        for (let last = blocks.at(-1); last && last.place > place; last = blocks.at(-1)) {
            blocks.pop();
            const sum = last.weight + weight;
            place = (last.place * last.weight + place * weight) / sum;
            [first, weight] = [last.first, sum];
        }
        blocks.push({ first, weight, place });
        offset += box.below;
    });
    const places: number[] = [];
    blocks.forEach(({ place }, index) => {
        const next = blocks[index + 1]?.first ?? offsets.length;
        while (places.length < next) {
            places.push(place + at(offsets, places.length));
        }
    });
    return places;
}
