import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

/** A cluster to deploy to. What is deployed does not depend on how the cluster came about. */
export interface Cluster {
    provider: k8s.Provider;
    /** A kubeconfig of this cluster alone, as YAML. Secret. */
    kubeconfig: pulumi.Output<string>;
}

export interface KubeconfigClusterArgs {
    /** The context to use; it is the cluster's identity for this stack. */
    context: string;
    /** A kubeconfig, as YAML. */
    kubeconfig: pulumi.Input<string>;
}

/** A cluster that exists already, reached by a context of a kubeconfig. */
export function kubeconfigCluster(name: string, args: KubeconfigClusterArgs): Cluster {
    const kubeconfig = pulumi.secret(args.kubeconfig);
    const provider = new k8s.Provider(name, {
        kubeconfig,
        context: args.context,
        // By itself the provider takes a new address or CA for a new cluster and replaces everything on it. For the
        // owner of a kubeconfig they are properties of the cluster that the context names: kind, minikube and tunnels
        // change ports, authorities are rotated. Only another context is another cluster.
        clusterIdentifier: args.context,
    });
    return { provider, kubeconfig };
}
