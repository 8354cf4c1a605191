import { InvalidArgumentError } from "commander";

/** Reads a whole number, for a commander option. The error says what is allowed; commander adds the option and the value. */
export function wholeNumber(least: number, most: number): (text: string) => number {
    return numberWithin(/^\d+$/, `a whole number from ${least} to ${most}`, least, most);
}

/** Reads a time in seconds, with or without a fraction. */
export function secondsWithin(least: number, most: number): (text: string) => number {
    return numberWithin(/^\d+(\.\d+)?$/, `a number of seconds from ${least} to ${most}`, least, most);
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
