import { kubectlCommand, shellWord } from "../shared/shell";

/** The address of a cluster: a context of a kubeconfig file. */
export interface ClusterAddress {
    /** Path of the kubeconfig. */
    kubeconfig: string;
    context: string;
}

/** The start of a helm command for a cluster, without the verb. */
export function helmOn({ kubeconfig, context }: ClusterAddress): string {
    return `helm --kubeconfig ${shellWord(kubeconfig)} --kube-context ${shellWord(context)}`;
}

/** The start of a kubectl command for a cluster, without the verb. */
export function kubectlOn({ kubeconfig, context }: ClusterAddress): string {
    return kubectlCommand({ path: kubeconfig, context });
}
