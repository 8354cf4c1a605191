import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { withPrivateCharts } from "../../kubernetes/charts";
import { type HelmProgram, templateRelease } from "../../kubernetes/helm";
import type { Rendering } from "./folder";
import { privateCharts, type Step } from "./step";
import { toYaml } from "../../shared/yaml";

/**
 * A rendering of steps, with the manifest of every release from `helm template`.
 * @param helm undefined omits the manifests of releases
 * @param digests of charts, by the names of their releases
 */
export async function renderSteps(
    stack: string,
    steps: Step[],
    helm: HelmProgram | undefined,
    stop?: AbortSignal,
    digests: Readonly<Record<string, string>> = {},
): Promise<Rendering> {
    const templates = new Map<string, string>();
    if (helm !== undefined) {
        const folder = mkdtempSync(path.join(tmpdir(), "bookinfo-mesh-values-"));
        try {
            await withPrivateCharts(helm.path, privateCharts(steps, digests), stop, async (located) => {
                for (const step of steps) {
                    if (step.type === "release") {
                        const values = path.join(folder, `${step.name}.yaml`);
                        writeFileSync(values, toYaml(step.release.values));
                        templates.set(step.name, await templateRelease(helm, located(step.release), values, stop));
                    }
                }
            });
        } finally {
            rmSync(folder, { recursive: true });
        }
    }
    return { stack, steps, templates };
}
