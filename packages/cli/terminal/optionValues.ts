import { InvalidArgumentError } from "commander";
import { milliseconds } from "../../../config/duration";

/** Reads a whole number, for a commander option. The error says what is allowed; commander adds the option and the value. */
export function wholeNumber(least: number, most: number): (text: string) => number {
    return numberWithin(/^\d+$/, `a whole number from ${least} to ${most}`, least, most);
}

/** Reads a time in seconds, with or without a fraction. */
export function secondsWithin(least: number, most: number): (text: string) => number {
    return numberWithin(/^\d+(\.\d+)?$/, `a number of seconds from ${least} to ${most}`, least, most);
}

/** Units of a time, in seconds. */
const UNITS: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** Reads a time such as `90s`, `5m` or `1h30m`, in seconds. */
export function durationWithin(least: number, most: number): (text: string) => number {
    return (text) => {
        const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
        const seconds = parts.reduce((sum, [, amount, unit = ""]) => sum + Number(amount) * (UNITS[unit] ?? 0), 0);
        const isWhole = parts.map(([part]) => part).join("") === text;
        if (!isWhole || seconds < least || seconds > most) {
            throw new InvalidArgumentError(`Allowed: a time such as 30s, 5m or 1h, of ${least} to ${most} seconds.`);
        }
        return seconds;
    };
}

/** Reads a text that is not empty, and that a header of HTTP can have. */
export function headerText(text: string): string {
    if (!/^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/.test(text)) {
        throw new InvalidArgumentError("Allowed: printable ASCII characters, with single spaces between them.");
    }
    return text;
}

/** Reads a number, with or without a fraction. */
export function numberFrom(least: number, most: number): (text: string) => number {
    return numberWithin(/^\d+(\.\d+)?$/, `a number from ${least} to ${most}`, least, most);
}

function numberWithin(form: RegExp, allowed: string, least: number, most: number): (text: string) => number {
    return (text) => {
        const number = Number(text);
        if (!form.test(text) || number < least || number > most) {
            throw new InvalidArgumentError(`Allowed: ${allowed}.`);
        }
        return number;
    };
}

export function webAddress(text: string): string {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url?.protocol !== "http:" && url?.protocol !== "https:") {
        throw new InvalidArgumentError("Allowed: a URL that begins with http:// or https://.");
    }
    return url.href;
}

/** Reads a duration with a unit, in milliseconds. With a minus it is in the past. */
export function signedDuration(text: string): number {
    const length = milliseconds(text.replace(/^-/, ""));
    if (length === undefined || length < 1000) {
        throw new InvalidArgumentError("Allowed: at least a second with a unit, such as 90s, 30m or 1h, or -5m.");
    }
    return text.startsWith("-") ? -length : length;
}
