/** Half of a pair, be it alone or not: quickly found, where the other expression is slow. */
const SURROGATE = /[\ud800-\udfff]/;

/** A string with each lone surrogate, which UTF-8 cannot write, replaced by U+FFFD, as Go does when it reads JSON. */
export function wellFormed(text: string): string {
    return SURROGATE.test(text) ? text.replace(/\p{Surrogate}/gu, "\ufffd") : text;
}
