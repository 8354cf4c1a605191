import { IAMMember } from "@pulumi/gcp/projects";
import { Account } from "@pulumi/gcp/serviceaccount";
import * as pulumi from "@pulumi/pulumi";

export interface NodeServiceAccountArgs {
    /** Google Cloud project. */
    project: string;
}

/**
 * The least that nodes need: to write logs and metrics
 * (https://cloud.google.com/kubernetes-engine/docs/how-to/hardening-your-cluster#use_least_privilege_sa). The images come
 * from public registries.
 */
const ROLE = "roles/container.defaultNodeServiceAccount";

/** The identity of a cluster's nodes, in place of the default one, which in many projects may edit everything. */
export class NodeServiceAccount extends pulumi.ComponentResource {
    public readonly email: pulumi.Output<string>;
    /** The account's role. Nodes that start without it cannot report. */
    public readonly grant: IAMMember;

    constructor(name: string, args: NodeServiceAccountArgs, opts?: pulumi.ComponentResourceOptions) {
        super("bookinfo-mesh:gke:NodeServiceAccount", name, args, opts);

        const account = new Account(
            // The id is Pulumi's, of this name and random digits: no stack's name makes it an invalid one, and two stacks
            // never meet.
            name,
            { project: args.project, displayName: displayNameOf(pulumi.getProject(), pulumi.getStack()) },
            { parent: this, dependsOn: opts?.dependsOn },
        );
        this.grant = new IAMMember(
            `${name}-role`,
            { project: args.project, role: ROLE, member: account.member },
            { parent: this },
        );

        this.email = account.email;
        this.registerOutputs({ email: this.email });
    }
}

/** What people see of the account, in the 100 characters that Google takes. */
export function displayNameOf(project: string, stack: string): string {
    return `GKE nodes of ${project}/${stack}`.slice(0, 100);
}
