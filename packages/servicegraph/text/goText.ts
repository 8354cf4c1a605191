/* How Go prints and reads strings and numbers: 1.0 was built with Go 1.10. */
import { wellFormed } from "./wellFormed";

/** What `%q` prints unescaped (unicode.IsPrint): everything visible, and the ASCII space. */
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

/**
 * A string as Go's `%q`: in double quotes, with Go's escapes. U+007F is `\u007f` as in Go 1.10, and not `\x7f` as since Go 1.19.
 * @param ascii escapes all that is not ASCII, as Go's `%+q`
 */
export function goQuote(text: string, { ascii = false } = {}): string {
    const quoted = wellFormed(text).replace(/[^ !#-[\]-~]/gu, (character) => {
        const point = character.codePointAt(0) ?? 0;
        const [letter, digits] = point < 0x20 ? ["x", 2] : point <= 0xffff ? ["u", 4] : ["U", 8];
        return (
            SHORT_ESCAPES[character] ??
            (!ascii && PRINTABLE.test(character) ? character : `\\${letter}${point.toString(16).padStart(digits, "0")}`)
        );
    });
    return `"${quoted}"`;
}

/** A number as Go's `%f` with six decimals, as 1.0 printed rates. */
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

function unsignedFixed6(value: number): string {
    // From here on toFixed writes an exponent; such numbers have no fraction.
    if (value >= 1e21) {
        return `${BigInt(value)}.000000`;
    }
    // Only odd multiples of 1/128 are exactly between two numbers of six decimals. Go takes the even one, toFixed the larger one.
    const in128ths = value * 128;
    if (in128ths % 2 !== 1) {
        return value.toFixed(6);
    }
    const below = (BigInt(in128ths) * 15625n - 1n) / 2n;
    const digits = String(below + (below % 2n)).padStart(7, "0");
    return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

/** What Go's ParseFloat accepts: decimal numbers without spaces, and a few words. No part can match in two ways, which takes too long. */
const FLOAT = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

/** A number as Go's ParseFloat reads it, as 1.0 read Prometheus' values; undefined if it is invalid or out of range. */
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
