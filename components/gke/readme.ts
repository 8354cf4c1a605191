import { readFileSync } from "node:fs";

/** The sentences of the text that name an external address, with their replacement for a gateway without one. */
const WITHOUT_ADDRESS: [sentence: RegExp, replacement: string][] = [
    [
        /^The page: .*$/m,
        "To open the page, first use the next command, then run this in the project's folder:\n\n```\n${outputs.openCommand}\n```",
    ],
    [/^The ingress gateway answers at \S+\./m, "The ingress gateway has no external address."],
];

/**
 * The stack's README as Pulumi's console shows it. The console replaces the outputs in it.
 * @param file path of the text for a gateway with an external address
 * @param external whether the ingress gateway has one
 */
export function stackReadme(file: string, external: boolean): string {
    const text = readFileSync(file, "utf8");
    return external
        ? text
        : WITHOUT_ADDRESS.reduce((all, [sentence, replacement]) => all.replace(sentence, () => replacement), text);
}
