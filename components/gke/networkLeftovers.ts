import * as pulumi from "@pulumi/pulumi";

interface NetworkLeftoversArgs {
    project: pulumi.Input<string>;
    /** Id of the network, which the stack has made for its cluster. */
    network: pulumi.Input<string>;
    /** The labels of the stack's clusters. */
    labels: Readonly<Record<string, string>>;
}

/**
 * What is left in the cluster's network: firewall rules and endpoint groups of its load balancers, and a cluster that Google was making
 * when a deployment was interrupted, which the stack's state does not know. Deleting this resource removes
 * them, so that the network can be deleted. The cluster must depend on it, and it on the network (packages/leftovers/network.ts).
 */
export class NetworkLeftovers extends pulumi.CustomResource {
    constructor(name: string, args: NetworkLeftoversArgs, opts?: pulumi.CustomResourceOptions) {
        super("bookinfo-mesh:gke:NetworkLeftovers", name, { ...args }, opts);
    }
}
