import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { scripts } from "../../package.json";
import { VERBS } from "../../packages/shared/invocation";

const ROOT = path.resolve(__dirname, "../..");

/** What people read, by its path in the clone. */
const DOCUMENTS = [
    "README.md",
    "CONTRIBUTING.md",
    ...readdirSync(path.join(ROOT, "docs")).map((file) => `docs/${file}`),
    ...readdirSync(path.join(ROOT, "docs/course")).map((file) => `docs/course/${file}`),
    ...readdirSync(path.join(ROOT, "packages")).map((folder) => `packages/${folder}/README.md`),
].filter((file) => file.endsWith(".md") && existsSync(path.join(ROOT, file)));

/** Folders that exist only after a command has run, or in `/run/bookinfo-mesh`. */
const MADE_BY_COMMANDS = /^(?:\.state|rendered|coverage|bin)\//;

/** A path without placeholders, glob patterns and what else a shell may change. */
const PATH = /^[\w.-]+(?:\/[\w.-]+)*\/?$/;
const FILE_OR_FOLDER = /(?:\/|\.(?:ts|js|cjs|mjs|json|ya?ml|md|png|svg|go|css|html))$/;

const text = (document: string) => readFileSync(path.join(ROOT, document), "utf8");
const prose = (document: string) => text(document).replace(/^```[^]*?^```/gm, "");
const matches = (pattern: RegExp, of: string) => [...of.matchAll(pattern)].map(([, found = ""]) => found);

const links = DOCUMENTS.flatMap((document) =>
    matches(/\]\(([^)\s]+)\)/g, prose(document))
        .filter((target) => !/^https?:/.test(target))
        .map((target) => ({ document, target })),
);
const paths = DOCUMENTS.flatMap((document) => {
    const inProse = matches(/`([^`\n]+)`/g, prose(document))
        .filter((code) => PATH.test(code) && !MADE_BY_COMMANDS.test(code))
        .filter((code) => FILE_OR_FOLDER.test(code) || existsSync(path.join(ROOT, code.split("/")[0] ?? code)));
    const inBlocks = matches(/^```([^]*?)^```/gm, text(document)).flatMap((block) =>
        matches(/(?<!\S)([\w/.]+\.ts)\b/g, block),
    );
    return [...inProse, ...inBlocks].map((target) => ({ document, target }));
});
const verbs = DOCUMENTS.flatMap((document) =>
    matches(/\b(?:npm run|npx bookinfo) ([a-z][\w:-]*)/g, text(document)).map((verb) => ({ document, verb })),
);

it("finds the documents, their links, paths and commands", () => {
    expect(DOCUMENTS).toEqual(
        expect.arrayContaining(["CONTRIBUTING.md", "docs/config.md", "packages/policy/README.md"]),
    );
    expect(links.length).toBeGreaterThan(20);
    expect(paths.length).toBeGreaterThan(80);
    expect(verbs.length).toBeGreaterThan(30);
});

it("has no link to what does not exist", () => {
    const broken = links.filter(({ document, target }) => {
        const [file = "", anchor] = target.split("#");
        const linked = file === "" ? document : path.join(path.dirname(document), file);
        return !existsSync(path.join(ROOT, linked)) || (anchor !== undefined && !anchorsOf(linked).includes(anchor));
    });
    expect(broken).toEqual([]);
});

it("names no file or folder that does not exist", () => {
    const broken = paths.filter(
        ({ document, target }) =>
            // What commands make there is not in a new clone yet.
            !target.startsWith("node_modules/") &&
            ![".", path.dirname(document)].some((folder) => existsSync(path.join(ROOT, folder, target))),
    );
    expect(broken).toEqual([]);
});

it("names no command that package.json does not have", () => {
    expect(verbs.filter(({ verb }) => !(verb in scripts))).toEqual([]);
});

// The end-to-end tests rely on it: they run the command without npm.
it("names scripts of package.json that run the command of the same name", () => {
    const own = Object.entries(scripts).filter(([, script]) => script.startsWith("bookinfo "));
    expect(Object.fromEntries(own)).toEqual(Object.fromEntries([...VERBS].map((verb) => [verb, `bookinfo ${verb}`])));
});

it("has a README of at most 120 lines", () => {
    expect(text("README.md").trimEnd().split("\n").length).toBeLessThanOrEqual(120);
});

/** The anchors that GitHub gives the headings of a document. */
function anchorsOf(document: string): string[] {
    return matches(/^#+ (.*)$/gm, prose(document)).map((heading) =>
        heading
            .toLowerCase()
            .replace(/[^\p{L}\p{N}\s_-]/gu, "")
            .replace(/ /g, "-"),
    );
}
