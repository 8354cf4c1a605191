import * as pulumi from "@pulumi/pulumi";
import type { KubectlTarget } from "../../packages/shared/shell";

export interface LeftoversArgs {
    /** A kubeconfig of the cluster alone, as YAML. */
    kubeconfig: pulumi.Input<string>;
    /** How the user's own kubectl reaches it. Another context is another cluster. */
    reachedBy: pulumi.Input<KubectlTarget>;
}

/**
 * What Istio leaves in a cluster: CRDs, which its chart has Helm keep, and ConfigMaps that istiod writes into every namespace.
 * They are removed when this resource is deleted, unless somebody else needs them. What leaves them has to depend on it.
 */
export class Leftovers extends pulumi.CustomResource {
    constructor(name: string, { kubeconfig, reachedBy }: LeftoversArgs, opts?: pulumi.CustomResourceOptions) {
        const replaceOnChanges = ["reachedBy.context"];
        super(
            "bookinfo-mesh:istio:Leftovers",
            name,
            { kubeconfig, reachedBy },
            pulumi.mergeOptions({ replaceOnChanges }, opts),
        );
    }
}
