import { type AddonName, ADDONS, ISTIO_NAMESPACE } from "../../names";
import { switchOf } from "../mesh/addons";
import type { Mesh } from "../mesh/mesh";
import { type CheckResult, off } from "./check";
import { workloadFault } from "./workload";

/** Longest explanation that is quoted from an answer, in characters. */
const QUOTED = 160;

/** Makes a check of an add-on: off where the add-on is, failed where its Deployment does not run. */
export async function checkAddon(
    mesh: Mesh,
    addon: AddonName,
    check: () => Promise<CheckResult>,
): Promise<CheckResult> {
    if (!mesh.on[addon]) {
        return off(mesh, switchOf(addon));
    }
    const metadata = { name: addon, namespace: ISTIO_NAMESPACE };
    return (await workloadFault(mesh, { apiVersion: "apps/v1", kind: "Deployment", metadata })) ?? check();
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
    { service = addon, stop }: { service?: string; stop?: AbortSignal } = {},
): Promise<AddonAnswer> {
    const server = { kind: "services", namespace: ISTIO_NAMESPACE, name: service, port: ADDONS[addon].port } as const;
    const { status, text } = await api.getByProxy(server, path, stop);
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
