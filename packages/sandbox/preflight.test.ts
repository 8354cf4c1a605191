import { isGoEnough } from "./preflight";

describe("isGoEnough", () => {
    it.each([
        ["go1.26.3", "local"],
        ["go1.26.8", "local"],
        ["go1.27.0", "local"],
        ["go2.0.0", "local"],
        ["go1.21.0", "auto"],
        ["go1.25.3", ""],
        ["go1.26.8-custom", "local"],
    ])("accepts %s with GOTOOLCHAIN=%s", (version, toolchain) => {
        expect(isGoEnough(`${version}\n${toolchain}\n`)).toBe(true);
    });

    it.each([
        ["go1.26.2", "local"],
        ["go1.25.9", "local"],
        ["go1.20.14", "auto"],
        ["devel +abc", "auto"],
    ])("rejects %s with GOTOOLCHAIN=%s", (version, toolchain) => {
        expect(isGoEnough(`${version}\n${toolchain}\n`)).toBe(false);
    });
});
