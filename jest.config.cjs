/** `--selectProjects unit` runs the unit tests, `--selectProjects e2e` those that need the sandbox. */

// Tests compare text, and CI=true would colour it.
process.env.NO_COLOR = "1";

const transform = { "^.+\\.ts$": ["@swc/jest", { jsc: { target: "es2022", parser: { syntax: "typescript" } } }] };

module.exports = {
    projects: [
        {
            displayName: "unit",
            testEnvironment: "<rootDir>/tests/unit/jest/environment.cjs",
            runtime: "<rootDir>/tests/unit/jest/runtime.cjs",
            transform,
            testMatch: ["tests/unit", "packages"].map((folder) => `<rootDir>/${folder}/**/*.test.ts`),
        },
        {
            displayName: "e2e",
            testEnvironment: "node",
            transform,
            testMatch: ["<rootDir>/tests/e2e/**/*.test.ts"],
            globalTeardown: "<rootDir>/tests/e2e/teardown.ts",
        },
    ],
    testSequencer: "<rootDir>/tests/e2e/order.cjs",
};
