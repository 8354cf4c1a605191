/** The window of each point in a graph: at least four scrapes, and more in a coarser graph. */
export const AT_EACH_POINT = "$__rate_interval";

/** The window of a figure or a table row: the dashboard's whole time range. */
export const WHOLE_RANGE = "$__range";

export type Window = typeof AT_EACH_POINT | typeof WHOLE_RANGE;

/** `metric{a="b", c="d"}`, or only `metric` without matchers. */
export function select(metric: string, matchers: readonly string[] = []): string {
    return matchers.length > 0 ? `${metric}{${matchers.join(", ")}}` : metric;
}

/** A sum for each combination of the labels; without labels, one sum. */
export function sum(by: readonly string[], expression: string): string {
    return by.length > 0 ? `sum by (${by.join(", ")}) (${expression})` : `sum(${expression})`;
}

/** Increase of counters per second. */
export function rate(by: readonly string[], selector: string, window: Window = AT_EACH_POINT): string {
    return sum(by, `rate(${selector}[${window}])`);
}

/**
 * A quantile, from 0 to 1, of the histogram whose buckets are selected. Without observations it has no result: the
 * comparison drops the NaN of `histogram_quantile`.
 */
export function quantile(q: number, by: readonly string[], buckets: string, window: Window = AT_EACH_POINT): string {
    return `histogram_quantile(${q}, ${rate(["le", ...by], buckets, window)}) >= 0`;
}

/** `part / whole`: 0 if the part has no series; no result if the whole is 0 or has no series. */
export function share(part: string, whole: string): string {
    return `(${part} or 0 * ${whole}) / (${whole} > 0)`;
}

/** A count of events. Before the first one there is no series: then it is 0. */
export function orZero(expression: string): string {
    return `${expression} or vector(0)`;
}
