import * as pulumi from "@pulumi/pulumi";

/**
 * Google's APIs, when they answer. Creating this resource takes until then, after they were enabled (packages/leftovers/apis.ts). What needs
 * them must depend on it.
 */
export class Apis extends pulumi.CustomResource {
    constructor(name: string, args: { project: string }, opts?: pulumi.CustomResourceOptions) {
        super("bookinfo-mesh:gke:Apis", name, args, opts);
    }
}
