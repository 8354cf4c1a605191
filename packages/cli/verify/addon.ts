import { type AddonName, ADDONS, ISTIO_NAMESPACE } from "../../../components/names";
import type { ProxiedServer } from "../../kubernetes/api";
import type { HttpAnswer } from "../../kubernetes/transport";
import { Stopped } from "../../shared/errors";
import { parseJson } from "../../shared/json";
import { connectToAddon, deploymentOf, switchOf } from "../mesh/addons";
import type { Mesh } from "../mesh/mesh";
import { getOver } from "../mesh/throughApi";
import { type CheckResult, failed } from "./check";
import { checkSwitchedOff, workloadFailure } from "./objects";

/** Longest explanation that is quoted from an answer, in characters. */
const QUOTED = 160;

/** Runs a check of an add-on, unless the add-on is switched off or its Deployment does not run. */
export async function checkAddon(
    mesh: Mesh,
    addon: AddonName,
    check: () => Promise<CheckResult>,
): Promise<CheckResult> {
    if (!mesh.on[addon]) {
        return checkSwitchedOff(mesh, switchOf(addon), deploymentOf(addon));
    }
    return (await workloadFailure(mesh, deploymentOf(addon))) ?? check();
}

export interface AddonRequest {
    path: string;
    /** What to do if the answer is not JSON with status 200. */
    remedy: string;
    /** Name of the Service. Default: the add-on's name. */
    service?: string;
    /** Whether the status 404 means that the add-on has no data yet. */
    mayBeMissing?: boolean;
    stop?: AbortSignal;
}

/** Asks an add-on's API and judges the JSON that it answers; undefined for a 404 that may be. */
export async function askAddon(
    mesh: Mesh,
    addon: AddonName,
    request: AddonRequest,
    judge: (json: unknown) => CheckResult | Promise<CheckResult>,
): Promise<CheckResult> {
    return judgeAnswer(addon, await getFromAddon(mesh, addon, request), request, judge);
}

/**
 * The answer of an add-on's pod. A port-forward ends inside of the pod, so no NetworkPolicy stops it. Most policies stop the API
 * server's proxy, which is for users who may not forward ports.
 * @throws ApiError if neither reaches the add-on
 */
export async function getFromAddon(
    { api }: Mesh,
    addon: AddonName,
    { path, service, stop }: Pick<AddonRequest, "path" | "service" | "stop">,
): Promise<HttpAnswer> {
    try {
        return await getOver(await connectToAddon(api, addon), path, { host: "localhost" }, stop);
    } catch (error) {
        if (error instanceof Stopped) {
            throw error;
        }
        return api.getByProxy(serverOf(addon, service), path, stop);
    }
}

/** Judges the JSON in the answer of a server. */
export async function judgeAnswer(
    server: string,
    { status, text }: HttpAnswer,
    { remedy, mayBeMissing }: AddonRequest,
    judge: (json: unknown) => CheckResult | Promise<CheckResult>,
): Promise<CheckResult> {
    if (status === 404 && mayBeMissing) {
        return judge(undefined);
    }
    if (status !== 200) {
        const explanation = text.startsWith("<") ? "" : (text.trim().split("\n")[0] ?? "").slice(0, QUOTED);
        return failed(`${server} answers ${status} ${explanation}`.trim(), remedy);
    }
    const json = parseJson(text);
    return json === undefined ? failed(`the answer of ${server} is not JSON`, remedy) : judge(json);
}

/** An add-on's Service, reached through the API server. */
function serverOf(addon: AddonName, service: string = addon): ProxiedServer {
    return { kind: "services", namespace: ISTIO_NAMESPACE, name: service, port: ADDONS[addon].port };
}

export function logsOf({ commands }: Mesh, addon: AddonName): string {
    return `${commands.kubectl} --namespace ${ISTIO_NAMESPACE} logs deployment/${addon}`;
}
