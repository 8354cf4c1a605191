import { kubectlCommand } from "../components/kubectl";
import type { ClusterAddress } from "./cluster/address";

/** A word as one types it in a shell: in quotes where the shell would take it for something else. */
export function shellWord(word: string): string {
    return /^[\w@%+=:,./-][\w@%+=:,./~-]*$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** How one runs helm on a cluster, without the arguments. */
export function helmOn({ kubeconfig, context }: ClusterAddress): string {
    return `helm --kubeconfig ${shellWord(kubeconfig)} --kube-context ${shellWord(context)}`;
}

/** How one runs kubectl on a cluster, without the arguments. */
export function kubectlOn({ kubeconfig, context }: ClusterAddress): string {
    return kubectlCommand({ path: kubeconfig, context });
}
