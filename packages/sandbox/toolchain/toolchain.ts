import * as fs from "node:fs";
import * as path from "node:path";
import { istioVersion } from "../settings";
import { debian, debianArtifact } from "./debianPackages";
import { envoyArtifact } from "./envoy";
import { go, goArtifact, type GoBuildOptions } from "./goBuild";
import { goFamilies } from "./goFamilies";
import { nodeArtifact } from "./node";
import { type Artifact, artifactDirectory } from "./artifacts";

type FamilyName = keyof typeof goFamilies;

const buildOptions: Partial<Record<FamilyName, GoBuildOptions>> = {
    runc: { tags: "seccomp", env: { PKG_CONFIG: debian.pkgConfig(artifactDirectory(debianArtifact)) } },
    istio: { finish: takeIstioFiles },
};

/** Every artifact of the sandbox, in the order of the builds. runc needs libseccomp from Debian's packages. */
export const toolchainArtifacts: readonly Artifact[] = [
    debianArtifact,
    envoyArtifact,
    nodeArtifact,
    ...Object.values(goFamilies).map((family) => goArtifact(family, buildOptions[family.name as FamilyName])),
];

const directoryOf = Object.fromEntries(
    toolchainArtifacts.map((artifact) => [artifact.name, artifactDirectory(artifact)]),
);

/** The directory of a Go family's programs. */
export function familyDirectory(family: FamilyName): string {
    return directoryOf[family] ?? "";
}

/** The file of a Go program. A name that its family does not have is a type error. */
export function program<F extends FamilyName>(
    family: F,
    name: keyof (typeof goFamilies)[F]["programs"] & string,
): string {
    return path.join(familyDirectory(family), name);
}

/** Files of the toolchain that are not Go programs. */
export const toolchainFiles = {
    envoy: path.join(artifactDirectory(envoyArtifact), "envoy"),
    envoyBootstrap: path.join(familyDirectory("istio"), "envoy_bootstrap.json"),
    node: path.join(artifactDirectory(nodeArtifact), "node"),
    charts: path.join(familyDirectory("istio"), "charts"),
    debianRoot: debian.root(artifactDirectory(debianArtifact)),
    iptablesBin: debian.bin(artifactDirectory(debianArtifact)),
} as const;

/** Where the module has each chart that the program installs. */
const chartSources = { base: "base", istiod: "istio-control/istio-discovery", gateway: "gateway" };

/**
 * Copies the proxy's bootstrap template and the charts from Istio's Go module. In the module the charts have the version 1.0.0.
 * Istio's release process writes the real version into them, and so does this. (The text of this function is part of the
 * artifact's hash.)
 */
async function takeIstioFiles(directory: string): Promise<void> {
    const module = (await go(goFamilies.istio, ["list", "-m", "-f", "{{.Dir}}", "istio.io/istio"])).trim();
    fs.copyFileSync(
        path.join(module, "tools/packaging/common/envoy_bootstrap.json"),
        path.join(directory, "envoy_bootstrap.json"),
    );
    for (const [chart, source] of Object.entries(chartSources)) {
        const target = path.join(directory, "charts", chart);
        fs.cpSync(path.join(module, "manifests/charts", source), target, { recursive: true });
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
