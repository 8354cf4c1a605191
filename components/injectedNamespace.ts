import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { INJECTION_LABEL } from "../names";

export interface InjectedNamespaceArgs {
    /** `default` is there in every cluster and only gets the label; any other namespace is created, and owned. */
    name: string;
}

/**
 * A namespace whose new pods get a sidecar. Hand the injecting istiod to `dependsOn`: pods that start before it is ready
 * have no sidecar, and stay without.
 */
export class InjectedNamespace extends pulumi.ComponentResource {
    /** The namespace's name, known once injection works in it: what uses it is created after that. */
    public readonly name: pulumi.Output<string>;

    constructor(name: string, args: InjectedNamespaceArgs, opts?: pulumi.ComponentResourceOptions) {
        super("bookinfo-mesh:index:InjectedNamespace", name, args, opts);

        const metadata = { name: args.name, labels: INJECTION_LABEL };
        // The edge belongs on the child: a component's own dependsOn is not handed down.
        const childOpts = { parent: this, dependsOn: opts?.dependsOn };
        const namespace =
            args.name === "default"
                ? // Destroying the patch takes the label away again and leaves the namespace.
                  new k8s.core.v1.NamespacePatch(`${name}-namespace`, { metadata }, childOpts)
                : new k8s.core.v1.Namespace(`${name}-namespace`, { metadata }, childOpts);

        this.name = namespace.metadata.name;
        this.registerOutputs({ name: this.name });
    }
}
