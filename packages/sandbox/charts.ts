import * as fs from "node:fs";
import * as path from "node:path";
import { outputOf } from "../shared/childProcess";
import { answers } from "./contact";
import { cache, live } from "./paths";
import { istioVersion } from "./settings";
import { buildArtifact } from "./toolchain/artifacts";
import { istioFilesArtifact } from "./toolchain/istioFiles";
import { program, toolchainFiles } from "./toolchain/toolchain";

/** Istio's chart repository since its move in 2026 (istio.io blog, "An update on our move to AWS"). */
const repository = "https://blob.istio.io/istio-release/charts";
const charts = ["base", "istiod", "gateway"];

/**
 * Puts Istio's charts, one directory each, where the stack `local` expects them.
 * @returns where they come from
 */
export async function publishCharts(): Promise<"repository" | "Go module"> {
    const pulled = path.join(cache.root, `charts-${istioVersion}`);
    const isPulled = fs.existsSync(pulled) || (await pullCharts(pulled));
    if (!isPulled) {
        await buildArtifact(istioFilesArtifact, () => undefined);
    }
    fs.cpSync(isPulled ? pulled : toolchainFiles.charts, live.charts, { recursive: true });
    return isPulled ? "repository" : "Go module";
}

async function pullCharts(target: string): Promise<boolean> {
    const partial = `${target}.partial`;
    fs.rmSync(partial, { recursive: true, force: true });
    try {
        if (!(await answers(`${repository}/index.yaml`))) {
            return false;
        }
        for (const chart of charts) {
            const source = [chart, "--repo", repository, "--version", istioVersion];
            await outputOf(program("helm", "helm"), ["pull", ...source, "--untar", "--untardir", partial]);
        }
        fs.renameSync(partial, target);
        return true;
    } catch {
        return false; // offline: the charts in Istio's Go module work too
    }
}
