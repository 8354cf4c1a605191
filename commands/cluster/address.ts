/** Where a cluster is: a context of a kubeconfig file. */
export interface ClusterAddress {
    /** Path of the kubeconfig. */
    kubeconfig: string;
    context: string;
}
