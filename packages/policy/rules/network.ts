import { at, type Declared, items, mayBe, requireThat, type Rule } from "../rule";
import { CLUSTER } from "./types";

const NETWORK = "gcp:compute/network:Network";

/** Whether a network, as name or as link, is the one that Google creates with each project. */
const isDefaultNetwork = (network: unknown) => typeof network === "string" && /(^|\/)default$/.test(network);

export const networks: Rule = {
    name: "no-default-network",
    description:
        "Clusters have a separate network. The default one has subnets in every region and allows SSH from anywhere.",
    level: "mandatory",
    violations: ({ type, inputs }) => {
        if (type === NETWORK) {
            return requireThat(
                mayBe(inputs, "autoCreateSubnetworks", false),
                "Set autoCreateSubnetworks: false and declare the subnets: this network gets one in each region.",
            );
        }
        if (type !== CLUSTER) {
            return [];
        }
        const network = at(inputs, "network");
        return [
            ...requireThat(
                network !== undefined && !isDefaultNetwork(network),
                "Set network to one for this cluster: without it, or with `default`, it joins the default network.",
            ),
            ...requireThat(
                at(inputs, "subnetwork") !== undefined,
                "Set subnetwork: without it Google chooses the ranges of nodes, pods and services.",
            ),
        ];
    },
};

/** CIDR blocks that can reach the control plane's IP address. */
function authorizedNetworks({ inputs }: Declared): unknown[] {
    return items(inputs, "masterAuthorizedNetworksConfig.cidrBlocks").map((block) => at(block, "cidrBlock"));
}

const EVERYONE = ["0.0.0.0/0", "::/0"];

export const privateNodes: Rule = {
    name: "private-nodes",
    description: "Nodes have no public addresses, or at least only known networks reach the control plane.",
    level: "mandatory",
    violations: (resource) =>
        requireThat(
            resource.type !== CLUSTER ||
                mayBe(resource.inputs, "privateClusterConfig.enablePrivateNodes", true) ||
                authorizedNetworks(resource).length > 0,
            "Set privateClusterConfig.enablePrivateNodes: true (with Cloud NAT for access to the internet), or list who can " +
                "reach the control plane in masterAuthorizedNetworksConfig.cidrBlocks.",
        ),
};

export const controlPlaneAccess: Rule = {
    name: "control-plane-access",
    description: "The control plane is reachable only by its DNS endpoint, where IAM decides, or from known networks.",
    level: "mandatory",
    violations: (resource) => {
        if (resource.type !== CLUSTER) {
            return [];
        }
        const { inputs } = resource;
        const blocks = authorizedNetworks(resource);
        const open = blocks.filter((block) => EVERYONE.includes(block as string));
        if (open.length > 0) {
            return [`Take ${open.join(" and ")} out of masterAuthorizedNetworksConfig.cidrBlocks: that is everyone.`];
        }
        return requireThat(
            blocks.length > 0 ||
                mayBe(inputs, "controlPlaneEndpointsConfig.ipEndpointsConfig.enabled", false) ||
                mayBe(inputs, "privateClusterConfig.enablePrivateEndpoint", true),
            "Set controlPlaneEndpointsConfig.ipEndpointsConfig.enabled: false and use the DNS endpoint, or list the networks " +
                "that can reach the control plane in masterAuthorizedNetworksConfig.cidrBlocks.",
        );
    },
};
