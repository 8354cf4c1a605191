import fc from "fast-check";
import { anyName } from "../testing/names";
import { parseXml, textOf } from "../testing/xml";
import { escapeMarkup } from "./markup";

it("is only text, in an element and in an attribute", () => {
    fc.assert(
        fc.property(anyName, (name) => {
            const escaped = escapeMarkup(name);
            expect(escaped).not.toMatch(/[<>"']/);
            const element = parseXml(`<a b="${escaped}">${escaped}</a>`);
            expect(textOf(element)).toBe(element.attributes.get("b"));
            expect(element.children.filter((child) => typeof child !== "string")).toEqual([]);
        }),
    );
});

it.each([
    ["reviews (reviews-v1) 😀 שלום", "reviews (reviews-v1) 😀 שלום"],
    ["a\0b\x1bc\n\x7f", "a␀b␛c␊␡"],
    ["\x80\x9f\ufffe\uffff\ud800", "\ufffd".repeat(5)],
    [`<&>"'`, `<&>"'`],
])("shows %j as %j", (name, shown) => {
    expect(textOf(parseXml(`<a>${escapeMarkup(name)}</a>`))).toBe(shown);
});

it("escapes all special characters of markup", () => {
    expect(escapeMarkup(`<a b="c" d='e'>&amp;`)).toBe("&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;");
});
