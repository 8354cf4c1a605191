import * as pulumi from "@pulumi/pulumi";
import { Provider } from "./kubernetes";
import type { KubectlTarget } from "../packages/shared/shell";
import { GkeCluster, type GkeClusterArgs } from "./gke/gkeCluster";
import { checkMachine } from "./gke/preflight";

/** A cluster to deploy to. What is deployed does not depend on the kind of cluster. */
export interface Cluster {
    provider: Provider;
    /** A kubeconfig of this cluster alone, as YAML. Secret. */
    kubeconfig: pulumi.Output<string>;
    /** How the user's own kubectl reaches the cluster. */
    reachedBy: pulumi.Input<KubectlTarget>;
    /** The cluster as a resource, if it belongs to this stack. Everything in it is deleted with it. */
    cluster?: pulumi.Resource;
    /** The address reserved for the ingress gateway, if there is one. */
    ingressAddress?: pulumi.Output<string>;
}

export type ClusterArgs = ({ kind: "gke" } & GkeClusterArgs) | ({ kind: "kubeconfig" } & KubeconfigClusterArgs);

/** Creates the cluster of the config, or connects to it. */
export function createCluster(name: string, args: ClusterArgs): GkeCluster | Cluster {
    if (args.kind === "kubeconfig") {
        return kubeconfigCluster(name, args);
    }
    checkMachine();
    return new GkeCluster(name, args);
}

export interface KubeconfigClusterArgs {
    /** The kubeconfig's path as the user set it, for the user's own commands. */
    path: string;
    /** The context to use. It identifies the cluster for this stack. */
    context: string;
    /** The kubeconfig of that context alone, as YAML. It holds credentials. */
    kubeconfig: string;
    /** Namespaces that were there before the stack. */
    existingNamespaces: readonly string[];
}

/** An existing cluster, reached by a context of a kubeconfig. */
function kubeconfigCluster(name: string, args: KubeconfigClusterArgs): Cluster {
    const kubeconfig = pulumi.secret(args.kubeconfig);
    const provider = new Provider(name, {
        kubeconfig,
        context: args.context,
        // By default, the provider takes a new address or CA for a new cluster and replaces everything in it. But both can
        // change for the same cluster: kind, minikube and tunnels change ports, and authorities are rotated. So only
        // another context means another cluster.
        clusterIdentifier: args.context,
        // Reverts manual changes. Otherwise an update would fail at fields that kubectl has set.
        enablePatchForce: true,
    });
    return { provider, kubeconfig, reachedBy: { path: args.path, context: args.context } };
}
