/**
 * A string as a PromQL literal in double quotes, where nothing that it holds can end it. PromQL follows Go's escapes; all that is
 * not printable ASCII is written as a code point, so that no lexer has to be trusted with it.
 */
export function quote(text: string): string {
    const escaped = text.replace(/[^ !#-[\]-~]/gu, (character) => {
        if (character === '"' || character === "\\") {
            return `\\${character}`;
        }
        const point = character.codePointAt(0) ?? 0;
        // A lone surrogate is no character, and Prometheus refuses its escape.
        const valid = point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
        return valid > 0xffff
            ? `\\U${valid.toString(16).padStart(8, "0")}`
            : `\\u${valid.toString(16).padStart(4, "0")}`;
    });
    return `"${escaped}"`;
}
