import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { parseConfig } from "../../../config/parse";
import { PROJECT_FOLDER } from "../../shared/project";
import type { Declaration, DeclaredResource } from "../program/declaration";
import { foreignKeyPair } from "../token/keyPair";
import { changesBetween, secondsToSettle } from "./changes";
import { lessonPage, lessonPages } from "./page";
import { withoutWords, withWords } from "./words";

const KEY_SET = '{"keys":[]}';

const FILE = `# a comment
config:
  bookinfo-mesh:istio:
    version: 1.31.0 # another one
    gateway:
      hosts: [old.example.com]
`;

const words = (bookinfo: string, section = "bookinfo-mesh:bookinfo") => `config:\n  ${section}: ${bookinfo}\n`;

describe("the words of a lesson", () => {
    const put = (text: string, given: string) => withWords(text, given, () => KEY_SET);

    it("join what the stack's file has, with its comments", () => {
        const { text } = put(
            FILE,
            words("{gateway: {tls: {selfSigned: true}}, version: 1.31.1}", "bookinfo-mesh:istio"),
        );
        expect(parse(text)).toEqual({
            config: {
                "bookinfo-mesh:istio": {
                    version: "1.31.1",
                    gateway: { hosts: ["old.example.com"], tls: { selfSigned: true } },
                },
            },
        });
        expect(text).toContain("# a comment");
    });

    it("use the section of the file, if it is written without the project", () => {
        const { text } = put("config:\n  bookinfo: {tag: x}\n", words("{access: open}"));
        expect(parse(text)).toEqual({ config: { bookinfo: { tag: "x", access: "open" } } });
    });

    it("come out again without what was changed in the meantime", () => {
        const { text, replaced } = put(
            FILE,
            words("{access: open}") + "  bookinfo-mesh:istio: {gateway: {hosts: [new]}}\n",
        );
        const changed = text.replace("open", "least-privilege").replace("1.31.0", "1.31.2");
        expect(parse(withoutWords(changed, replaced))).toEqual(parse(FILE.replace("1.31.0", "1.31.2")));
        expect(withoutWords(changed, replaced)).toContain("# another one");
    });

    it("have the keys of this clone where they name them", () => {
        expect(parse(put(FILE, words("{jwks: JWKS}")).text)).toMatchObject({
            config: { "bookinfo-mesh:bookinfo": { jwks: KEY_SET } },
        });
    });
});

describe("the pages of the course", () => {
    const pages = lessonPages();
    const STACK = `config:
  bookinfo-mesh:cluster: {kind: kubeconfig, path: tests/unit/fixtures/kubeconfig.yaml, context: elsewhere}`;
    const SECTIONS = ["What we want", "The words", "Set it up", "Look", "Measure", "Why it is so"];
    const LAST = ["Break it, and find out", "Take it back"];

    it("are numbered from 1", () => {
        expect(pages.map(({ number }) => number)).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
        expect(() => lessonPage(13)).toThrow(/there is no lesson 13\. The lessons are:\n {3}1 {2}A new/);
    });

    it.each(pages)("lesson $number has all sections, and words that the program takes", ({ file, words: given }) => {
        const text = readFileSync(path.join(PROJECT_FOLDER, file), "utf8");
        expect([...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title)).toEqual([...SECTIONS, ...LAST]);
        const jwks = JSON.stringify({ keys: [foreignKeyPair().publicJwk] });
        const { config } = parse(withWords(STACK, given, () => jwks).text) as { config: Record<string, unknown> };
        const sections = Object.entries(config).map(([key, value]) => [
            key.replace("bookinfo-mesh:", ""),
            typeof value === "string" ? value : JSON.stringify(value),
        ]);
        expect(() => parseConfig(Object.fromEntries(sections) as Record<string, string>)).not.toThrow();
    });
});

describe("what changes", () => {
    const resource = (name: string, inputs: object = {}, others: Partial<DeclaredResource> = {}): DeclaredResource => ({
        urn: name,
        type: "kubernetes:core/v1:Service",
        name,
        custom: true,
        read: false,
        dependencies: [],
        inputs: { metadata: { name, namespace: "shop" }, ...inputs },
        secrets: [],
        ignoreChanges: [],
        ...others,
    });
    const declared = (...resources: DeclaredResource[]): Declaration => ({ resources, outputs: {} });

    it("is a line for each object that comes, changes or goes", () => {
        const before = declared(resource("b"), resource("c", { spec: 1 }), resource("same"));
        const after = declared(resource("c", { spec: 2 }), resource("same"), resource("a"));
        expect(changesBetween(before, after)).toEqual(["+ Service shop/a", "- Service shop/b", "~ Service shop/c"]);
    });

    it("takes longer to reach every request if it is about filters", () => {
        expect(secondsToSettle(["+ VirtualService default/reviews"], 45)).toBe(5);
        expect(secondsToSettle(["+ A b", "- EnvoyFilter default/x"], 45)).toBe(50);
        expect(secondsToSettle(["- Propagation tokens", "- RequestAuthentication default/x"], 45)).toBe(50);
    });

    it("has reached every request if the deployment has waited before it removed the subsets", () => {
        expect(secondsToSettle(["- DestinationRule default/reviews", "- Propagation subsets"], 45)).toBe(0);
        // A lesson that was interrupted is set up again.
        expect(secondsToSettle([], 45)).toBe(5);
    });

    it("is nothing for components, objects that are only read, and values that are kept", () => {
        const kept = { ignoreChanges: ["stringData.password"] };
        const before = declared(resource("s", { stringData: { password: "a" } }, kept));
        const after = declared(
            resource("s", { stringData: { password: "b" } }, kept),
            resource("component", {}, { custom: false }),
            resource("read", {}, { read: true }),
        );
        expect(changesBetween(before, after)).toEqual([]);
    });
});
