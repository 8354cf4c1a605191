/**
 * `--selectProjects unit` runs the unit tests, `e2e` the end-to-end tests that share the sandbox, and `servicegraph` those of its pages,
 * which need no sandbox.
 */

// Tests compare text, and CI=true would colour it.
process.env.NO_COLOR = "1";

const transform = { "^.+\\.ts$": ["@swc/jest", { jsc: { target: "es2022", parser: { syntax: "typescript" } } }] };

const testMatch = ["**/*.test.ts"];
const endToEnd = { testEnvironment: "node", transform, testMatch };

// At each start, jest reads the attributes of each file below `roots`: here not those of all packages in node_modules.
module.exports = {
    watchman: false,
    projects: [
        {
            displayName: "unit",
            testEnvironment: "<rootDir>/tests/unit/jest/environment.cjs",
            runtime: "<rootDir>/tests/unit/jest/runtime.cjs",
            transform,
            testMatch,
            roots: ["<rootDir>/tests/unit", "<rootDir>/packages"],
        },
        {
            ...endToEnd,
            displayName: "e2e",
            roots: ["<rootDir>/tests/e2e"],
            testPathIgnorePatterns: ["/node_modules/", "<rootDir>/tests/e2e/servicegraph/"],
            globalTeardown: "<rootDir>/tests/e2e/teardown.ts",
        },
        {
            ...endToEnd,
            displayName: "servicegraph",
            roots: ["<rootDir>/tests/e2e/servicegraph"],
        },
    ],
    testSequencer: "<rootDir>/tests/e2e/order.cjs",
};
