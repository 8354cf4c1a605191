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
    /** What the stack marks the CRDs with that it installs. Undefined if an earlier version of this program created the resource. */
    // Declared only: a field of the class would hide the output that the engine sets.
    declare public readonly mark: pulumi.Output<string | undefined>;

    constructor(name: string, args: LeftoversArgs, opts?: pulumi.CustomResourceOptions) {
        const ownOpts = { replaceOnChanges: ["reachedBy.context"] };
        super("bookinfo-mesh:istio:Leftovers", name, { ...args, mark: undefined }, pulumi.mergeOptions(ownOpts, opts));
    }
}

export interface InstalledArgs extends Pick<LeftoversArgs, "kubeconfig" | "reachedBy"> {
    mark: pulumi.Input<string | undefined>;
}

/**
 * Says in the cluster that this stack has installed Istio's CRDs: creating it marks them. Without the mark, as after an `up`
 * that fails before the CRDs, Leftovers removes nothing. What installs the CRDs must come before it.
 */
export class Installed extends pulumi.CustomResource {
    constructor(name: string, args: InstalledArgs, opts?: pulumi.CustomResourceOptions) {
        const ownOpts = { replaceOnChanges: ["mark"] };
        super("bookinfo-mesh:istio:Installed", name, { ...args }, pulumi.mergeOptions(ownOpts, opts));
    }
}
