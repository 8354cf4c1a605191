import { type AddonName, ADDONS, ISTIO_NAMESPACE } from "../names";
import { kubectlCommand, type KubectlTarget } from "../../packages/shared/shell";

/** For each enabled add-on, the command that makes its page reachable at its port on this machine. */
export function portForwardCommands(
    enabled: Record<AddonName, boolean>,
    cluster: KubectlTarget,
): Partial<Record<AddonName, string>> {
    const names = (Object.keys(ADDONS) as AddonName[]).filter((name) => enabled[name]);
    const start = `${kubectlCommand(cluster)} --namespace ${ISTIO_NAMESPACE} port-forward`;
    return Object.fromEntries(
        names.map((name) => [name, `${start} deployment/${name} ${ADDONS[name].port}:${ADDONS[name].port}`]),
    );
}
