import { stripVTControlCharacters } from "node:util";
import { parseJson } from "./json";

/** All control characters except tabs and ends of lines: a terminal obeys them. */
const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g;

/** Such a character as JSON writes it. */
const ESCAPED = /\\u00(?:[01][\da-f]|7f|[89][\da-f])/i;

/** A text from elsewhere, without escape sequences and other control characters. */
export function withoutControls(text: string): string {
    return stripVTControlCharacters(text).replace(CONTROL, "");
}

/** The value of a JSON text from elsewhere, with all its texts as `withoutControls` gives them; undefined if it is not JSON. */
export function parseUntrusted(text: string): unknown {
    const clean = (_: string, value: unknown) => (typeof value === "string" ? withoutControls(value) : value);
    return parseJson(text, ESCAPED.test(text) ? clean : undefined);
}
