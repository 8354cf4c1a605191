import fc from "fast-check";

/** Names that are dangerous in some format. */
export const HOSTILE_NAMES = [
    "",
    " ",
    '"',
    "'",
    "\\",
    '\\"',
    "</script><script>alert(1)</script>",
    "</title></svg>",
    "<!--",
    "-->",
    "]]>",
    "&amp;",
    "&#0;",
    "__proto__",
    "constructor",
    "toString",
    "\0",
    "\x1b[31m",
    "\r\n",
    "\u2028\u2029",
    "\u202eevil\u2069",
    "\ufffe\uffff",
    "\ud800",
    "\udc00x",
    "😀\u{10ffff}",
    "שלום مرحبا",
    '"];evil [label="',
    "a->b;",
    "${name}",
    "x".repeat(5000),
];

/** The code points that are not characters: halves of UTF-16 pairs. */
const SURROGATES = { first: 0xd800, count: 0x800 };

/** A character of Unicode. It is the unit "binary" of fast-check, which lists all 1,112,064 of them before the first. */
const character = fc.integer({ min: 0, max: 0x10ffff - SURROGATES.count }).map(
    (index) => String.fromCodePoint(index < SURROGATES.first ? index : index + SURROGATES.count),
    (text) => {
        const point = typeof text === "string" ? (text.codePointAt(0) ?? NaN) : NaN;
        if (text !== String.fromCodePoint(point)) {
            throw new Error("not one character");
        }
        return point < SURROGATES.first ? point : point - SURROGATES.count;
    },
);

/** Any name: all kinds of text, lone surrogates included, and the hostile names. */
export const anyName: fc.Arbitrary<string> = fc.oneof(
    fc.string({ unit: character, maxLength: 30 }),
    fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)), maxLength: 30 }),
    fc.constantFrom(...HOSTILE_NAMES),
);
