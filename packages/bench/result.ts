import { median } from "./statistics";

export type Unit = "s" | "ms" | "MB" | "kB";

/** What was measured of one thing, in each round. */
export interface Series {
    label: string;
    unit: Unit;
    /** In the order of the rounds. */
    samples: number[];
}

/** A figure, and the most that it may be. */
export interface Check {
    what: string;
    value: number;
    /** Most that is allowed, the limit included. */
    limit: number;
    /** "times": a ratio of two medians. */
    unit: Unit | "times";
}

/** What came of one part of the benchmark. */
export interface PartResult {
    title: string;
    /** How it was measured, and what the figures mean: a sentence or more each. */
    notes: string[];
    series: Series[];
    checks: Check[];
}

/** The median of one series as a multiple of another's, both of which were measured in turn. */
export function ratio(what: string, ours: Series, theirs: Series, limit: number): Check {
    return { what, value: median(ours.samples) / median(theirs.samples), limit, unit: "times" };
}

/** The largest sample of a series. */
export function most(what: string, series: Series, limit: number): Check {
    return { what, value: Math.max(...series.samples), limit, unit: series.unit };
}

export function passes({ value, limit }: Check): boolean {
    // What is no number is not within any limit.
    return value <= limit;
}

/** Runs a number of rounds, in each of which every contender has its turn: what burdens the machine burdens all of them. */
export async function inTurn(rounds: number, contenders: readonly ((round: number) => Promise<void>)[]): Promise<void> {
    for (let round = 0; round < rounds; round += 1) {
        for (const contender of contenders) {
            await contender(round);
        }
    }
}
