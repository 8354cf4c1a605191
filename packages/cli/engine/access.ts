import { kubeconfigOf } from "../../../config/crossFieldChecks";
import { localFiles } from "../../../config/files";
import type { ClusterAddress } from "../../kubernetes/address";
import type { StackState } from "../recovery/interruption";

/** What reaches the cluster by a kubeconfig that is in the state. */
export interface ClusterAccess {
    /** The Kubernetes provider, and what Istio leaves behind. */
    urns: string[];
    /** The kubeconfig that they were last given, as YAML. It holds credentials. */
    kubeconfig: string;
}

const PROVIDER_TYPE = "pulumi:providers:kubernetes";
const LEFTOVERS_TYPE = "bookinfo-mesh:istio:Leftovers";

/** What a state, whose secrets are shown, has of it; undefined where there is no provider yet. */
export function accessIn({ deployment }: StackState): ClusterAccess | undefined {
    const holders = deployment?.resources?.filter(({ type }) => [PROVIDER_TYPE, LEFTOVERS_TYPE].includes(type)) ?? [];
    const provider = holders.find(({ type }) => type === PROVIDER_TYPE);
    const { plaintext } = (provider?.inputs?.kubeconfig ?? {}) as { plaintext?: string };
    return plaintext === undefined
        ? undefined
        : { urns: holders.map(({ urn }) => urn), kubeconfig: JSON.parse(plaintext) as string };
}

/** The kubeconfig that the program would give them now; undefined where the file has no such context any more. */
export function kubeconfigFor({ kubeconfig, context }: ClusterAddress): string | undefined {
    return kubeconfigOf({ path: kubeconfig, context }, localFiles).kubeconfig;
}
