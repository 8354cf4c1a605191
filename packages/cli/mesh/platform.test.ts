import type { KubernetesObject } from "../../kubernetes/object";
import { type KnownCluster, platformOf, platformWith } from "./platform";

function node(name: string, providerID = "", nodeInfo: object = {}, labels = {}): KubernetesObject {
    return {
        apiVersion: "v1",
        kind: "Node",
        metadata: { name, labels },
        spec: { providerID },
        status: { nodeInfo: { kubeletVersion: "v1.35.1", osImage: "Debian", ...nodeInfo } },
    };
}

const k3s = { kubeletVersion: "v1.35.1+k3s1" };

/** Which platform gives load balancers, Istio's value for the CNI plugin, and the way to pods. */
const answers = (cluster: KnownCluster) => [
    platformWith("loadBalancer", cluster)?.name,
    platformWith("istio", cluster)?.istio,
    platformWith("way", cluster)?.name,
];

describe("a platform", () => {
    it.each<[string | undefined, string | undefined, string | undefined, KubernetesObject]>([
        ["kind", undefined, undefined, node("demo-control-plane", "kind://docker/demo/demo-control-plane")],
        ["minikube", undefined, undefined, node("minikube", "", {}, { "minikube.k8s.io/name": "minikube" })],
        ["k3d", "k3d", undefined, node("k3d-demo-server-0", "k3s://k3d-demo-server-0", k3s)],
        ["Rancher Desktop", "k3s", undefined, node("lima-rancher-desktop", "k3s://lima-rancher-desktop", k3s)],
        ["Rancher Desktop", "k3s", undefined, node("lima", "", { ...k3s, osImage: "Rancher-Desktop WSL" })],
        ["k3s", "k3s", undefined, node("pi", "k3s://pi", k3s)],
        ["AWS", "k3s", undefined, node("ip-10-0-0-1", "aws:///us-east-1a/i-1", k3s)],
        ["AWS", undefined, undefined, node("ip-10-0-0-1", "aws:///us-east-1a/i-1")],
        ["AWS", undefined, "EKS", node("ip-10-0-0-1", "aws:///us-east-1a/i-1", { kubeletVersion: "v1.35.1-eks-1" })],
        ["AWS", undefined, "EKS", node("ip-10-0-0-1", "", {}, { "eks.amazonaws.com/nodegroup": "a" })],
        ["Azure", undefined, undefined, node("aks-1", "azure:///subscriptions/1")],
        ["Azure", undefined, "AKS", node("aks-1", "", {}, { "kubernetes.azure.com/cluster": "c" })],
        ["Google Cloud", undefined, undefined, node("gke-1", "gce://p/z/n")],
        ["Google Cloud", "gke", "GKE", node("gke-1", "", {}, { "cloud.google.com/gke-nodepool": "p" })],
        ["another cloud", undefined, undefined, node("n", "digitalocean://1")],
        ["another cloud", "k3s", undefined, node("n", "digitalocean://1", k3s)],
        ["Docker Desktop", undefined, undefined, node("docker-desktop")],
        ["Docker Desktop", undefined, undefined, node("d", "kind://docker/desktop/desktop-control-plane")],
        [undefined, "microk8s", undefined, node("n1", "", {}, { "microk8s.io/cluster": "true" })],
        [undefined, undefined, undefined, node("n1", "rke2://n1", { kubeletVersion: "v1.35.1+rke2r1" })],
        [undefined, undefined, undefined, node("n1")],
    ])("is recognised by its nodes: %s, %s, %s", (loadBalancer, istio, way, node) => {
        expect(answers({ nodes: [node] })).toEqual([loadBalancer, istio, way]);
        expect(platformOf([node])).toBe(loadBalancer);
    });

    it.each<[string | undefined, string | undefined, string | undefined, Omit<KnownCluster, "nodes">]>([
        [undefined, "openshift", undefined, { groups: ["apps", "config.openshift.io"], version: "v1.33.4" }],
        [undefined, "gke", "GKE", { version: "v1.33.5-gke.100" }],
        ["k3s", "k3s", undefined, { version: "v1.33.5+k3s1" }],
        [undefined, undefined, "EKS", { server: "https://ABC.gr7.us-east-1.eks.amazonaws.com" }],
        [undefined, "gke", "GKE", { server: "https://gke-1.us-central1-a.p.gke.goog" }],
        [undefined, undefined, "AKS", { server: "https://demo-1.hcp.westeurope.azmk8s.io:443" }],
        [undefined, undefined, undefined, { server: "https://eks.example.com", version: "v1.33.4" }],
    ])("is recognised by its API server, without any node: %s, %s, %s", (loadBalancer, istio, way, cluster) => {
        expect(answers({ nodes: [], ...cluster })).toEqual([loadBalancer, istio, way]);
    });
});
