import { type AddonName, ADDONS, ISTIO_NAMESPACE } from "../../../components/names";
import type { ProxiedServer } from "../../kubernetes/api";
import { deploymentOf, switchOf } from "../mesh/addons";
import type { Mesh } from "../mesh/mesh";
import type { CheckResult } from "./check";
import { checkSwitchedOff } from "./switchedOff";
import { workloadFault } from "./workload";

/** Longest explanation that is quoted from an answer, in characters. */
const QUOTED = 160;

/** Makes a check of an add-on, unless that is switched off or its Deployment does not run. */
export async function checkAddon(
    mesh: Mesh,
    addon: AddonName,
    check: () => Promise<CheckResult>,
): Promise<CheckResult> {
    if (!mesh.on[addon]) {
        return checkSwitchedOff(mesh, switchOf(addon), deploymentOf(addon));
    }
    return (await workloadFault(mesh, deploymentOf(addon))) ?? check();
}

/** The JSON that an add-on answered, or in words what it answered instead, with the status. */
export type AddonAnswer =
    { json: unknown; instead?: undefined; status: number } | { json?: undefined; instead: string; status: number };

/**
 * Asks an add-on's API.
 * @param service name of its Service, where that is not its own
 */
export async function askAddon(
    { api }: Mesh,
    addon: AddonName,
    path: string,
    { service, stop }: { service?: string; stop?: AbortSignal } = {},
): Promise<AddonAnswer> {
    const { status, text } = await api.getByProxy(serverOf(addon, service), path, stop);
    if (status !== 200) {
        const explanation = text.startsWith("<") ? "" : (text.trim().split("\n")[0] ?? "").slice(0, QUOTED);
        return { instead: `${addon} answers ${status} ${explanation}`.trim(), status };
    }
    try {
        return { json: JSON.parse(text) as unknown, status };
    } catch {
        return { instead: `${addon} answers something else than JSON`, status };
    }
}

/** An add-on's page as the API server's proxy finds it. @param service name of its Service, where that is not its own */
export function serverOf(addon: AddonName, service: string = addon): ProxiedServer {
    return { kind: "services", namespace: ISTIO_NAMESPACE, name: service, port: ADDONS[addon].port };
}

/** The command that shows what an add-on has to say, as a remedy. */
export function logsOf({ commands }: Mesh, addon: AddonName): string {
    return `${commands.kubectl} --namespace ${ISTIO_NAMESPACE} logs deployment/${addon}`;
}
