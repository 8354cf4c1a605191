import * as pulumi from "@pulumi/pulumi";
import type { KubectlTarget } from "../../packages/shared/shell";

export interface LeftoversArgs {
    /** A kubeconfig of the cluster alone, as YAML. */
    kubeconfig: pulumi.Input<string>;
    /** How the user's own kubectl reaches the cluster. Another context means another cluster. */
    reachedBy: pulumi.Input<KubectlTarget>;
    /** The namespace of the control plane, if it stays: what istiod has written into it since then is removed too. */
    stayingNamespace?: string;
}

/**
 * What Istio leaves in a cluster: CRDs, which its chart tells Helm to keep, and ConfigMaps, which istiod writes into every
 * namespace. Deleting this resource removes them, unless something else needs them. What leaves them must depend on it.
 */
export class Leftovers extends pulumi.CustomResource {
    constructor(name: string, args: LeftoversArgs, opts?: pulumi.CustomResourceOptions) {
        const ownOpts = { replaceOnChanges: ["reachedBy.context"] };
        super("bookinfo-mesh:istio:Leftovers", name, { ...args }, pulumi.mergeOptions(ownOpts, opts));
    }
}
