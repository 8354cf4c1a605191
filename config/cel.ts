/** What can be seen of a CEL expression without its grammar (cel-spec, langdef.md). istiod parses it, as the Telemetry is applied. */

const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

const QUOTES = ['"""', "'''", '"', "'"];
/** In a raw string, a backslash has no meaning. */
const raw = (quote: string) => `\\b(?:[rR][bB]?|[bB][rR])${quote}[^]*?${quote}`;
const plain = (quote: string) => `${quote}(?:\\\\[^]|[^\\\\])*?${quote}`;

/** A string, a comment, or a quote that begins a string without an end. */
const TOKEN = new RegExp([...QUOTES.map(raw), ...QUOTES.map(plain), "//.*", `["']`].join("|"), "g");

/** Operators of other languages. */
const FOREIGN: readonly [pattern: RegExp, meant: string][] = [
    [/(?<![=!<>])=(?!=)/, "== in place of ="],
    [/(?<!&)&(?!&)/, "&& in place of &"],
    [/(?<!\|)\|(?!\|)/, "|| in place of |"],
];

/** What is wrong with a CEL expression, as the end of a sentence; undefined if nothing can be seen. */
export function faultOfCel(expression: string): string | undefined {
    // A string is a value, and a comment is nothing.
    const code = expression.replace(TOKEN, (token) =>
        token.length === 1 ? token : token.startsWith("//") ? " " : " 0 ",
    );
    if (/["']/.test(code)) {
        return "a string in it has no end";
    }
    return code.trim() === "" ? "it is empty" : (faultOfBrackets(code) ?? faultOfOperators(code));
}

function faultOfBrackets(code: string): string | undefined {
    const open: string[] = [];
    for (const character of code) {
        const closing = CLOSING[character];
        if (closing !== undefined) {
            open.push(closing);
        } else if (")]}".includes(character) && open.pop() !== character) {
            return `its brackets are not in pairs: there is a ${character} without a partner`;
        }
    }
    const missing = open.at(-1);
    return missing === undefined ? undefined : `its brackets are not in pairs: a ${missing} is missing`;
}

function faultOfOperators(code: string): string | undefined {
    const meant = FOREIGN.find(([pattern]) => pattern.test(code))?.[1];
    return meant === undefined ? undefined : `CEL has ${meant}`;
}
