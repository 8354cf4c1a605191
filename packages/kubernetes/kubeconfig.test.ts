import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { findContexts, kubeconfigFiles, locateContext } from "./kubeconfig";

describe("contexts", () => {
    let folder: string;
    beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), "bookinfo-mesh-test-"))));
    afterEach(() => {
        rmSync(folder, { recursive: true });
    });
    const kubeconfig = (name: string, content: string) => {
        const file = path.join(folder, name);
        writeFileSync(file, content);
        return file;
    };
    const CLUSTER = "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\nusers: [{name: u, user: {}}]\n";
    const CONTEXT = (name: string) => `contexts: [{name: ${name}, context: {cluster: c, user: u}}]\n`;

    it("are those of all files; the first one of a name wins", () => {
        const one = kubeconfig("one", CLUSTER + CONTEXT("a"));
        const two = kubeconfig("two", "contexts: [{name: a, context: {}}, {name: b, context: {}}]");
        expect(findContexts([one, two])).toMatchObject([
            { name: "a", file: one, complete: true },
            { name: "b", file: two, complete: false },
        ]);
    });

    it("that do not exist are refused with a list of those that exist", () => {
        const file = kubeconfig("one", CLUSTER + CONTEXT("kind-demo"));
        expect(locateContext("kind-demo", [file]).address).toEqual({ kubeconfig: file, context: "kind-demo" });
        expect(() => locateContext("kind-dmeo", [file])).toThrow(/no context "kind-dmeo"[^]*Contexts found: kind-demo/);
        expect(() => locateContext("x", [])).toThrow(/no kubeconfig .* found/);
    });

    it("that are spread over files are refused, with the command that puts them together", () => {
        const file = kubeconfig("one", CONTEXT("a"));
        expect(() => locateContext("a", [file])).toThrow("kubectl config view --flatten --minify --context a");
    });

    it("in a file that is not YAML are refused with the name of the file", () => {
        const file = kubeconfig("one", "a: [");
        expect(() => findContexts([file])).toThrow(`the kubeconfig ${file} cannot be used: the file is not YAML`);
        expect(findContexts([kubeconfig("empty", "")])).toEqual([]);
    });

    it("are refused without a quotation of the file", () => {
        const broken = kubeconfig("broken", "users:\n- name: a\n  user:\n    token: SECRET: oops\n");
        expect(() => findContexts([broken])).toThrow(/the file is not YAML$/);
        for (const misshapen of ["contexts: SECRET\n", "contexts: [SECRET]\n", "users: [null]\n"]) {
            const file = kubeconfig("misshapen", misshapen);
            expect(() => findContexts([file])).toThrow(
                /not a kubeconfig \((contexts|users)[^]*expected (array|object)/,
            );
            expect(() => findContexts([file])).not.toThrow(/SECRET/);
        }
    });

    it("are searched where kubectl searches", () => {
        const file = kubeconfig("one", "");
        expect(kubeconfigFiles({ KUBECONFIG: `${file}${path.delimiter}${folder}/missing` })).toEqual([file]);
    });
});
