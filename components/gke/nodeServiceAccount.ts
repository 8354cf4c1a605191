import { IAMMember } from "@pulumi/gcp/projects";
import { Account } from "@pulumi/gcp/serviceaccount";
import * as pulumi from "@pulumi/pulumi";

/**
 * The minimum for nodes: to write logs and metrics
 * (https://cloud.google.com/kubernetes-engine/docs/how-to/hardening-your-cluster#use_least_privilege_sa).
 */
const ROLE = "roles/container.defaultNodeServiceAccount";

/** To pull images from all registries of a project (https://cloud.google.com/artifact-registry/docs/access-control#roles). */
const READER = "roles/artifactregistry.reader";

interface NodeServiceAccountArgs {
    project: string;
    /** Projects with registries that nodes pull images from. */
    registryProjects: readonly string[];
}

/** The identity of a cluster's nodes. The default identity may edit everything in many projects. */
export class NodeServiceAccount extends pulumi.ComponentResource {
    public readonly email: pulumi.Output<string>;
    /** The account's roles. Nodes that start before they are set can neither report nor pull from these registries. */
    public readonly grants: IAMMember[];

    constructor(name: string, args: NodeServiceAccountArgs, opts?: pulumi.ComponentResourceOptions) {
        super("bookinfo-mesh:gke:NodeServiceAccount", name, args, opts);

        const account = new Account(
            // Pulumi makes the id from this name and random digits. So it is valid for every stack's name, and unique.
            name,
            { project: args.project, displayName: displayNameOf(pulumi.getProject(), pulumi.getStack()) },
            { parent: this, dependsOn: opts?.dependsOn },
        );
        const grant = (key: string, project: string, role: string) =>
            new IAMMember(key, { project, role, member: account.member }, { parent: this });
        this.grants = [
            grant(`${name}-role`, args.project, ROLE),
            ...args.registryProjects.map((project) => grant(`${name}-registry-${project}`, project, READER)),
        ];

        this.email = account.email;
        this.registerOutputs({ email: this.email });
    }
}

/** The account's name for people, in at most 100 characters, Google's limit. */
export function displayNameOf(project: string, stack: string): string {
    return `GKE nodes of ${project}/${stack}`.slice(0, 100);
}
