import { type AddonName, ADDONS, BOOKINFO_PAGE, ISTIO_NAMESPACE, RELEASES } from "../names";
import { kubectlCommand, type KubectlTarget } from "../../packages/shared/shell";

/** For each enabled add-on, the command that makes its page reachable at its port on this machine. */
export function portForwardCommands(
    enabled: Record<AddonName, boolean>,
    cluster: KubectlTarget,
): Partial<Record<AddonName, string>> {
    const names = (Object.keys(ADDONS) as AddonName[]).filter((name) => enabled[name]);
    return Object.fromEntries(
        names.map((name) => [name, portForward(cluster, `deployment/${name}`, ADDONS[name].port, ADDONS[name].port)]),
    );
}

/**
 * The command that makes the product page reachable on this machine, through the ingress gateway.
 * @param port the port of the gateway's Service that leads to the page
 */
export function pageForwardCommand(cluster: KubectlTarget, port: number): Record<string, string> {
    return { [BOOKINFO_PAGE.name]: portForward(cluster, `service/${RELEASES.gateway}`, BOOKINFO_PAGE.port, port) };
}

function portForward(cluster: KubectlTarget, what: string, here: number, there: number): string {
    return `${kubectlCommand(cluster)} --namespace ${ISTIO_NAMESPACE} port-forward ${what} ${here}:${there}`;
}
