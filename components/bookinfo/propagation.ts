import * as pulumi from "@pulumi/pulumi";
import { PROPAGATION_SECONDS, PROPAGATION_TYPE } from "../names";

/**
 * Time between two objects that proxies must get, or lose, one after the other. Creating and deleting this resource takes that
 * time. Nothing in the cluster belongs to it.
 *
 * istiod watches each kind separately, and a proxy removes a cluster before it gets the routes that no longer use it. So a
 * DestinationRule must be known before the first route to its subsets, and stay until the last such route is forgotten.
 * Otherwise requests in between get 503.
 */
export class Propagation extends pulumi.CustomResource {
    constructor(name: string, opts?: pulumi.CustomResourceOptions) {
        super(PROPAGATION_TYPE, name, { seconds: PROPAGATION_SECONDS }, opts);
    }
}
