/** A string with each lone surrogate, which UTF-8 cannot write, replaced by U+FFFD, as Go does when it reads JSON. */
export function wellFormed(text: string): string {
    return text.replace(/\p{Surrogate}/gu, "\ufffd");
}
