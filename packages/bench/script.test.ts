import { parseAllDocuments } from "yaml";
import { deployScript, removeScript } from "./script";
import type { Step } from "../cli/render/step";

const object = (kind: string, name: string): Step => ({
    name: `${kind}-${name}`,
    needs: [],
    type: "object",
    object: { apiVersion: "v1", kind, metadata: { name } },
    wait: true,
});
const release = (name: string): Step => ({
    name,
    needs: [],
    type: "release",
    release: {
        name,
        namespace: "istio-system",
        chart: `charts/${name}`,
        values: { ours: name },
        timeout: 600,
        wait: false,
    },
});
const STEPS = [object("Namespace", "istio-system"), release("base"), release("istiod"), object("Service", "reviews")];
const URL = "http://192.0.2.1/page";

test("a script installs every release in order and waits for it, then applies the objects, then requests the page", () => {
    const lines = deployScript(STEPS, URL).text.trim().split("\n");
    expect(lines.map((line) => line.split(" ").slice(0, 3).join(" "))).toEqual([
        "set -eu",
        "helm install base",
        "helm install istiod",
        "kubectl label namespace",
        "kubectl apply --filename",
        "kubectl wait deployment",
        "until curl --silent",
    ]);
    expect(lines.filter((line) => line.startsWith("helm")).every((line) => line.includes(" --wait "))).toBe(true);
    expect(lines.at(-1)).toContain(URL);
});

test("side by side, the objects do not wait for the last release, and the page waits for both", () => {
    const lines = deployScript(STEPS, URL, { sideBySide: true }).text.trim().split("\n");
    expect(lines.filter((line) => line.endsWith(" &"))).toEqual([
        expect.stringMatching(/^helm install istiod .* --wait /),
    ]);
    expect(lines.slice(-2)).toEqual(["wait $!", expect.stringContaining(URL)]);
});

test("a script has the program's values or the given ones, and empty values for a release without any", () => {
    expect(deployScript(STEPS, URL).files["istiod.yaml"]).toBe("ours: istiod\n");
    const { files } = deployScript(STEPS, URL, { values: { istiod: { theirs: 1 } } });
    expect([files["istiod.yaml"], files["base.yaml"]]).toEqual(["theirs: 1\n", "{}\n"]);
});

test("a script applies every object except the namespace, which Helm creates", () => {
    const documents = parseAllDocuments(deployScript(STEPS, URL).files["objects.yaml"] ?? "");
    expect(documents.map((document) => document.get("kind"))).toEqual(["Service"]);
});

test("the other script removes the releases in the opposite order, after the objects", () => {
    const lines = removeScript(STEPS).text.trim().split("\n");
    expect(lines.map((line) => line.split(" ").slice(0, 3).join(" "))).toEqual([
        "set -eu",
        "kubectl delete --filename",
        "kubectl label namespace",
        "helm uninstall istiod",
        "helm uninstall base",
        "kubectl delete namespace",
    ]);
});
