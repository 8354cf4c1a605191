import { IAMMember } from "@pulumi/gcp/projects";
import { Account } from "@pulumi/gcp/serviceaccount";
import * as pulumi from "@pulumi/pulumi";

/**
 * The minimum for nodes: to write logs and metrics
 * (https://cloud.google.com/kubernetes-engine/docs/how-to/hardening-your-cluster#use_least_privilege_sa). The images come
 * from public registries.
 */
const ROLE = "roles/container.defaultNodeServiceAccount";

/** The identity of a cluster's nodes. The default identity may edit everything in many projects. */
export class NodeServiceAccount extends pulumi.ComponentResource {
    public readonly email: pulumi.Output<string>;
    /** The account's role. Nodes that start before it cannot report. */
    public readonly grant: IAMMember;

    constructor(name: string, args: { project: string }, opts?: pulumi.ComponentResourceOptions) {
        super("bookinfo-mesh:gke:NodeServiceAccount", name, args, opts);

        const account = new Account(
            // Pulumi makes the id from this name and random digits. So it is valid for every stack's name, and unique.
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

/** The account's name for people, in at most 100 characters, Google's limit. */
export function displayNameOf(project: string, stack: string): string {
    return `GKE nodes of ${project}/${stack}`.slice(0, 100);
}
