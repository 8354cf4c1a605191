import * as path from "node:path";
import { istioVersion, jaegerVersion, kubernetesVersion, prometheusVersion } from "../settings";
import { sandboxDirectory } from "../paths";

/** Programs that are built together from one go.mod, because they share most of their packages. */
export interface GoFamily {
    name: string;
    title: string;
    /** Contains go.mod and go.sum. */
    directory: string;
    /** Name of each program, and its Go package. */
    programs: Readonly<Record<string, string>>;
    /** Full names of string variables, and the values that the linker writes into them. */
    stamps?: Readonly<Record<string, string>>;
    /** Whether it contains C. Only runc does: its first steps inside a new namespace, and libseccomp. */
    needsC?: boolean;
}

const [kubernetesMajor = "", kubernetesMinor = ""] = kubernetesVersion.split(".");

/** Keeps the type of `programs`, so that a wrong name of a program does not compile. */
function family<P extends GoFamily["programs"]>(
    name: string,
    title: string,
    programs: P,
    more: Partial<GoFamily> = {},
): GoFamily & { programs: P } {
    return { name, title, directory: path.join(sandboxDirectory, "toolchain", name), ...more, programs };
}

/** Everything that is built from Go modules, the shortest build first. */
export const goFamilies = {
    bookinfo: family(
        "bookinfo",
        "Bookinfo stand-in",
        {
            bookinfo: "bookinfo-mesh/sandbox/bookinfo",
            pause: "bookinfo-mesh/sandbox/bookinfo/cmd/pause",
        },
        { directory: path.join(sandboxDirectory, "images", "bookinfo") },
    ),
    runc: family("runc", "runc", { runc: "github.com/opencontainers/runc" }, { needsC: true }),
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
    helm: family("helm", "Helm", { helm: "helm.sh/helm/v3/cmd/helm" }),
    coredns: family("coredns", "CoreDNS", { coredns: "github.com/coredns/coredns" }),
    jaeger: family(
        "jaeger",
        `Jaeger ${jaegerVersion}`,
        // Jaeger 2. The module's other programs are Jaeger 1.
        { jaeger: "github.com/jaegertracing/jaeger/cmd/jaeger" },
        { stamps: { "github.com/jaegertracing/jaeger/pkg/version.latestVersion": `v${jaegerVersion}` } },
    ),
    prometheus: family(
        "prometheus",
        `Prometheus ${prometheusVersion}`,
        { prometheus: "github.com/prometheus/prometheus/cmd/prometheus" },
        { stamps: { "github.com/prometheus/common/version.Version": prometheusVersion } },
    ),
    istio: family(
        "istio",
        `Istio ${istioVersion}`,
        {
            "pilot-discovery": "istio.io/istio/pilot/cmd/pilot-discovery",
            "pilot-agent": "istio.io/istio/pilot/cmd/pilot-agent",
            istioctl: "istio.io/istio/istioctl/cmd/istioctl",
        },
        {
            stamps: {
                "istio.io/istio/pkg/version.buildVersion": istioVersion,
                "istio.io/istio/pkg/version.buildTag": istioVersion,
            },
        },
    ),
    kubernetes: family(
        "kubernetes",
        `Kubernetes ${kubernetesVersion}`,
        {
            "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
            "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
            "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
            kubelet: "k8s.io/kubernetes/cmd/kubelet",
            "kube-proxy": "k8s.io/kubernetes/cmd/kube-proxy",
            kubectl: "k8s.io/kubernetes/cmd/kubectl",
        },
        {
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
};
