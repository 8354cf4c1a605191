import * as fs from "node:fs";
import * as path from "node:path";
import { outputOf } from "../shared/childProcess";
import { answers } from "./contact";
import { cache, live } from "./paths";
import { istioVersion } from "./settings";
import { type Artifact, buildArtifact } from "./toolchain/artifacts";
import { cniChartArtifact, istioFilesArtifact } from "./toolchain/istioFiles";
import { program, toolchainFiles } from "./toolchain/toolchain";

/** Istio's chart repository since its move in 2026 (istio.io blog, "An update on our move to AWS"). */
const repository = "https://blob.istio.io/istio-release/charts";
const charts = ["base", "istiod", "gateway"];

/**
 * Puts Istio's charts, one directory each, where the stack `local` expects them.
 * @returns where they come from
 */
export async function publishCharts(): Promise<Origin> {
    return publish(charts, `charts-${istioVersion}`, istioFilesArtifact, toolchainFiles.charts);
}

/** The same with the chart of Istio's CNI plugin, which the stack `local` does not expect. */
export async function publishCniChart(): Promise<Origin> {
    return publish(["cni"], `chart-cni-${istioVersion}`, cniChartArtifact, toolchainFiles.cniChart);
}

type Origin = "repository" | "Go module";

/**
 * @param folder where pulled charts stay in the cache
 * @param built where the artifact has its charts
 */
async function publish(names: readonly string[], folder: string, artifact: Artifact, built: string): Promise<Origin> {
    const pulled = path.join(cache.root, folder);
    const isPulled = fs.existsSync(pulled) || (await pullCharts(names, pulled));
    if (!isPulled) {
        await buildArtifact(artifact, () => undefined);
    }
    fs.cpSync(isPulled ? pulled : built, live.charts, { recursive: true });
    return isPulled ? "repository" : "Go module";
}

async function pullCharts(names: readonly string[], target: string): Promise<boolean> {
    const partial = `${target}.partial`;
    fs.rmSync(partial, { recursive: true, force: true });
    try {
        if (!(await answers(`${repository}/index.yaml`))) {
            return false;
        }
        for (const chart of names) {
            const source = [chart, "--repo", repository, "--version", istioVersion];
            await outputOf(program("helm", "helm"), ["pull", ...source, "--untar", "--untardir", partial]);
        }
        fs.renameSync(partial, target);
        return true;
    } catch {
        return false; // offline: the charts in Istio's Go module work too
    }
}
