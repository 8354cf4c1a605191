/** Versions, addresses and names of the sandbox. */
import * as os from "node:os";

/** This machine's architecture, as Go, container images and releases name it. */
export const architecture = { x64: "amd64", arm64: "arm64" }[os.arch()] ?? os.arch();

/** Kubernetes: the newest minor version that Istio 1.31 supports (1.32 to 1.36), as in toolchain/kubernetes/go.mod. */
export const kubernetesVersion = "1.36.3";

/** Istio: the release whose commit toolchain/istio/go.mod names (istio/istio eed52eb, tagged 1.31.0). */
export const istioVersion = "1.31.0";

/** Tag of the Bookinfo images, as in istio/istio's samples/bookinfo/platform/kube/bookinfo.yaml. */
export const bookinfoVersion = "1.20.3";

/** Prometheus 3: its Go module counts 3.N.P as 0.300+N.P, as in toolchain/prometheus/go.mod. */
export const prometheusVersion = "3.15.0";

/** Jaeger 2: its Go module counts 2.N.P as 1.63+N.P, as in toolchain/jaeger/go.mod (Jaeger's CHANGELOG.md has both). */
export const jaegerVersion = "2.2.0";

/** Node, which runs servicegraph, as in toolchain/node/package.json. */
export const nodeVersion = "24.21.0";

/** Grafana and Kiali, which are pulled or absent. The stack `local` names the same versions. */
export const grafanaVersion = "13.2.2";
export const kialiVersion = "2.31.0";

/** Name of the node. */
export const nodeName = "sandbox";

/** Name of the kubeconfig's context, and of the cluster in it. */
export const contextName = "bookinfo-mesh";

/** The sandbox's own network. 198.51.100.0/24 is TEST-NET-2 (RFC 5737), which no real host uses. */
export const network = {
    prefix: "198.51.100.0/24",
    prefixLength: 24,
    /** The machine's end of the link. */
    hostAddress: "198.51.100.1",
    nodeAddress: "198.51.100.10",
    /** Addresses of LoadBalancer Services. */
    loadBalancerPool: Array.from({ length: 20 }, (_, i) => `198.51.100.${20 + i}`),
    podRange: "10.244.0.0/24",
    serviceRange: "10.96.0.0/16",
    /** The first address of serviceRange. The API server uses it for `kubernetes.default`. */
    kubernetesService: "10.96.0.1",
} as const;

/** Where the API server listens, for the machine and for pods. */
export const apiServerUrl = `https://${network.nodeAddress}:6443`;

/** The machine's end of the link into the sandbox (at most 15 characters: IFNAMSIZ). */
export const hostInterface = "bookinfo-mesh0";
