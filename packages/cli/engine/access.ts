import { kubeconfigOf } from "../../../config/crossFieldChecks";
import { localFiles } from "../../../config/files";
import type { ClusterAddress } from "../../kubernetes/address";
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

/** The kubeconfig that the program would give them now; undefined if the file no longer has the context. */
export function kubeconfigFor({ kubeconfig, context }: ClusterAddress): string | undefined {
    return kubeconfigOf({ path: kubeconfig, context }, localFiles).kubeconfig;
}
