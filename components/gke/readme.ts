import { readFileSync } from "node:fs";

/** The sentences of the text that name an external address, with their replacement for a gateway without one. */
const WITHOUT_ADDRESS: [sentence: RegExp, replacement: string][] = [
    [
        /^The page: .*$/m,
        "To open the page, first use the next command, then run this in the project's folder:\n\n```\n${outputs.openCommand}\n```",
    ],
    [/^The ingress gateway answers at \S+\./m, "The ingress gateway has no external address."],
];

/** The sentence that names the page, with its replacement for a gateway with hosts or TLS. */
const WITH_CURL: typeof WITHOUT_ADDRESS = [
    [
        /^The page: .*$/m,
        "The page: <${outputs.productpageUrl}>, once DNS leads its host to the gateway. Before that:\n\n```\n${outputs.curlCommand}\n```",
    ],
];

/**
 * The stack's README as Pulumi's console shows it. The console replaces the outputs in it.
 * @param file path of the text for a gateway with an external address
 * @param way `none` for a gateway without one, `curl` if the page takes more than its URL
 */
export function stackReadme(file: string, way: "url" | "curl" | "none"): string {
    const changes = { url: [], curl: WITH_CURL, none: WITHOUT_ADDRESS }[way];
    const text = readFileSync(file, "utf8");
    return changes.reduce((all, [sentence, replacement]) => all.replace(sentence, () => replacement), text);
}
