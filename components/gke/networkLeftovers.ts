import * as pulumi from "@pulumi/pulumi";

interface NetworkLeftoversArgs {
    project: pulumi.Input<string>;
    /** Id of the network, which the stack has made for its cluster. */
    network: pulumi.Input<string>;
}

/**
 * What Google leaves in the cluster's network: firewall rules and endpoint groups of its load balancers. Deleting this resource removes
 * them, so that the network can be deleted. The cluster must depend on it, and it on the network (packages/leftovers/network.ts).
 */
export class NetworkLeftovers extends pulumi.CustomResource {
    constructor(name: string, args: NetworkLeftoversArgs, opts?: pulumi.CustomResourceOptions) {
        super("bookinfo-mesh:gke:NetworkLeftovers", name, { ...args }, opts);
    }
}
