/** How often what is seen may be outside of what chance allows, although everything is as asked. */
const RISK = 0.001;

/** Weights below this share of the greatest one change no digit of a sum. */
const NEGLIGIBLE = 1e-17;

/**
 * The least and the most of `count` independent tries that succeed, each with the probability `share`, in all but one of 1000
 * experiments.
 */
export function chanceInterval(count: number, share: number): { least: number; most: number } {
    if (share <= 0 || share >= 1) {
        const certain = share >= 1 ? count : 0;
        return { least: certain, most: certain };
    }
    // The binomial distribution, outwards from its greatest value: factorials would overflow.
    const mode = Math.min(count, Math.floor((count + 1) * share));
    const odds = share / (1 - share);
    const upwards = [1];
    for (let k = mode; k < count && (upwards.at(-1) ?? 0) > NEGLIGIBLE; k += 1) {
        upwards.push(((upwards.at(-1) ?? 0) * (count - k) * odds) / (k + 1));
    }
    const downwards: number[] = [];
    for (let k = mode, weight = 1; k > 0 && weight > NEGLIGIBLE; k -= 1) {
        weight = (weight * k) / ((count - k + 1) * odds);
        downwards.push(weight);
    }
    const weights = [...downwards.reverse(), ...upwards];
    const first = mode - downwards.length;
    const tail = (weights.reduce((sum, weight) => sum + weight, 0) * RISK) / 2;
    return { least: first + within(weights, tail), most: first + weights.length - 1 - within(weights.reverse(), tail) };
}

/** How many of the first weights are together not more than a tail. */
function within(weights: readonly number[], tail: number): number {
    let sum = 0;
    const index = weights.findIndex((weight) => (sum += weight) > tail);
    return Math.max(index, 0);
}
