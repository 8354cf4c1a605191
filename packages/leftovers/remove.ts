import { ClusterApi } from "../kubernetes/api";
import { contact } from "../kubernetes/contact";
import { removeLeftovers } from "./leftovers";
import { kubectlCommand, type KubectlTarget } from "../shared/shell";

/**
 * Removes what Istio has left in the cluster of a kubeconfig.
 * @param kubeconfig its content, as YAML
 * @param reachedBy how the user's own kubectl reaches it, for what is said
 * @returns what is said about what stays
 * @throws UserError where the cluster cannot be reached, with a remedy
 */
export async function remove(
    kubeconfig: string,
    reachedBy: KubectlTarget,
    stop: AbortSignal,
): Promise<string | undefined> {
    const address = { kubeconfig: reachedBy.path ?? "of the stack", context: reachedBy.context };
    const api = await ClusterApi.connect(address, kubeconfig);
    await contact(address, api);
    return removeLeftovers(api, kubectlCommand(reachedBy), stop);
}
