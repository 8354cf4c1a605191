import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { findHelm, Helm, requireHelm } from "./helm";

let folder: string;
const search = process.env.PATH;
beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "helm-"));
    process.env.PATH = `${folder}:${search ?? ""}`;
});
afterEach(() => {
    process.env.PATH = search;
    rmSync(folder, { recursive: true });
});

/** A helm on PATH that keeps its arguments, and prints a version or fails. */
function helmThat(does: string): string {
    const file = path.join(folder, "helm");
    writeFileSync(file, `#!/bin/sh\necho "$@" >> ${folder}/calls\n${does}\n`);
    chmodSync(file, 0o755);
    return file;
}

const calls = () => readFileSync(path.join(folder, "calls"), "utf8").trim().split("\n");

it("A7: Helm 4 is recognized, and rolls back without conflicts", async () => {
    const file = helmThat("echo v4.2.4");
    expect(await findHelm()).toEqual({ path: file, major: 4 });
    const helm = new Helm(await requireHelm(), { kubeconfig: "/k", context: "c" });
    await helm.rollBack({ name: "istiod", namespace: "istio-system", timeout: 5 }, 3);
    expect(calls().at(-1)).toBe(
        "rollback istiod 3 --server-side=false --namespace istio-system --kubeconfig /k --kube-context c",
    );
});

it.each([
    ["another version", "echo v5.0.0", /is version v5\.0\.0, but Helm 3 or 4 is required/],
    [
        "Helm 2",
        "echo 'Error: could not find tiller' >&2; exit 1",
        /does not tell its version \(could not find tiller\)/,
    ],
])("A7: %s is refused clearly", async (_, does, message) => {
    const file = helmThat(does);
    await expect(requireHelm()).rejects.toThrow(message);
    await expect(requireHelm()).rejects.toThrow(file);
    expect(await findHelm()).toBeUndefined();
});
