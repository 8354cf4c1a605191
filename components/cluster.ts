import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { GkeCluster, type GkeClusterArgs } from "./gke/gkeCluster";
import { checkMachine } from "./gke/preflight";
import type { KubectlTarget } from "../packages/shared/shell";

/** A cluster to deploy to. What is deployed does not depend on how the cluster came about. */
export interface Cluster {
    provider: k8s.Provider;
    /** A kubeconfig of this cluster alone, as YAML. Secret. */
    kubeconfig: pulumi.Output<string>;
    /** How the user's own kubectl reaches it. */
    reachedBy: pulumi.Input<KubectlTarget>;
    /** The cluster as a resource of this stack, if it is one. Whatever is in it goes with it. */
    cluster?: pulumi.Resource;
    /** The address that is reserved for the ingress gateway, if one is. */
    ingressAddress?: pulumi.Output<string>;
}

export type ClusterArgs = ({ kind: "gke" } & GkeClusterArgs) | ({ kind: "kubeconfig" } & KubeconfigClusterArgs);

/** The cluster that the config asks for. */
export function clusterOf(name: string, args: ClusterArgs): GkeCluster | Cluster {
    if (args.kind === "kubeconfig") {
        return kubeconfigCluster(name, args);
    }
    checkMachine();
    return new GkeCluster(name, args);
}

export interface KubeconfigClusterArgs {
    /** The kubeconfig's path, for the user's commands. */
    path: string;
    /** The context to use; it is the cluster's identity for this stack. */
    context: string;
    /** A kubeconfig, as YAML. */
    kubeconfig: pulumi.Input<string>;
}

/** A cluster that exists already, reached by a context of a kubeconfig. */
function kubeconfigCluster(name: string, args: KubeconfigClusterArgs): Cluster {
    const kubeconfig = pulumi.secret(args.kubeconfig);
    const provider = new k8s.Provider(name, {
        kubeconfig,
        context: args.context,
        // By itself the provider takes a new address or CA for a new cluster and replaces everything on it. For the
        // owner of a kubeconfig they are properties of the cluster that the context names: kind, minikube and tunnels
        // change ports, authorities are rotated. Only another context is another cluster.
        clusterIdentifier: args.context,
        // What was changed by hand is brought back. Otherwise an update would stop at fields that kubectl has set.
        enablePatchForce: true,
    });
    return { provider, kubeconfig, reachedBy: { path: args.path, context: args.context } };
}
