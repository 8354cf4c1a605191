import { kubeconfigOf } from "../../config/checks";
import { localFiles } from "../../config/files";
import type { ClusterAddress } from "../cluster/address";
import type { StackState } from "../recovery/interruption";

/** The program's Kubernetes provider, by which the engine reaches the cluster. */
export interface ClusterProvider {
    urn: string;
    /** The kubeconfig that it was last given, as YAML. It holds credentials. */
    kubeconfig: string;
}

/** The provider in a state whose secrets are shown; undefined where there is none yet. */
export function providerIn({ deployment }: StackState): ClusterProvider | undefined {
    const provider = deployment?.resources?.find(({ type }) => type === "pulumi:providers:kubernetes");
    const { plaintext } = (provider?.inputs?.kubeconfig ?? {}) as { plaintext?: string };
    return provider && plaintext !== undefined
        ? { urn: provider.urn, kubeconfig: JSON.parse(plaintext) as string }
        : undefined;
}

/** The kubeconfig that the program would give it now; undefined where the file has no such context any more. */
export function kubeconfigFor({ kubeconfig, context }: ClusterAddress): string | undefined {
    return kubeconfigOf({ path: kubeconfig, context }, localFiles).kubeconfig;
}
