/** The colour of numbers below the first bound, and of those from each bound on. */
export type Colours = readonly [string, ...(readonly [number, string])[]];

const DAY = 24 * 60 * 60;

/** For shares of what should be everything. */
export const HIGH_IS_GOOD: Colours = ["red", [0.95, "orange"], [0.99, "green"]];

/** For counts of what should not happen. Increases are extrapolated, and need not be whole numbers. */
export const NONE_IS_GOOD: Colours = ["green", [0.001, "red"]];

/** For counts of what there must be one of, at least. */
export const SOME_IS_GOOD: Colours = ["red", [1, "green"]];

/** Seconds until a root certificate expires, which somebody has to renew. */
export const MONTHS_ARE_GOOD: Colours = ["red", [30 * DAY, "orange"], [90 * DAY, "green"]];
