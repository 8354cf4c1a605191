/** The platforms that clusters run on: how each shows, and what follows from it. Everything that depends on one asks here. */
import { ISTIOD_WEBHOOK_PORT } from "../../../components/names";
import type { Platform } from "../../../components/platform";
import type { ClusterApi } from "../../kubernetes/api";
import type { KubernetesObject } from "../../kubernetes/object";

export type PlatformName =
    | ("Docker Desktop" | "minikube" | "kind")
    | ("AWS" | "Azure" | "Google Cloud" | "another cloud")
    | ("k3d" | "Rancher Desktop" | "k3s")
    | ("EKS" | "GKE" | "AKS" | "OpenShift" | "MicroK8s");

/** What is known of a cluster. */
export interface KnownCluster {
    /** Empty if the user may not list them. */
    nodes: readonly KubernetesObject[];
    /** URL of the API server. */
    server?: string;
    /** Version of the API server as it gives it, such as `v1.33.5-gke.100`. */
    version?: string;
    /** Its API groups, such as `security.openshift.io`. */
    groups?: readonly string[];
}

/** Where platforms show: each with all values that a cluster has there. */
type Signs = Record<"server" | "version" | "group" | "provider" | "label" | "node" | "system", readonly string[]>;

export interface PlatformFacts {
    name: PlatformName;
    /** How it shows: by any of these sets of signs. */
    signs: Partial<Record<keyof Signs, RegExp>>[];
    /** What gives addresses to its load balancers. ServiceLB and Docker Desktop give each port of the nodes only once. */
    loadBalancer?: "cloud" | "ServiceLB" | "Docker Desktop" | "a program beside it";
    /** `istio.platform` there, if Istio's CNI plugin would do nothing without. */
    istio?: Platform;
    /** What lets the API server reach pods there, in sentences. @param kubectl the start of a command for the cluster */
    way?: (kubectl: string) => string;
}

const PORT = `TCP ${ISTIOD_WEBHOOK_PORT}`;

/** k3s' name is in the versions of its servers and kubelets, such as `v1.35.1+k3s1`. */
const K3S = /\+k3s/;

/**
 * What a question is about may be where the nodes run, or which Kubernetes runs there: k3s also runs on the machines of
 * clouds, and has their load balancers then. So several may match. The first one with an answer counts.
 *
 * Providers and labels of nodes: https://kubernetes.io/docs/reference/node/node-labels/ and each cloud's controller manager;
 * k3s: `--node-name` of k3d, and the host of Rancher Desktop's virtual machine. `istio`: Istio's
 * manifests/helm-profiles/platform-*.yaml; that of minikube changes the ambient mode only.
 */
export const PLATFORMS: readonly PlatformFacts[] = [
    {
        name: "Docker Desktop",
        signs: [
            { node: /^docker-desktop$/ },
            { system: /^Docker Desktop$/ },
            { provider: /^kind:\/\/docker\/desktop\// },
        ],
        loadBalancer: "Docker Desktop",
    },
    { name: "minikube", signs: [{ label: /^minikube\.k8s\.io\/name$/ }], loadBalancer: "a program beside it" },
    { name: "kind", signs: [{ provider: /^kind:/ }], loadBalancer: "a program beside it" },
    { name: "AWS", signs: [{ provider: /^aws:/ }, { label: /^eks\.amazonaws\.com\// }], loadBalancer: "cloud" },
    { name: "Azure", signs: [{ provider: /^azure:/ }, { label: /^kubernetes\.azure\.com\// }], loadBalancer: "cloud" },
    {
        name: "Google Cloud",
        signs: [{ provider: /^gce:/ }, { label: /^cloud\.google\.com\/gke-/ }],
        loadBalancer: "cloud",
    },
    // Nodes have a provider's id only if a controller manager has set it: a cloud's, or the one inside k3s and RKE2.
    { name: "another cloud", signs: [{ provider: /^(?!k3s:|rke2:)[a-z][-a-z\d.]*:\/\// }], loadBalancer: "cloud" },
    { name: "k3d", signs: [{ version: K3S, node: /^k3d-/ }], loadBalancer: "ServiceLB", istio: "k3d" },
    {
        name: "Rancher Desktop",
        signs: [
            { version: K3S, node: /rancher-desktop/i },
            { version: K3S, system: /rancher-desktop/i },
        ],
        loadBalancer: "ServiceLB",
        istio: "k3s",
    },
    { name: "k3s", signs: [{ version: K3S }], loadBalancer: "ServiceLB", istio: "k3s" },
    // A cloud's machine may belong to a cluster with its own control plane, which has Kubernetes' own version.
    {
        name: "EKS",
        signs: [
            { server: /\.eks\.amazonaws\.com/ },
            { label: /^(?:eks\.amazonaws\.com|alpha\.eksctl\.io)\// },
            { version: /-eks-/ },
        ],
        way: () =>
            `On EKS, the security group of the nodes must allow ${PORT} from the security group of the cluster. If the pods' ` +
            "addresses are not of the VPC (an overlay network), the control plane reaches no pod.",
    },
    {
        name: "GKE",
        signs: [{ server: /\.gke\.goog(?:[:/]|$)/ }, { label: /^cloud\.google\.com\/gke-/ }, { version: /-gke\./ }],
        istio: "gke",
        way: () =>
            "On a private GKE cluster, Google's own firewall rule opens 443 and 10250 only. Add a rule from the range of " +
            "the control plane to the nodes: gcloud compute firewall-rules create NAME --network NETWORK --direction INGRESS " +
            `--source-ranges RANGE --target-tags TAG --allow tcp:${ISTIOD_WEBHOOK_PORT}.`,
    },
    {
        name: "AKS",
        signs: [{ server: /\.azmk8s\.io/ }, { label: /^kubernetes\.azure\.com\// }, { version: /-aks/ }],
        way: (kubectl) =>
            "On AKS, the way is konnectivity-agent in kube-system: do its pods run " +
            `(${kubectl} --namespace kube-system get pods --selector app=konnectivity-agent), and do the network security ` +
            `groups and network policies let them reach pods on ${PORT}?`,
    },
    // Only OpenShift has these API groups.
    { name: "OpenShift", signs: [{ group: /^(?:security|config)\.openshift\.io$/ }], istio: "openshift" },
    { name: "MicroK8s", signs: [{ label: /^microk8s\.io\/cluster$/ }], istio: "microk8s" },
];

/** The platform that answers a question about a cluster; undefined if none does. */
export function platformWith(question: keyof PlatformFacts, cluster: KnownCluster): PlatformFacts | undefined {
    const seen = signsOf(cluster);
    const isSeen = ([place, pattern]: [string, RegExp]) =>
        seen[place as keyof Signs].some((each) => pattern.test(each));
    return PLATFORMS.find(
        (each) => each[question] !== undefined && each.signs.some((set) => Object.entries(set).every(isSeen)),
    );
}

function signsOf({ nodes, server = "", version = "", groups = [] }: KnownCluster): Signs {
    const specs = nodes.map(({ spec }) => (spec ?? {}) as { providerID?: string });
    const statuses = nodes.map(({ status }) => (status ?? {}) as { nodeInfo?: Record<string, string | undefined> });
    const info = (field: "kubeletVersion" | "osImage") => statuses.map(({ nodeInfo }) => nodeInfo?.[field] ?? "");
    return {
        server: [server],
        version: [version, ...info("kubeletVersion")],
        group: groups,
        provider: specs.map(({ providerID = "" }) => providerID),
        label: nodes.flatMap(({ metadata }) => Object.keys(metadata.labels ?? {})),
        node: nodes.map(({ metadata }) => metadata.name),
        system: info("osImage"),
    };
}

/** The platform whose load balancers a cluster has; undefined if its nodes do not tell. */
export function platformOf(nodes: readonly KubernetesObject[]): PlatformName | undefined {
    return platformWith("loadBalancer", { nodes })?.name;
}

/** The platforms whose load balancers are those of a cloud. */
export function isCloud(platform: PlatformName | undefined): boolean {
    return PLATFORMS.some(({ name, loadBalancer }) => name === platform && loadBalancer === "cloud");
}

/** The platforms whose load balancer, ServiceLB, takes the Service's ports on the nodes themselves. */
export function hasServiceLb(platform: PlatformName | undefined): boolean {
    return PLATFORMS.some(({ name, loadBalancer }) => name === platform && loadBalancer === "ServiceLB");
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
