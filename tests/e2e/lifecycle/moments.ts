/**
 * Moments at which to interrupt a run: one in each of as many equal parts of it, where in the part by chance.
 * @param seed the same seed gives the same moments
 * @returns fractions of the run, rising
 */
export function momentsOver(count: number, seed: number): number[] {
    let state = seed;
    // A linear congruential generator is chance enough, and needs no package.
    const random = () => {
        state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
        return state / 2 ** 32;
    };
    return Array.from({ length: count }, (_, index) => Math.round(((index + random()) / count) * 1000) / 1000);
}
