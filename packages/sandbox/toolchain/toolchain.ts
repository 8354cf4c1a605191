import * as path from "node:path";
import { type Artifact, artifactDirectory } from "./artifacts";
import { debian, debianArtifact } from "./debianPackages";
import { envoyArtifact } from "./envoy";
import { goArtifact } from "./goBuild";
import { goFamilies } from "./goFamilies";
import { cniChartArtifact, istioFiles, istioFilesArtifact } from "./istioFiles";
import { nodeArtifact } from "./node";

type FamilyName = keyof typeof goFamilies;

const builtByGo = Object.fromEntries(
    Object.values(goFamilies).map((family) => [
        family.name,
        // runc needs libseccomp from Debian's packages.
        goArtifact(
            family,
            family.needsC ? { PKG_CONFIG: debian.pkgConfig(artifactDirectory(debianArtifact)) } : undefined,
        ),
    ]),
) as Record<FamilyName, Artifact>;

export const kubernetesArtifact = builtByGo.kubernetes;

/** What the cluster itself needs, in the order of the builds. */
export const clusterArtifacts: readonly Artifact[] = [
    debianArtifact,
    builtByGo.runc,
    builtByGo.cni,
    builtByGo.etcd,
    builtByGo.containerd,
    builtByGo.kubernetes,
    builtByGo.coredns,
    builtByGo.helm,
    // Its program `pause` holds the namespaces.
    builtByGo.bookinfo,
];

/** What images are assembled of, in the order of the builds: first those of the page, then those of the add-ons. */
export const imageArtifacts: readonly Artifact[] = [
    istioFilesArtifact,
    envoyArtifact,
    builtByGo.istio,
    nodeArtifact,
    builtByGo.prometheus,
    builtByGo.jaeger,
    // Last, because only those who ask for it need it.
    builtByGo["istio-cni"],
];

/** Programs of the node that come with the add-ons, before them. */
export const laterArtifacts: readonly Artifact[] = [builtByGo["kube-router"]];

/** A tool for people, which nothing here needs. */
export const istioctlArtifact = builtByGo.istioctl;

/** Every artifact of the sandbox. */
export const toolchainArtifacts: readonly Artifact[] = [
    ...clusterArtifacts,
    ...laterArtifacts,
    ...imageArtifacts,
    istioctlArtifact,
    cniChartArtifact,
];

/** The directory of a Go family's programs. */
export function familyDirectory(family: FamilyName): string {
    return artifactDirectory(builtByGo[family]);
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
    envoyBootstrap: istioFiles.envoyBootstrap(artifactDirectory(istioFilesArtifact)),
    node: path.join(artifactDirectory(nodeArtifact), "node"),
    charts: istioFiles.charts(artifactDirectory(istioFilesArtifact)),
    cniChart: istioFiles.charts(artifactDirectory(cniChartArtifact)),
    debianRoot: debian.root(artifactDirectory(debianArtifact)),
    iptablesBin: debian.bin(artifactDirectory(debianArtifact)),
} as const;

/** Whether any of these files is of an artifact. */
export function usesFiles(artifact: Artifact, files: readonly string[]): boolean {
    const directory = artifactDirectory(artifact) + path.sep;
    return files.some((file) => file.startsWith(directory));
}
