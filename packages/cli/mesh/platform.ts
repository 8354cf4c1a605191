/** What a cluster's nodes tell about where it runs, as far as load balancers depend on it. */
import type { ClusterApi } from "../../kubernetes/api";
import type { KubernetesObject } from "../../kubernetes/object";

export type PlatformName =
    | "kind"
    | "minikube"
    | "k3d"
    | "Rancher Desktop"
    | "k3s"
    | "Docker Desktop"
    | "AWS"
    | "Azure"
    | "Google Cloud"
    | "another cloud";

interface NodeFacts {
    name: string;
    labels: Record<string, string>;
    providerID: string;
    kubeletVersion: string;
    osImage: string;
}

/**
 * The platforms, each with how a node shows it. The first match counts: k3s also runs on the machines of clouds, and Docker
 * Desktop also runs kind. Providers of nodes: https://kubernetes.io/docs/reference/node/node-labels/ and each cloud's
 * controller manager; k3s: `--node-name` of k3d, and the host of Rancher Desktop's virtual machine.
 */
const PLATFORMS: [name: PlatformName, matches: (node: NodeFacts) => boolean][] = [
    [
        "Docker Desktop",
        ({ name, osImage, providerID }) =>
            name === "docker-desktop" ||
            osImage === "Docker Desktop" ||
            providerID.startsWith("kind://docker/desktop/"),
    ],
    ["minikube", ({ labels }) => labels["minikube.k8s.io/name"] !== undefined],
    ["kind", ({ providerID }) => providerID.startsWith("kind://")],
    ["AWS", (node) => isOf(node, "aws://", "eks.amazonaws.com/")],
    ["Azure", (node) => isOf(node, "azure://", "kubernetes.azure.com/")],
    ["Google Cloud", (node) => isOf(node, "gce://", "cloud.google.com/gke-")],
    ["k3d", (node) => isK3s(node) && node.name.startsWith("k3d-")],
    ["Rancher Desktop", (node) => isK3s(node) && /rancher-desktop/i.test(`${node.name} ${node.osImage}`)],
    ["k3s", isK3s],
    // Nodes have a provider's id only if a cloud's controller manager has set it.
    ["another cloud", ({ providerID }) => /^[a-z][-a-z\d.]*:\/\//.test(providerID)],
];

/** A cloud's node has its provider's id, and in the cloud's own Kubernetes also its labels. */
function isOf({ providerID, labels }: NodeFacts, provider: string, label: string): boolean {
    return providerID.startsWith(provider) || Object.keys(labels).some((key) => key.startsWith(label));
}

/** Nodes of k3s have its name in the kubelet's version, such as `v1.35.1+k3s1`. */
function isK3s({ providerID, kubeletVersion }: Pick<NodeFacts, "providerID" | "kubeletVersion">): boolean {
    return kubeletVersion.includes("+k3s") && (providerID === "" || providerID.startsWith("k3s://"));
}

/** Where a cluster runs; undefined if its nodes do not tell. */
export function platformOf(nodes: readonly KubernetesObject[]): PlatformName | undefined {
    const facts = nodes.map(factsOf);
    return PLATFORMS.find(([, matches]) => facts.some(matches))?.[0];
}

/** The platforms whose load balancers are those of a cloud. */
export function isCloud(platform: PlatformName | undefined): boolean {
    return ["AWS", "Azure", "Google Cloud", "another cloud"].includes(platform ?? "");
}

/** The platforms whose load balancer, ServiceLB, takes the Service's ports on the nodes themselves. */
export function hasServiceLb(platform: PlatformName | undefined): boolean {
    return ["k3d", "Rancher Desktop", "k3s"].includes(platform ?? "");
}

/** The cluster's nodes; none if the user may not list them. */
export function listNodes(api: ClusterApi): Promise<KubernetesObject[]> {
    return api.list("v1", "Node").catch(() => []);
}

/** All addresses of the nodes. */
export function addressesOf(nodes: readonly KubernetesObject[]): Set<string> {
    return new Set(
        nodes.flatMap(({ status }) => {
            const { addresses = [] } = (status ?? {}) as { addresses?: { address: string }[] };
            return addresses.map(({ address }) => address);
        }),
    );
}

function factsOf({ metadata, spec, status }: KubernetesObject): NodeFacts {
    const { providerID = "" } = (spec ?? {}) as { providerID?: string };
    const { nodeInfo = {} } = (status ?? {}) as { nodeInfo?: { kubeletVersion?: string; osImage?: string } };
    const { kubeletVersion = "", osImage = "" } = nodeInfo;
    return { name: metadata.name, labels: metadata.labels ?? {}, providerID, kubeletVersion, osImage };
}
