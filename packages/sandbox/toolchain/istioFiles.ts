import * as fs from "node:fs";
import * as path from "node:path";
import { istioVersion } from "../settings";
import type { Artifact, Report } from "./artifacts";
import { go, moduleFiles } from "./goBuild";
import { goFamilies } from "./goFamilies";

const istioModule = "istio.io/istio";

/** Where the module has each chart that the program installs. */
const chartSources = { base: "base", istiod: "istio-control/istio-discovery", gateway: "gateway" };

/** Places in the finished artifact. */
export const istioFiles = {
    charts: (directory: string) => path.join(directory, "charts"),
    envoyBootstrap: (directory: string) => path.join(directory, "envoy_bootstrap.json"),
};

/**
 * The proxy's bootstrap template and the charts, from Istio's Go module, which is only downloaded. In the module the charts
 * have the version 1.0.0. Istio's release process writes the real version into them, and so does this.
 */
export const istioFilesArtifact: Artifact = {
    name: "istio-files",
    title: "Istio's charts",
    // Increase the number when the build below changes.
    builtFrom: [...moduleFiles(goFamilies.istio.module), istioVersion, "recipe 1"],
    tools: ["go"],
    async build(directory, report) {
        const source = await downloadIstio(report);
        fs.copyFileSync(
            path.join(source, "tools/packaging/common/envoy_bootstrap.json"),
            istioFiles.envoyBootstrap(directory),
        );
        copyCharts(source, chartSources, directory);
    },
};

/** The chart of Istio's CNI plugin, for those who ask for it. */
export const cniChartArtifact: Artifact = {
    name: "istio-cni-chart",
    title: "Chart of Istio's CNI plugin",
    // Increase the number when the build below changes.
    builtFrom: [...moduleFiles(goFamilies.istio.module), istioVersion, "recipe 1"],
    tools: ["go"],
    async build(directory, report) {
        copyCharts(await downloadIstio(report), { cni: "istio-cni" }, directory);
    },
};

/** @returns the folder of Istio's module in Go's cache */
async function downloadIstio(report: Report): Promise<string> {
    report("downloading Istio's module");
    const answer = await go(goFamilies.istio.module, ["mod", "download", "-json", istioModule]);
    return (JSON.parse(answer) as { Dir: string }).Dir;
}

/** @param charts the folder of each chart in the module */
function copyCharts(source: string, charts: Record<string, string>, directory: string): void {
    for (const [chart, folder] of Object.entries(charts)) {
        const target = path.join(istioFiles.charts(directory), chart);
        fs.cpSync(path.join(source, "manifests/charts", folder), target, { recursive: true });
        stampChart(path.join(target, "Chart.yaml"));
    }
}

function stampChart(file: string): void {
    const stamped = fs
        .readFileSync(file, "utf8")
        .replace(/^version: .*$/m, `version: ${istioVersion}`)
        .replace(/^appVersion: .*$/m, `appVersion: ${istioVersion}`);
    fs.writeFileSync(file, stamped);
}
