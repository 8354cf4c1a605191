import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { INJECTION_LABEL } from "./names";

export interface InjectedNamespaceArgs {
    /** `default` is there in every cluster and only gets the label; any other namespace is created, and owned. */
    name: string;
    /** The release of the istiod that injects. */
    injector: pulumi.Resource;
}

/** A namespace whose new pods get a sidecar. */
export class InjectedNamespace extends pulumi.ComponentResource {
    /** The namespace's name, known as soon as the namespace is there. */
    public readonly name: pulumi.Output<string>;
    /** What pods have to wait for: those that start before it is there have no sidecar, and stay without. */
    public readonly injection: pulumi.Resource[];

    constructor(name: string, { injector, ...args }: InjectedNamespaceArgs, opts?: pulumi.ComponentResourceOptions) {
        // Without the injector: a component waits for what it is given, and so would the namespace.
        super("bookinfo-mesh:index:InjectedNamespace", name, args, opts);

        const metadata = { name: args.name, labels: INJECTION_LABEL };
        if (args.name === "default") {
            // Destroying the patch takes the label away again and leaves the namespace. With the label, and before istiod
            // answers, nobody else could create a pod in it.
            const patchOpts = { parent: this, dependsOn: injector };
            this.injection = [new k8s.core.v1.NamespacePatch(`${name}-namespace`, { metadata }, patchOpts)];
            this.name = pulumi.output(args.name);
        } else {
            const namespace = new k8s.core.v1.Namespace(`${name}-namespace`, { metadata }, { parent: this });
            this.injection = [namespace, injector];
            this.name = namespace.metadata.name;
        }
        this.registerOutputs({ name: this.name });
    }
}
