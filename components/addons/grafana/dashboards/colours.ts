/** The colour of numbers below the first bound, then the colour from each bound on. */
export type Colours = readonly [string, ...(readonly [number, string])[]];

const DAY = 24 * 60 * 60;

/** For shares that should be 1. */
export const HIGH_IS_GOOD: Colours = ["red", [0.95, "orange"], [0.99, "green"]];

/** For counts that should be 0. The bound is not 1 because increases are extrapolated, and so not always whole numbers. */
export const NONE_IS_GOOD: Colours = ["green", [0.001, "red"]];

/** For shares that should be 0, unless somebody wants it: they say nothing of failures. */
export const NONE_IS_USUAL: Colours = ["text", [0.0001, "purple"]];

/** For counts that should be at least 1. */
export const SOME_IS_GOOD: Colours = ["red", [1, "green"]];

/** For the seconds until a root certificate expires. Somebody must renew it by hand. */
export const MONTHS_ARE_GOOD: Colours = ["red", [30 * DAY, "orange"], [90 * DAY, "green"]];
