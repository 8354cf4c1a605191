import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { renderedFiles, replaceFolder } from "./folder";
import type { Step } from "./step";

const object = { apiVersion: "v1", kind: "Namespace", metadata: { name: "istio-system" } };
const release = {
    name: "istiod",
    namespace: "istio-system",
    chart: "istiod",
    values: { a: 1 },
    timeout: 600,
    wait: true,
};
const steps: Step[] = [
    { name: "010-namespace-istio-system", type: "object", needs: [], object, wait: true },
    { name: "020-release-istiod", type: "release", needs: ["010-namespace-istio-system"], release },
];
const rendering = { stack: "local", steps, templates: new Map([["020-release-istiod", "kind: Deployment\n"]]) };

describe("rendered files", () => {
    it("are a manifest for each step, and in a subfolder, which kubectl apply -f ignores, values and index", () => {
        expect(renderedFiles(rendering).map((file) => file.path)).toEqual([
            "010-namespace-istio-system.yaml",
            "helm/istiod.values.yaml",
            "020-release-istiod.yaml",
            "helm/steps.json",
        ]);
    });

    it("omit a Secret's content, and say what is missing", () => {
        const secret = { data: { password: "c2VjcmV0" }, keep: false };
        const step: Step = { name: "010-secret-a", type: "object", needs: [], object, wait: false, secret };
        const files = renderedFiles({ ...rendering, steps: [step] });
        expect(files[0]?.content).toMatch(/^# .*Missing here: data\.password\n/);
        expect(files.map(({ content }) => content).join()).not.toContain("c2VjcmV0");
    });

    it("omit a release's manifest without helm", () => {
        const files = renderedFiles({ ...rendering, templates: new Map() });
        expect(files.map((file) => file.path)).not.toContain("020-release-istiod.yaml");
        expect(files.at(-1)?.content).not.toContain("020-release-istiod.yaml");
    });
});

describe("the folder", () => {
    let parent: string;
    let folder: string;
    beforeEach(() => {
        parent = mkdtempSync(path.join(tmpdir(), "bookinfo-mesh-test-"));
        folder = path.join(parent, "out");
    });
    afterEach(() => {
        rmSync(parent, { recursive: true });
    });

    it("is replaced as a whole, and no other folder remains", () => {
        const dropped: Step = { name: "999-old", type: "object", needs: [], object, wait: true };
        replaceFolder(folder, renderedFiles({ ...rendering, steps: [...steps, dropped] }));
        expect(readdirSync(folder)).toContain("999-old.yaml");
        replaceFolder(folder, renderedFiles(rendering));
        expect(readdirSync(parent)).toEqual(["out"]);
        expect(readdirSync(folder).sort()).toEqual([
            "010-namespace-istio-system.yaml",
            "020-release-istiod.yaml",
            "helm",
        ]);
    });

    it("is used if it is empty", () => {
        mkdirSync(folder);
        replaceFolder(folder, renderedFiles(rendering));
        expect(existsSync(path.join(folder, "helm/steps.json"))).toBe(true);
    });

    it("stays unchanged if it has something else", () => {
        mkdirSync(folder);
        writeFileSync(path.join(folder, "mine.txt"), "mine");
        expect(() => {
            replaceFolder(folder, renderedFiles(rendering));
        }).toThrow("has files that were not rendered");
        expect(readFileSync(path.join(folder, "mine.txt"), "utf8")).toBe("mine");
    });

    it.each([".git", "kustomization.yaml", "helm/mine.yaml"])("keeps other files: %s", (mine) => {
        replaceFolder(folder, renderedFiles(rendering));
        writeFileSync(path.join(folder, mine), "mine");
        expect(() => {
            replaceFolder(folder, renderedFiles(rendering));
        }).toThrow(`has files that were not rendered, which would be lost: ${mine};`);
        expect(readFileSync(path.join(folder, mine), "utf8")).toBe("mine");
    });

    it("is not a file", () => {
        writeFileSync(folder, "");
        expect(() => {
            replaceFolder(folder, []);
        }).toThrow("is not a folder");
    });
});
