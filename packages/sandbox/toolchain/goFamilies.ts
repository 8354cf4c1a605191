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
const inToolchain = (family: string) => path.join(sandboxDirectory, "toolchain", family);

/** Everything that is built from Go modules, the shortest build first. */
export const goFamilies = {
    bookinfo: {
        name: "bookinfo",
        title: "Bookinfo stand-in",
        directory: path.join(sandboxDirectory, "images", "bookinfo"),
        programs: {
            bookinfo: "bookinfo-mesh/sandbox/bookinfo",
            pause: "bookinfo-mesh/sandbox/bookinfo/cmd/pause",
        },
    },
    runc: {
        name: "runc",
        title: "runc",
        directory: inToolchain("runc"),
        programs: { runc: "github.com/opencontainers/runc" },
        needsC: true,
    },
    cni: {
        name: "cni",
        title: "CNI plugins",
        directory: inToolchain("cni"),
        programs: {
            bridge: "github.com/containernetworking/plugins/plugins/main/bridge",
            loopback: "github.com/containernetworking/plugins/plugins/main/loopback",
            "host-local": "github.com/containernetworking/plugins/plugins/ipam/host-local",
            portmap: "github.com/containernetworking/plugins/plugins/meta/portmap",
        },
    },
    etcd: {
        name: "etcd",
        title: "etcd",
        directory: inToolchain("etcd"),
        programs: { etcd: "go.etcd.io/etcd/server/v3" },
    },
    containerd: {
        name: "containerd",
        title: "containerd",
        directory: inToolchain("containerd"),
        programs: {
            containerd: "github.com/containerd/containerd/v2/cmd/containerd",
            "containerd-shim-runc-v2": "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
            ctr: "github.com/containerd/containerd/v2/cmd/ctr",
        },
    },
    helm: {
        name: "helm",
        title: "Helm",
        directory: inToolchain("helm"),
        programs: { helm: "helm.sh/helm/v3/cmd/helm" },
    },
    coredns: {
        name: "coredns",
        title: "CoreDNS",
        directory: inToolchain("coredns"),
        programs: { coredns: "github.com/coredns/coredns" },
    },
    jaeger: {
        name: "jaeger",
        title: `Jaeger ${jaegerVersion}`,
        directory: inToolchain("jaeger"),
        // Jaeger 2. The module's other programs are Jaeger 1.
        programs: { jaeger: "github.com/jaegertracing/jaeger/cmd/jaeger" },
        stamps: { "github.com/jaegertracing/jaeger/pkg/version.latestVersion": `v${jaegerVersion}` },
    },
    prometheus: {
        name: "prometheus",
        title: `Prometheus ${prometheusVersion}`,
        directory: inToolchain("prometheus"),
        programs: { prometheus: "github.com/prometheus/prometheus/cmd/prometheus" },
        stamps: { "github.com/prometheus/common/version.Version": prometheusVersion },
    },
    istio: {
        name: "istio",
        title: `Istio ${istioVersion}`,
        directory: inToolchain("istio"),
        programs: {
            "pilot-discovery": "istio.io/istio/pilot/cmd/pilot-discovery",
            "pilot-agent": "istio.io/istio/pilot/cmd/pilot-agent",
            istioctl: "istio.io/istio/istioctl/cmd/istioctl",
        },
        stamps: {
            "istio.io/istio/pkg/version.buildVersion": istioVersion,
            "istio.io/istio/pkg/version.buildTag": istioVersion,
        },
    },
    kubernetes: {
        name: "kubernetes",
        title: `Kubernetes ${kubernetesVersion}`,
        directory: inToolchain("kubernetes"),
        programs: Object.fromEntries(
            ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl"].map(
                (program) => [program, `k8s.io/kubernetes/cmd/${program}`],
            ),
        ),
        // Without these the API server's version is "v0.0.0-master+$Format:%H$", which clients cannot parse.
        stamps: Object.fromEntries(
            ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].flatMap((versionPackage) => [
                [`${versionPackage}.gitVersion`, `v${kubernetesVersion}`],
                [`${versionPackage}.gitMajor`, kubernetesMajor],
                [`${versionPackage}.gitMinor`, kubernetesMinor],
            ]),
        ),
    },
} as const satisfies Record<string, GoFamily>;
