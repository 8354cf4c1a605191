/** What each point of a graph looks back over: four scrapes at least, and more where the graph is coarser. */
export const AT_EACH_POINT = "$__rate_interval";

/** What a figure or a table row looks back over: the time range that the dashboard shows. */
export const WHOLE_RANGE = "$__range";

export type Window = typeof AT_EACH_POINT | typeof WHOLE_RANGE;

/** `metric{a="b", c="d"}`; without matchers `metric`. */
export function select(metric: string, matchers: readonly string[] = []): string {
    return matchers.length > 0 ? `${metric}{${matchers.join(", ")}}` : metric;
}

/** The sum, one for each combination of the labels; without labels one sum of all. */
export function sum(by: readonly string[], expression: string): string {
    return by.length > 0 ? `sum by (${by.join(", ")}) (${expression})` : `sum(${expression})`;
}

/** Increase of counters per second. */
export function rate(by: readonly string[], selector: string, window: Window = AT_EACH_POINT): string {
    return sum(by, `rate(${selector}[${window}])`);
}

/**
 * A quantile, from 0 to 1, of the histogram whose buckets are selected. Nothing where nothing was observed: the
 * comparison drops the NaN that `histogram_quantile` has then.
 */
export function quantile(q: number, by: readonly string[], buckets: string, window: Window = AT_EACH_POINT): string {
    return `histogram_quantile(${q}, ${rate(["le", ...by], buckets, window)}) >= 0`;
}

/** `part / whole`: 0 where the part has no series, nothing where the whole is 0 or has none. */
export function share(part: string, whole: string): string {
    return `(${part} or 0 * ${whole}) / (${whole} > 0)`;
}

/** Counts what has no series before it first happens: 0 until then. */
export function orZero(expression: string): string {
    return `${expression} or vector(0)`;
}
