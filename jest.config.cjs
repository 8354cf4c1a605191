/** `--selectProjects unit` runs the unit tests, `--selectProjects e2e` those that need the sandbox. */

// Tests compare text, and CI=true would colour it.
process.env.NO_COLOR = "1";

const transform = { "^.+\\.ts$": ["@swc/jest", { jsc: { target: "es2022", parser: { syntax: "typescript" } } }] };

module.exports = {
    projects: [
        {
            displayName: "unit",
            testEnvironment: "node",
            transform,
            // d3's main files are ES modules, which jest cannot load. These files are not.
            moduleNameMapper: { "^(d3-[a-z]+)$": "<rootDir>/node_modules/$1/dist/$1.js" },
            testMatch: ["tests/unit", "packages"].map((folder) => `<rootDir>/${folder}/**/*.test.ts`),
        },
        { displayName: "e2e", testEnvironment: "node", transform, testMatch: ["<rootDir>/tests/e2e/**/*.test.ts"] },
    ],
};
