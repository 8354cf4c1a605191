import { type AddonName, ADDONS, BOOKINFO_PAGE } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import { problemsOfPod } from "../diagnosis/pods";
import { problemLine } from "../diagnosis/problem";
import type { KubernetesObject } from "../../kubernetes/object";
import { isReadyPod } from "../../kubernetes/readiness";
import { waitUntil } from "../../kubernetes/wait";
import { UserError } from "../../shared/errors";
import type { Mesh } from "../mesh/mesh";
import { addonPods, isDeployed, type PageName, switchOf } from "../mesh/addons";

/** Time until an add-on must be ready, in seconds: the node may still pull its image. */
const READY_TIMEOUT = 120;

export function pageUrl(name: PageName, port: number): string {
    return `http://localhost:${port}${name === BOOKINFO_PAGE.name ? BOOKINFO_PAGE.path : ADDONS[name].path}`;
}

/** @throws UserError naming the add-ons that are not deployed, and how to switch each on */
export async function requireAddons(mesh: Mesh, stack: string, addons: readonly AddonName[]): Promise<void> {
    const found = await Promise.all(addons.map((addon) => isDeployed(mesh.api, addon)));
    const missing = addons.filter((_, index) => !found[index]);
    if (missing.length === 0) {
        return;
    }
    if (missing.includes("prometheus") && mesh.prometheusUrl !== undefined) {
        const { prometheusUrl: url } = mesh;
        throw new UserError(
            `stack "${stack}" deploys no Prometheus, because its config names another one (istio.prometheus.url): ${url}`,
        );
    }
    const what = `${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} not deployed`;
    const switchedOff = missing.filter((addon) => !mesh.on[addon]);
    if (switchedOff.length === 0) {
        throw new UserError(`${what}, although switched on. Deploy with\n  ${mesh.commands.redeploy}`);
    }
    const commands = switchedOff.map((addon) => `  pulumi config set --path ${switchOf(addon)} true --stack ${stack}`);
    throw new UserError(
        `${what}. Switch on in Pulumi.${stack}.yaml, or with\n${commands.join("\n")}\nand deploy with\n  ${mesh.commands.up}`,
    );
}

export function waitForAddon(api: ClusterApi, addon: AddonName, stop: AbortSignal): Promise<void> {
    return waitForReadyPod(addon, () => addonPods(api, addon), stop);
}

/** Waits until one of some pods is ready. @throws UserError with what keeps them from it */
export async function waitForReadyPod(
    name: string,
    list: () => Promise<KubernetesObject[]>,
    stop: AbortSignal,
): Promise<void> {
    await waitUntil(name, { timeout: READY_TIMEOUT, stop }, async () => {
        const pods = await list();
        if (pods.some(isReadyPod)) {
            return undefined;
        }
        const problems = pods.flatMap(problemsOfPod).map(problemLine);
        return problems.length > 0 ? `is not ready (${problems.join("; ")})` : "has no pod";
    });
}
