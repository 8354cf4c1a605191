/**
 * Why an API server may not reach a pod: on many platforms the control plane is in another network than the nodes. Each
 * remedy adds something that only the people of the platform can add, and takes nothing away.
 */
import { ISTIO_NAMESPACE, ISTIOD_WEBHOOK_PORT } from "../../../components/names";
import type { KubernetesObject } from "../../kubernetes/object";
import type { FailedCall } from "./failedCall";

/** What is known of a cluster's control plane. */
export interface ControlPlane {
    /** Undefined if it cannot be recognised. */
    platform?: "eks" | "gke" | "aks";
    /** Whether the API server has a proxy of its own (`HTTPS_PROXY`), as far as its pod tells. */
    proxied: boolean;
    /** Range of Service addresses; undefined if it is unknown. */
    serviceRange?: string;
}

/** How a platform shows: in the address of the API server, in labels of nodes, in the kubelet's version, in the provider's id. */
const PLATFORMS: Record<
    NonNullable<ControlPlane["platform"]>,
    Record<"server" | "label" | "version" | "provider", RegExp>
> = {
    eks: {
        server: /\.eks\.amazonaws\.com/,
        label: /^(?:eks\.amazonaws\.com|alpha\.eksctl\.io)\//,
        version: /-eks-/,
        provider: /^aws:/,
    },
    gke: {
        server: /\.gke\.goog(?:[:/]|$)/,
        label: /^cloud\.google\.com\/gke-/,
        version: /-gke\./,
        provider: /^gce:/,
    },
    aks: {
        server: /\.azmk8s\.io/,
        label: /^kubernetes\.azure\.com\//,
        version: /-aks/,
        provider: /^azure:/,
    },
};

/** What Go says if a proxy does not connect: `proxyconnect`, or the words of the proxy's status. */
const PROXY_WORDS =
    /proxyconnect|: (?:Service Unavailable|Bad Gateway|Gateway Time-?out|Forbidden|Proxy Authentication Required|Method Not Allowed|Not Found)\W*$/;

/** k3s and RKE2 reach pods through a tunnel of the node's agent. */
const TUNNEL_WORDS = /proxy error from/;

const PORT = `TCP ${ISTIOD_WEBHOOK_PORT}`;

/**
 * @param server URL of the API server
 * @param nodes of the cluster; empty if the user may not list them
 * @param pods of the cluster: that of an API server tells its settings
 */
export function readControlPlane(
    server: string | undefined,
    nodes: readonly KubernetesObject[],
    pods: readonly KubernetesObject[],
): ControlPlane {
    const platform = (["eks", "gke", "aks"] as const).find(
        (each) => PLATFORMS[each].server.test(server ?? "") || nodes.some((node) => isNodeOf(each, node)),
    );
    const apiServers = pods.filter(
        ({ metadata }) => metadata.namespace === "kube-system" && metadata.labels?.component === "kube-apiserver",
    );
    const containers = apiServers.flatMap(
        ({ spec }) =>
            ((spec ?? {}) as { containers?: { env?: { name: string; value?: string }[]; command?: string[] }[] })
                .containers ?? [],
    );
    const flag = containers.flatMap(({ command = [] }) => command).join(" ");
    return {
        platform,
        proxied: containers.some(({ env = [] }) =>
            env.some(({ name, value }) => /^https?_proxy$/i.test(name) && value),
        ),
        serviceRange: /--service-cluster-ip-range=(\S+)/.exec(flag)?.[1],
    };
}

function isNodeOf(platform: keyof typeof PLATFORMS, { metadata, spec, status }: KubernetesObject): boolean {
    const { label, version, provider } = PLATFORMS[platform];
    const { providerID = "" } = (spec ?? {}) as { providerID?: string };
    const { nodeInfo } = (status ?? {}) as { nodeInfo?: { kubeletVersion?: string } };
    return (
        Object.keys(metadata.labels ?? {}).some((key) => label.test(key)) ||
        // A cloud's machine may belong to a cluster with its own control plane, which has Kubernetes' own version.
        (nodeInfo?.kubeletVersion === undefined ? provider.test(providerID) : version.test(nodeInfo.kubeletVersion))
    );
}

/** What to do if istiod runs and the API server does not reach it. */
export function reachRemedy({ webhook, reason }: FailedCall, controlPlane: ControlPlane, kubectl: string): string {
    return (
        `istiod runs, but the API server does not reach it on ${PORT} (webhook ${webhook}). ` +
        `${wayOf(reason, controlPlane, kubectl)} The webhook itself is right: leave it as it is.`
    );
}

function wayOf(reason: string, { platform, proxied, serviceRange }: ControlPlane, kubectl: string): string {
    const exempt = `add .svc and the range of Services${serviceRange === undefined ? "" : `, ${serviceRange},`} to its no_proxy`;
    if (TUNNEL_WORDS.test(reason)) {
        return (
            "It goes through the tunnel of the node's agent (k3s, RKE2): is the agent connected, and does the server's option " +
            "--egress-selector-mode fit the network?"
        );
    }
    if (proxied || PROXY_WORDS.test(reason)) {
        return `The API server sends the request to a proxy: ${exempt}, and restart it.`;
    }
    switch (platform) {
        case "eks":
            return (
                `On EKS, the security group of the nodes must allow ${PORT} from the security group of the cluster. If the pods' ` +
                "addresses are not of the VPC (an overlay network), the control plane reaches no pod."
            );
        case "gke":
            return (
                "On a private GKE cluster, Google's own firewall rule opens 443 and 10250 only. Add a rule from the range of " +
                `the control plane to the nodes: gcloud compute firewall-rules create NAME --network NETWORK --direction INGRESS ` +
                `--source-ranges RANGE --target-tags TAG --allow tcp:${ISTIOD_WEBHOOK_PORT}.`
            );
        case "aks":
            return (
                "On AKS, the way is konnectivity-agent in kube-system: do its pods run " +
                `(${kubectl} --namespace kube-system get pods --selector app=konnectivity-agent), and do the network security ` +
                `groups and network policies let them reach pods on ${PORT}?`
            );
        default:
            return (
                `Open ${PORT} from the control plane to the nodes and pods. On EKS that is a rule in the security group of the ` +
                "nodes, on a private GKE cluster a firewall rule from the control plane's range. Look also for a network policy " +
                `in ${ISTIO_NAMESPACE}. If the API server uses a proxy, ${exempt}.`
            );
    }
}
