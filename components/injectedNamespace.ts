import * as pulumi from "@pulumi/pulumi";
import { Namespace, NamespacePatch } from "./kubernetes";
import { INJECTION_LABEL } from "./names";

export interface InjectedNamespaceArgs {
    name: string;
    /** More labels of the namespace. */
    labels?: Record<string, string>;
    /** Whether it was there before the stack, as `default` is: then it only gets the label. Others are deleted on destroy. */
    exists: boolean;
    /** The release of the istiod that injects. */
    injector: pulumi.Resource;
}

/** A namespace in which new pods get a sidecar. */
export class InjectedNamespace extends pulumi.ComponentResource {
    /** The namespace's name, known as soon as the namespace exists. */
    public readonly name: pulumi.Output<string>;
    /** The namespace, if it is the stack's: what needs it, but no sidecars, waits for it. */
    public readonly created: pulumi.Resource[];
    /** What pods must wait for: a pod that starts earlier never gets a sidecar. */
    public readonly injection: pulumi.Resource[];

    constructor(
        name: string,
        { injector, exists, ...args }: InjectedNamespaceArgs,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        // Without the injector: a component waits for its inputs, and so would the namespace.
        super("bookinfo-mesh:index:InjectedNamespace", name, args, opts);

        const metadata = { name: args.name, labels: { ...args.labels, ...INJECTION_LABEL } };
        if (exists) {
            // On destroy, the patch removes the labels and leaves the namespace. With the label but without a running istiod,
            // nobody else could create a pod there.
            const patchOpts = { parent: this, dependsOn: injector };
            this.injection = [new NamespacePatch(`${name}-namespace`, { metadata }, patchOpts)];
            this.created = [];
            this.name = pulumi.output(args.name);
        } else {
            const namespace = new Namespace(`${name}-namespace`, { metadata }, { parent: this });
            this.created = [namespace];
            this.injection = [namespace, injector];
            this.name = namespace.metadata.name;
        }
        this.registerOutputs({ name: this.name });
    }
}
