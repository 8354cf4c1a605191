import { parseDuration } from "./duration";

/** What a moment looks like, for messages. */
export const MOMENTS =
    "RFC 3339 such as 2026-11-30T17:00:00Z, seconds since 1970 such as 1796058000, or a time ago such as -10m";

/** RFC 3339, as Prometheus reads it. */
const RFC_3339 = /^(\d{4}-\d\d-(\d\d))T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** Seconds since 1970, until the year 33658: what JavaScript's dates can hold is longer. */
const UNIX_SECONDS = /^\d{1,12}(?:\.\d+)?$/;

/**
 * Reads a moment: RFC 3339, seconds since 1970, or a Prometheus duration with a minus, which counts from `now`.
 * @returns undefined if it is none of them
 */
export function parseMoment(text: string, now: Date): Date | undefined {
    if (UNIX_SECONDS.test(text)) {
        return new Date(Number(text) * 1000);
    }
    if (text.startsWith("-")) {
        const ago = parseDuration(text.slice(1));
        return ago !== undefined && ago <= now.getTime() ? new Date(now.getTime() - ago) : undefined;
    }
    // In a query that is not escaped, the plus before the time zone is a space.
    const written = text.replace(/ (?=\d\d:\d\d$)/, "+");
    const [, date = "", day] = RFC_3339.exec(written) ?? [];
    // JavaScript reads the 30th of February as the 2nd of March.
    const isDay = new Date(date).getUTCDate() === Number(day);
    const moment = new Date(written);
    return isDay && moment.getTime() >= 0 ? moment : undefined;
}
