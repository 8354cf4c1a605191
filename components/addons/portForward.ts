import { type AddonName, ADDONS, ISTIO_NAMESPACE } from "../names";
import { kubectlCommand, type KubectlTarget } from "../../packages/shared/shell";

/** For each add-on that is on a command which makes its page reachable, at its port on this machine. */
export function portForwardCommands(
    on: Record<AddonName, boolean>,
    cluster: KubectlTarget,
): Partial<Record<AddonName, string>> {
    const names = (Object.keys(ADDONS) as AddonName[]).filter((name) => on[name]);
    return Object.fromEntries(names.map((name) => [name, portForwardCommand(name, cluster)]));
}

function portForwardCommand(addon: AddonName, cluster: KubectlTarget): string {
    const { port } = ADDONS[addon];
    return `${kubectlCommand(cluster)} --namespace ${ISTIO_NAMESPACE} port-forward deployment/${addon} ${port}:${port}`;
}
