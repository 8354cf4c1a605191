import pulumi from "@pulumi/eslint-plugin";
import prettier from "eslint-config-prettier";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

export default defineConfig(
    { ignores: ["node_modules/", "coverage/", "**/*.mjs", "**/*.cjs", "packages/**/*.js"] },
    tseslint.configs.strictTypeChecked,
    {
        languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
        plugins: { "@pulumi": pulumi },
        rules: {
            "@pulumi/no-output-in-template-literal": "error",
            "@pulumi/no-output-instance-in-template-literal": "error",
            "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
            // Sources that a command only sometimes needs are loaded then.
            "@typescript-eslint/no-require-imports": ["error", { allow: ["^\\.\\.?/"] }],
            curly: "error",
            eqeqeq: "error",
        },
    },
    prettier,
);
