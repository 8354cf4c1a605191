import type { StackState } from "./state";

/** The resources of a state that reach the cluster through a kubeconfig. */
export interface ClusterAccess {
    /** Of the Kubernetes provider and of Istio's leftovers. */
    urns: string[];
    /** Their last kubeconfig, as YAML. It has credentials. */
    kubeconfig: string;
}

const PROVIDER_TYPE = "pulumi:providers:kubernetes";
const LEFTOVERS_TYPE = "bookinfo-mesh:istio:Leftovers";

/** @param state with its secrets in plain text @returns undefined if it has no provider yet */
export function accessIn(state: StackState): ClusterAccess | undefined {
    const holders =
        state.deployment?.resources?.filter(({ type }) => [PROVIDER_TYPE, LEFTOVERS_TYPE].includes(type)) ?? [];
    const provider = holders.find(({ type }) => type === PROVIDER_TYPE);
    const { plaintext } = (provider?.inputs?.kubeconfig ?? {}) as { plaintext?: string };
    return plaintext === undefined
        ? undefined
        : { urns: holders.map(({ urn }) => urn), kubeconfig: JSON.parse(plaintext) as string };
}
