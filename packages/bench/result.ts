import type { Engine } from "../cli/engine/discovery";

/** The arguments of a measurement. */
export interface Setting {
    engine: Engine;
    rounds: number;
    /** A folder for temporary files. */
    scratch: string;
    stop: AbortSignal;
}

/** "CPU s": seconds of CPU time, of the user and the system together. */
export type Unit = "s" | "CPU s" | "MB";

/** The samples of one quantity, one for each round. */
export interface Series {
    label: string;
    unit: Unit;
    samples: number[];
}

/** A figure and its limit. */
export interface Check {
    what: string;
    value: number;
    /** The largest allowed value. */
    limit: number;
    /** "times": a ratio of two medians. */
    unit: Unit | "times";
}

/** The result of one part of the benchmark. */
export interface PartResult {
    title: string;
    /** How it was measured, and what the figures mean: at least one sentence each. */
    notes: string[];
    series: Series[];
    checks: Check[];
}

/** Something that is measured once in each round. */
export interface Contender {
    /** In seconds. */
    series: Series;
    measure: (round: number) => Promise<number>;
}

/** @param measure performs a round and gives its seconds */
export function contender(label: string, measure: Contender["measure"], unit: "s" | "CPU s" = "s"): Contender {
    return { series: { label, unit, samples: [] }, measure };
}

/** Measures all contenders in each round, so that other load on the machine affects all of them. */
export async function inTurn(rounds: number, contenders: readonly Contender[]): Promise<void> {
    for (let round = 0; round < rounds; round += 1) {
        for (const { series, measure } of contenders) {
            series.samples.push(await measure(round));
        }
    }
}

/** The middle sample by size, or the mean of the middle two. @throws RangeError if there are no samples */
export function median(samples: readonly number[]): number {
    const sorted = [...samples].sort((a, b) => a - b);
    const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
    if (low === undefined || high === undefined) {
        throw new RangeError("a median needs at least one sample");
    }
    return (low + high) / 2;
}

/** The median of one series as a multiple of another's. Both must be measured in turn. */
export function ratio(what: string, ours: Series, theirs: Series, limit: number): Check {
    return { what, value: median(ours.samples) / median(theirs.samples), limit, unit: "times" };
}

/** The median of a series. */
export function usual(what: string, series: Series, limit: number): Check {
    return { what, value: median(series.samples), limit, unit: series.unit };
}

/** The largest sample of a series. */
export function most(what: string, series: Series, limit: number): Check {
    return { what, value: Math.max(...series.samples), limit, unit: series.unit };
}

/** Whether a figure is within its limit; false for NaN. */
export function passes({ value, limit }: Check): boolean {
    return value <= limit;
}
