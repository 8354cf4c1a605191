import fc from "fast-check";
import { anyName } from "../testing/names";
import { fit, textWidth } from "./width";

it("shortens any text to any width, and does not change a text that fits", () => {
    fc.assert(
        fc.property(anyName, fc.integer({ min: 30, max: 400 }), (text, width) => {
            const fitted = fit(text, 14, width);
            // A sum of fractions can be a little too large.
            expect(textWidth(fitted, 14)).toBeLessThanOrEqual(width + 1e-6);
            if (fitted !== text) {
                expect(fitted).toContain("…");
            }
        }),
    );
});

it("keeps the beginning and the end", () => {
    expect(fit("istio-ingressgateway-internal-v17", 14, 160)).toMatch(/^istio-.*…-?.*v17$/);
    expect(fit("reviews", 14, 160)).toBe("reviews");
});

it("does not measure all of a very long text", () => {
    expect(fit("x".repeat(50_000_000), 14, 160).length).toBeLessThan(30);
});
