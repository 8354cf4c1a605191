/** Characters that are clearly narrower or wider than the others in the usual sans-serif fonts. */
const NARROW = /[ijlftrI.,:;'!|()[\] ]/;
const WIDE = /[mwMWQOGDNHUC@%&_]/;

/** Scripts and symbols that fill a square. */
const SQUARE =
    /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Extended_Pictographic}\u3000-\u303f\uff01-\uff60]/u;

/** Characters that have no width of their own. */
const NONE = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** About how wide a text is, in pixels; the server knows no font, so this is on the safe side. */
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

/** A text that fits into a width: from the middle of one that is too long, characters are left out for an ellipsis. */
export function fit(text: string, fontSize: number, width: number): string {
    const room = width / fontSize;
    // However long the text is, no more is looked at than can fit.
    if (text.length <= MOST_LOOKED_AT && textWidth(text, 1) <= room) {
        return text;
    }
    const half = (room - widthOf("…")) / 2;
    const start = take(Array.from(text.slice(0, MOST_LOOKED_AT)), half);
    const end = take(Array.from(text.slice(-MOST_LOOKED_AT)).reverse(), half);
    return `${start.join("")}…${end.reverse().join("")}`;
}

const MOST_LOOKED_AT = 400;

/** As many characters as fit, from the first on. */
function take(characters: string[], room: number): string[] {
    let width = 0;
    const end = characters.findIndex((character) => (width += widthOf(character)) > room);
    return end === -1 ? characters : characters.slice(0, end);
}
