/**
 * Text for HTML and SVG, between tags and in quoted attributes alike. What XML 1.0 forbids even when escaped (control characters,
 * lone surrogates, U+FFFE and U+FFFF) is made visible: by its picture where Unicode has one, else by the replacement character.
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
