import fc from "fast-check";
import { unquote } from "../testing/dot";
import { anyName } from "../testing/names";
import { compareAsGo, goFixed6, goJsonString, goQuote } from "./goText";
import { wellFormed } from "./wellFormed";

/* What Go itself prints for many values is in the recorded answers of 1.0; here is what holds for all. */

it("quotes any text such that Go reads it back, in one line", () => {
    fc.assert(
        fc.property(anyName, (text) => {
            const quoted = goQuote(text);
            expect(unquote(quoted)).toBe(wellFormed(text));
            expect(quoted).not.toMatch(/[\x00-\x1f\x7f]/);
        }),
    );
});

it("writes JSON strings that are read back", () => {
    fc.assert(
        fc.property(anyName, (text) => {
            expect(JSON.parse(goJsonString(text))).toBe(wellFormed(text));
        }),
    );
});

it.each([
    ["\b\f\x7f", '"\\u0008\\u000c\x7f"', '"\\b\\f\\u007f"'],
    ["\\b", '"\\\\b"', '"\\\\b"'],
])("writes %j as Go 1.10 did", (text, json, quoted) => {
    expect(goJsonString(text)).toBe(json);
    expect(goQuote(text)).toBe(quoted);
});

it("rounds to six decimals, halves to the even neighbour", () => {
    fc.assert(
        fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }), (value) => {
            const text = goFixed6(value);
            expect(text).toMatch(/^-?\d+\.\d{6}$/);
            expect(Math.abs(Number(text) - value)).toBeLessThanOrEqual(5e-7 + Math.abs(value) * 2 ** -52);
        }),
    );
    expect([1 / 128, 3 / 128, 5 / 128].map(goFixed6)).toEqual(["0.007812", "0.023438", "0.039062"]);
});

it("sorts by code points", () => {
    const names = ["\u{1f600}", "\uffff", "b", "a\u{1f600}", "a\uffff", "", "a"];
    const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
    expect([...names].sort(compareAsGo)).toEqual([...names].sort(byBytes));
    fc.assert(
        fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (a, b) => {
            expect(Math.sign(compareAsGo(a, b))).toBe(byBytes(a, b));
        }),
    );
});
