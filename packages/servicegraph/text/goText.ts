/*
 * How Go, in which 1.0 was written, prints strings and numbers. 1.0 was built with Go 1.10; later versions write U+007F (1.19),
 * U+0008 and U+000C (1.22) in another way.
 */
import { wellFormed } from "./wellFormed";

/** What `%q` prints as it is (unicode.IsPrint): everything visible, and of all spaces the ASCII one. */
const PRINTABLE = /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;

const SHORT_ESCAPES: Partial<Record<string, string>> = {
    '"': '\\"',
    "\\": "\\\\",
    "\x07": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
};

const hex = (point: number, digits: number) => point.toString(16).padStart(digits, "0");

/** A string as Go's `%q`: in double quotes, with Go's escapes. */
export function goQuote(text: string): string {
    const quoted = wellFormed(text).replace(/[^ !#-[\]-~]/gu, (character) => {
        const point = character.codePointAt(0) ?? 0;
        return (
            SHORT_ESCAPES[character] ??
            (PRINTABLE.test(character)
                ? character
                : point < 0x20
                  ? `\\x${hex(point, 2)}`
                  : point <= 0xffff
                    ? `\\u${hex(point, 4)}`
                    : `\\U${hex(point, 8)}`)
        );
    });
    return `"${quoted}"`;
}

/** A string as Go's encoding/json: safe within HTML and JavaScript as well. */
export function goJsonString(text: string): string {
    return JSON.stringify(wellFormed(text)).replace(/\\\\|\\[bf]|[<>&\u2028\u2029]/g, (found) => {
        if (found === "\\\\") {
            return found;
        }
        const point = found === "\\b" ? 8 : found === "\\f" ? 12 : found.charCodeAt(0);
        return `\\u${hex(point, 4)}`;
    });
}

/** A number as Go's `%f` with six decimals, the way 1.0 printed rates. */
export function goFixed6(value: number): string {
    if (Number.isNaN(value)) {
        return "NaN";
    }
    if (!Number.isFinite(value)) {
        return value > 0 ? "+Inf" : "-Inf";
    }
    const sign = value < 0 || Object.is(value, -0) ? "-" : "";
    return sign + unsignedFixed6(Math.abs(value));
}

/** What Go's ParseFloat takes for a number: in decimal, without spaces. It takes a few words too. */
const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

/** A number as Go's ParseFloat reads it, with which 1.0 read Prometheus' figures; undefined where it is none, or out of range. */
export function readGoFloat(text: string): number | undefined {
    if (FLOAT.test(text)) {
        const number = Number(text);
        return Number.isFinite(number) ? number : undefined;
    }
    const infinite = INFINITE.exec(text);
    if (infinite) {
        return infinite[1] === "-" ? -Infinity : Infinity;
    }
    return text.toLowerCase() === "nan" ? NaN : undefined;
}

function unsignedFixed6(value: number): string {
    // toFixed takes to the exponent from here on; there are no fractions any more.
    if (value >= 1e21) {
        return `${BigInt(value)}.000000`;
    }
    // Exactly in the middle of two numbers of six decimals are the odd multiples of 1/128: Go takes the even one of the
    // two, and toFixed the larger one.
    const in128ths = value * 128;
    if (in128ths % 2 !== 1) {
        return value.toFixed(6);
    }
    const below = (BigInt(in128ths) * 15625n - 1n) / 2n;
    const digits = String(below + (below % 2n)).padStart(7, "0");
    return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

/** Compares strings as Go does: by their bytes in UTF-8, that is by code points. */
export function compareAsGo(a: string, b: string): number {
    const length = Math.min(a.length, b.length);
    for (let index = 0; index < length; index += 1) {
        const difference = a.charCodeAt(index) - b.charCodeAt(index);
        if (difference !== 0) {
            const surrogates = [a, b].map((text) => isSurrogate(text.charCodeAt(index)));
            // A surrogate stands for a code point above every other UTF-16 unit.
            return surrogates[0] === surrogates[1] ? difference : surrogates[0] ? 1 : -1;
        }
    }
    return a.length - b.length;
}

function isSurrogate(unit: number): boolean {
    return unit >= 0xd800 && unit <= 0xdfff;
}
