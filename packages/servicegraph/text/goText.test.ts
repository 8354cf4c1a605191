import fc from "fast-check";
import { unquote } from "../testing/dot";
import { anyName } from "../testing/names";
import { goFixed6, goQuote } from "./goText";
import { wellFormed } from "./wellFormed";

/* The recorded answers of 1.0 have what Go prints for many values. These tests hold for all values. */

it("quotes any text in one line, so that Go reads it back", () => {
    fc.assert(
        fc.property(anyName, (text) => {
            const quoted = goQuote(text);
            expect(unquote(quoted)).toBe(wellFormed(text));
            expect(quoted).not.toMatch(/[\x00-\x1f\x7f]/);
        }),
    );
});

it.each([
    ["\b\f\x7f", '"\\b\\f\\u007f"'],
    ["\\b", '"\\\\b"'],
])("quotes %j as Go 1.10 did", (text, quoted) => {
    expect(goQuote(text)).toBe(quoted);
});

it("rounds to six decimals, and a half to the even neighbour", () => {
    fc.assert(
        fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }), (value) => {
            const text = goFixed6(value);
            expect(text).toMatch(/^-?\d+\.\d{6}$/);
            expect(Math.abs(Number(text) - value)).toBeLessThanOrEqual(5e-7 + Math.abs(value) * 2 ** -52);
        }),
    );
    expect([1 / 128, 3 / 128, 5 / 128].map(goFixed6)).toEqual(["0.007812", "0.023438", "0.039062"]);
});
