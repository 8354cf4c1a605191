import { at, type Declared, items, mayBe, type Rule } from "../rule";
import { CLUSTER } from "./types";

const NETWORK = "gcp:compute/network:Network";

/** Whether a network, given by name or by link, is the one that Google makes with each project. */
const isDefaultNetwork = (network: unknown) => typeof network === "string" && /(^|\/)default$/.test(network);

export const networks: Rule = {
    name: "no-default-network",
    description: "Clusters have a network of their own. The default one has subnets everywhere and lets SSH in.",
    level: "mandatory",
    violations: ({ type, inputs }) => {
        if (type === NETWORK && !mayBe(inputs, "autoCreateSubnetworks", false)) {
            return ["Set autoCreateSubnetworks: false and declare the subnets: this network gets one in each region."];
        }
        if (type !== CLUSTER) {
            return [];
        }
        const network = at(inputs, "network");
        return [
            ...(network === undefined || isDefaultNetwork(network)
                ? [
                      "Set network to one made for this cluster: without it, or with `default`, it joins the default network.",
                  ]
                : []),
            ...(at(inputs, "subnetwork") === undefined
                ? ["Set subnetwork: without it Google picks the ranges of nodes, pods and services."]
                : []),
        ];
    },
};

/** CIDR blocks that may reach the control plane's IP address. */
function authorizedNetworks({ inputs }: Declared): unknown[] {
    return items(inputs, "masterAuthorizedNetworksConfig.cidrBlocks").map((block) => at(block, "cidrBlock"));
}

const EVERYONE = ["0.0.0.0/0", "::/0"];

export const privateNodes: Rule = {
    name: "private-nodes",
    description: "Nodes have no public addresses, or at least only known networks reach the control plane.",
    level: "mandatory",
    violations: (resource) =>
        resource.type !== CLUSTER ||
        mayBe(resource.inputs, "privateClusterConfig.enablePrivateNodes", true) ||
        authorizedNetworks(resource).length > 0
            ? []
            : [
                  "Set privateClusterConfig.enablePrivateNodes: true (with Cloud NAT for the way out), or list who may reach " +
                      "the control plane in masterAuthorizedNetworksConfig.cidrBlocks.",
              ],
};

export const controlPlaneAccess: Rule = {
    name: "control-plane-access",
    description: "The control plane is reached by its DNS endpoint, which asks IAM, or from known networks only.",
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
        return blocks.length > 0 ||
            mayBe(inputs, "controlPlaneEndpointsConfig.ipEndpointsConfig.enabled", false) ||
            mayBe(inputs, "privateClusterConfig.enablePrivateEndpoint", true)
            ? []
            : [
                  "Set controlPlaneEndpointsConfig.ipEndpointsConfig.enabled: false and use the DNS endpoint, or list the " +
                      "networks that may reach the control plane in masterAuthorizedNetworksConfig.cidrBlocks.",
              ];
    },
};
