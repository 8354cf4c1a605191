import { sandboxObstacle } from "./sandbox";

describe("the sandbox", () => {
    it("needs Linux and root, and says so", () => {
        expect(sandboxObstacle("linux", 0)).toBeUndefined();
        expect(sandboxObstacle("linux", 1000)).toContain("needs root");
        expect(sandboxObstacle("darwin", 501)).toContain("macOS");
        expect(sandboxObstacle("win32", undefined)).toContain("win32");
    });
});
