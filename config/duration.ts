/** Durations as the config has them, such as `1m30s`. */
import * as z from "zod";

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** Istio accepts longer ones too, but nobody waits an hour for a page. */
const LONGEST = UNITS.h;

/** Milliseconds of a duration; undefined if the text is none. */
export function milliseconds(text: string): number | undefined {
    const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
    return parts.length > 0 && parts.map(([part]) => part).join("") === text
        ? parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * UNITS[unit as keyof typeof UNITS], 0)
        : undefined;
}

/**
 * A duration as Istio takes it, without a fraction of a millisecond, and at most an hour.
 * @param least the shortest one, in milliseconds
 */
export function durationFrom(least: number) {
    return z.preprocess(
        (value) => (typeof value === "number" ? String(value) : value),
        z.string().check((context) => {
            const problem = problemOf(context.value, least);
            if (problem !== undefined) {
                context.issues.push({ code: "custom", input: context.value, message: problem });
            }
        }),
    );
}

function problemOf(text: string, least: number): string | undefined {
    const length = milliseconds(text);
    if (length === undefined) {
        return /^[\d.]+$/.test(text) ? "it has no unit" : "it is not a duration";
    }
    if (length < least) {
        return `must be at least ${String(least)}ms`;
    }
    if (length > LONGEST) {
        return "must be at most 1h";
    }
    return Number.isInteger(length) ? undefined : "it has a fraction of a millisecond";
}
