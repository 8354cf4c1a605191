import * as path from "node:path";
import { sandboxDirectory } from "../paths";
import { istioVersion, jaegerVersion, kubernetesVersion, prometheusVersion } from "../settings";

/** Programs that are built together, because they share most of their packages. */
export interface GoFamily {
    name: string;
    title: string;
    /** Contains go.mod and go.sum. */
    module: string;
    /** Directory of sources in this project, beside go.mod; undefined if every package comes from another module. */
    sources?: string;
    /** Name of each program, and its Go package. Programs of one package are one file that looks at its name. */
    programs: Readonly<Record<string, string>>;
    /** Full names of string variables, and the values that the linker writes into them. */
    stamps?: Readonly<Record<string, string>>;
    /** Build tags, separated by commas. */
    tags?: string;
    /**
     * Whether it is built before what only the page's programs need is removed from Go's caches: nearly all of its packages are
     * among that. Default: false.
     */
    usesPagePackages?: boolean;
    /** Whether it contains C. Only runc does: its first steps inside a new namespace, and libseccomp. */
    needsC?: boolean;
}

const toolchain = path.join(sandboxDirectory, "toolchain");
const [kubernetesMajor = "", kubernetesMinor = ""] = kubernetesVersion.split(".");

/** Keeps the type of `programs`, so that a wrong name of a program does not compile. */
function family<P extends GoFamily["programs"]>(
    name: string,
    title: string,
    programs: P,
    more: Partial<GoFamily> = {},
): GoFamily & { programs: P } {
    return { name, title, module: toolchain, ...more, programs };
}

const istioStamps = {
    "istio.io/istio/pkg/version.buildVersion": istioVersion,
    "istio.io/istio/pkg/version.buildTag": istioVersion,
};

/**
 * Everything that is built from Go modules. All but Jaeger, kube-router and the stand-in share one go.mod. So what several programs need
 * has one version, and Go compiles it once.
 */
export const goFamilies = {
    bookinfo: family(
        "bookinfo",
        "Bookinfo stand-in",
        {
            bookinfo: "bookinfo-mesh/sandbox/bookinfo",
            pause: "bookinfo-mesh/sandbox/bookinfo/cmd/pause",
        },
        {
            module: path.join(sandboxDirectory, "images", "bookinfo"),
            sources: path.join(sandboxDirectory, "images", "bookinfo"),
        },
    ),
    runc: family("runc", "runc", { runc: "github.com/opencontainers/runc" }, { needsC: true, tags: "seccomp" }),
    cni: family("cni", "CNI plugins", {
        bridge: "github.com/containernetworking/plugins/plugins/main/bridge",
        loopback: "github.com/containernetworking/plugins/plugins/main/loopback",
        "host-local": "github.com/containernetworking/plugins/plugins/ipam/host-local",
        portmap: "github.com/containernetworking/plugins/plugins/meta/portmap",
    }),
    etcd: family("etcd", "etcd", { etcd: "go.etcd.io/etcd/server/v3" }),
    containerd: family("containerd", "containerd", {
        containerd: "github.com/containerd/containerd/v2/cmd/containerd",
        "containerd-shim-runc-v2": "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
        ctr: "github.com/containerd/containerd/v2/cmd/ctr",
    }),
    kubernetes: family(
        "kubernetes",
        `Kubernetes ${kubernetesVersion}`,
        {
            "kube-apiserver": "./kubernetes",
            "kube-controller-manager": "./kubernetes",
            "kube-scheduler": "./kubernetes",
            kubelet: "./kubernetes",
            "kube-proxy": "./kubernetes",
            kubectl: "./kubernetes",
        },
        {
            sources: path.join(toolchain, "kubernetes"),
            // Without these the API server's version is "v0.0.0-master+$Format:%H$", which clients cannot parse.
            stamps: Object.fromEntries(
                ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].flatMap((versionPackage) => [
                    [`${versionPackage}.gitVersion`, `v${kubernetesVersion}`],
                    [`${versionPackage}.gitMajor`, kubernetesMajor],
                    [`${versionPackage}.gitMinor`, kubernetesMinor],
                ]),
            ),
        },
    ),
    coredns: family("coredns", "CoreDNS", { coredns: "./coredns" }, { sources: path.join(toolchain, "coredns") }),
    helm: family("helm", "Helm", { helm: "helm.sh/helm/v3/cmd/helm" }),
    istio: family(
        "istio",
        `Istio ${istioVersion}`,
        {
            "pilot-discovery": "istio.io/istio/pilot/cmd/pilot-discovery",
            "pilot-agent": "istio.io/istio/pilot/cmd/pilot-agent",
        },
        { stamps: istioStamps },
    ),
    // Its packages are those of the programs above and below, so the go.mod needs no entry for it.
    "istio-cni": family(
        "istio-cni",
        `Istio's CNI plugin ${istioVersion}`,
        {
            "install-cni": "istio.io/istio/cni/cmd/install-cni",
            "istio-cni": "istio.io/istio/cni/cmd/istio-cni",
        },
        { stamps: istioStamps },
    ),
    istioctl: family(
        "istioctl",
        `istioctl ${istioVersion}`,
        { istioctl: "istio.io/istio/istioctl/cmd/istioctl" },
        { stamps: istioStamps },
    ),
    "kube-router": family(
        "kube-router",
        "kube-router's network policies",
        { "kube-router": "./kube-router" },
        {
            // A go.mod of its own leaves the programs of the other one as they are.
            module: path.join(toolchain, "netpol"),
            sources: path.join(toolchain, "netpol", "kube-router"),
            usesPagePackages: true,
        },
    ),
    prometheus: family(
        "prometheus",
        `Prometheus ${prometheusVersion}`,
        { prometheus: "github.com/prometheus/prometheus/cmd/prometheus" },
        {
            stamps: { "github.com/prometheus/common/version.Version": prometheusVersion },
            // The clients of clouds that can list targets are a fifth of its packages. The program lists those of Kubernetes.
            tags: "remove_all_sd,enable_kubernetes_sd",
        },
    ),
    jaeger: family(
        "jaeger",
        `Jaeger ${jaegerVersion}`,
        // Jaeger 2. The module's other programs are Jaeger 1.
        { jaeger: "github.com/jaegertracing/jaeger/cmd/jaeger" },
        {
            // Its OpenTelemetry Collector is older than the one of Prometheus, and neither builds with the other's. What else
            // both need has the same version in both go.mod files.
            module: path.join(toolchain, "jaeger"),
            stamps: { "github.com/jaegertracing/jaeger/pkg/version.latestVersion": `v${jaegerVersion}` },
        },
    ),
};
