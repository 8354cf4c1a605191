/**
 * Why an API server may not reach a pod: on many platforms the control plane is in another network than the nodes. Each
 * remedy adds something that only the people of the platform can add, and takes nothing away.
 */
import { ISTIO_NAMESPACE, ISTIOD_WEBHOOK_PORT } from "../../../components/names";
import type { KubernetesObject } from "../../kubernetes/object";
import { type PlatformFacts, platformWith } from "../mesh/platform";
import type { FailedCall } from "./failedCall";

/** What is known of a cluster's control plane. */
export interface ControlPlane {
    /** What lets it reach pods on its platform; undefined if that cannot be recognised. */
    way?: PlatformFacts["way"];
    /** Whether the API server has a proxy of its own (`HTTPS_PROXY`), as far as its pod tells. */
    proxied: boolean;
    /** Range of Service addresses; undefined if it is unknown. */
    serviceRange?: string;
}

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
        way: platformWith("way", { server, nodes })?.way,
        proxied: containers.some(({ env = [] }) =>
            env.some(({ name, value }) => /^https?_proxy$/i.test(name) && value),
        ),
        serviceRange: /--service-cluster-ip-range=(\S+)/.exec(flag)?.[1],
    };
}

/** What to do if istiod runs and the API server does not reach it. */
export function reachRemedy({ webhook, reason }: FailedCall, controlPlane: ControlPlane, kubectl: string): string {
    return (
        `istiod runs, but the API server does not reach it on ${PORT} (webhook ${webhook}). ` +
        `${wayOf(reason, controlPlane, kubectl)} The webhook itself is right: leave it as it is.`
    );
}

function wayOf(reason: string, { way, proxied, serviceRange }: ControlPlane, kubectl: string): string {
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
    return (
        way?.(kubectl) ??
        `Open ${PORT} from the control plane to the nodes and pods. On EKS that is a rule in the security group of the ` +
            "nodes, on a private GKE cluster a firewall rule from the control plane's range. Look also for a network policy " +
            `in ${ISTIO_NAMESPACE}. If the API server uses a proxy, ${exempt}.`
    );
}
