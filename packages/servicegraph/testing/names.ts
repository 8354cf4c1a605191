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

/** Any name: all kinds of text, lone surrogates included, and the hostile names. */
export const anyName: fc.Arbitrary<string> = fc.oneof(
    fc.string({ unit: "binary", maxLength: 30 }),
    fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)), maxLength: 30 }),
    fc.constantFrom(...HOSTILE_NAMES),
);
