/** Characters that are clearly narrower or wider than others in common sans-serif fonts. */
const NARROW = /[ijlftrI.,:;'!|()[\] ]/;
const WIDE = /[mwMWQOGDNHUC@%&_]/;

/** Scripts and symbols as wide as high. */
const SQUARE =
    /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Extended_Pictographic}\u3000-\u303f\uff01-\uff60]/u;

/** Characters without width. */
const NONE = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** The approximate width of a text, in pixels. The server has no fonts, so this is rather too wide. */
export function textWidth(text: string, fontSize: number): number {
    let em = 0;
    for (const character of text) {
        em += widthOf(character);
    }
    return em * fontSize;
}

function widthOf(character: string): number {
    if (NARROW.test(character)) {
        return 0.36;
    }
    if (WIDE.test(character)) {
        return 0.84;
    }
    return SQUARE.test(character) ? 1.05 : NONE.test(character) ? 0 : 0.6;
}

/** Shortens a text to a width: an ellipsis replaces its middle. */
export function fit(text: string, fontSize: number, width: number): string {
    const room = width / fontSize;
    if (text.length <= MOST_CHARACTERS && textWidth(text, 1) <= room) {
        return text;
    }
    const half = (room - widthOf("…")) / 2;
    const start = take(Array.from(text.slice(0, MOST_CHARACTERS)), half);
    const end = take(Array.from(text.slice(-MOST_CHARACTERS)).reverse(), half);
    return `${start.join("")}…${end.reverse().join("")}`;
}

/** More characters than this never fit, so that a very long text costs no time. */
const MOST_CHARACTERS = 400;

/** The first characters that fit. */
function take(characters: string[], room: number): string[] {
    let width = 0;
    const end = characters.findIndex((character) => (width += widthOf(character)) > room);
    return end === -1 ? characters : characters.slice(0, end);
}
