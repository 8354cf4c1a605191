/**
 * Escapes text for HTML and SVG, in elements and in quoted attributes. Some characters are invalid in XML 1.0 even if escaped: control
 * characters, lone surrogates, U+FFFE and U+FFFF. Unicode's picture of the character replaces them, or U+FFFD.
 */
export function escapeMarkup(text: string): string {
    return text.replace(
        /[&<>"'\0-\x1f\x7f-\x9f\ufffe\uffff]|\p{Surrogate}/gu,
        (character) => ESCAPES[character] ?? picture(character.charCodeAt(0)),
    );
}

const ESCAPES: Partial<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
};

function picture(code: number): string {
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? "\u2421" : "\ufffd";
}
