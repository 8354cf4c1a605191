/**
 * The middle of the samples: as many are below as above. Of an even number, the mean of the middle two.
 * @throws RangeError where there is none
 */
export function median(samples: readonly number[]): number {
    const sorted = [...samples].sort((a, b) => a - b);
    const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
    if (low === undefined || high === undefined) {
        throw new RangeError("there is no median of nothing");
    }
    return (low + high) / 2;
}
