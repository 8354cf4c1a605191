import { commandLine, invocationOf } from "./invocation";

describe("a command in a message", () => {
    const byScript = { npm_command: "run-script", npm_lifecycle_event: "up" };

    it("has the form of npm's script for a user of npm run, with `--` only in front of options", () => {
        expect(commandLine("down", [], byScript)).toBe("npm run down");
        expect(commandLine("down", ["--stack", "mine"], byScript)).toBe("npm run down -- --stack mine");
        expect(invocationOf("sandbox", { ...byScript, npm_command: "run" })).toBe("npm run sandbox --");
    });

    it.each([
        ["npx", { npm_command: "exec", npm_lifecycle_event: "npx" }],
        ["a shell", {}],
        ["a test of this project", { npm_command: "test", npm_lifecycle_event: "test" }],
        ["another script", { npm_command: "run-script", npm_lifecycle_event: "test:e2e" }],
    ])("has the form of the command itself for a user of %s", (_, env) => {
        expect(commandLine("down", [], env)).toBe("npx bookinfo down");
        expect(commandLine("down", ["--stack", "mine"], env)).toBe("npx bookinfo down --stack mine");
    });
});
