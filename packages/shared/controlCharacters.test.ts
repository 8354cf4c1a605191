import { parseUntrusted, withoutControls } from "./controlCharacters";

const EVIL = "\u001b]0;owned\u0007\u001b[2Jdenied\u009b31m\rby\b\b\tpolicy\n";

test("a text from elsewhere cannot command the terminal, and keeps its lines", () => {
    expect(withoutControls(EVIL)).toMatch(/^denied.*\rby\tpolicy\n$/);

    expect(withoutControls(EVIL)).not.toMatch(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/);
});

test("nor can a text in JSON, where control characters are escaped", () => {
    const text = JSON.stringify({ items: [{ message: EVIL, note: "a \\u001b b" }] });
    expect(parseUntrusted(text)).toEqual({ items: [{ message: withoutControls(EVIL), note: "a \\u001b b" }] });
    expect(parseUntrusted("{")).toBeUndefined();
});
