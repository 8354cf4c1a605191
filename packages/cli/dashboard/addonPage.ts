import type { Duplex } from "node:stream";
import { type AddonName, ADDONS, ISTIO_NAMESPACE } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import { problemsOfPod } from "../diagnosis/pods";
import { problemLine } from "../diagnosis/problem";
import { isReadyPod } from "../../kubernetes/readiness";
import { waitUntil } from "../../kubernetes/wait";
import { UserError } from "../../shared/errors";
import type { Mesh } from "../mesh/mesh";
import { addonPods, isDeployed, switchOf } from "../mesh/addons";

/** Time that an add-on has to become ready, in seconds: its image may still be on its way. */
const READY_TIMEOUT = 120;

/** The page of an add-on at a local port. */
export function pageUrl(addon: AddonName, port: number): string {
    return `http://localhost:${port}${ADDONS[addon].path}`;
}

/**
 * Checks that add-ons are deployed.
 * @throws UserError naming those that are not, and how to turn each on
 */
export async function requireAddons(mesh: Mesh, stack: string, addons: readonly AddonName[]): Promise<void> {
    const found = await Promise.all(addons.map((addon) => isDeployed(mesh.api, addon)));
    const missing = addons.filter((_, index) => !found[index]);
    if (missing.length === 0) {
        return;
    }
    const said = `${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} not deployed`;
    const switchedOff = missing.filter((addon) => !mesh.on[addon]);
    if (switchedOff.length === 0) {
        throw new UserError(`${said}, though switched on. Deploy by\n  ${mesh.commands.redeploy}`);
    }
    const commands = switchedOff.map((addon) => `  pulumi config set --path ${switchOf(addon)} true --stack ${stack}`);
    throw new UserError(
        `${said}. Switch on in Pulumi.${stack}.yaml, or by\n${commands.join("\n")}\nand deploy by\n  ${mesh.commands.up}`,
    );
}

/** Waits until a pod of an add-on takes requests. @throws UserError with what keeps it from that */
export async function waitForAddon(api: ClusterApi, addon: AddonName, stop: AbortSignal): Promise<void> {
    await waitUntil(addon, { timeout: READY_TIMEOUT, stop }, async () => {
        const pods = await addonPods(api, addon);
        if (pods.some(isReadyPod)) {
            return undefined;
        }
        const problem = pods.flatMap(problemsOfPod).map(problemLine);
        return problem.length > 0 ? `is not ready (${problem.join("; ")})` : "has no pod";
    });
}

/** Opens a connection to a pod of an add-on that is ready now. @throws UserError where there is none */
export async function connectToAddon(api: ClusterApi, addon: AddonName): Promise<Duplex> {
    const pod = (await addonPods(api, addon)).find(isReadyPod);
    if (!pod) {
        throw new UserError("no pod of it is ready");
    }
    return api.connectToPod({ namespace: ISTIO_NAMESPACE, name: pod.metadata.name }, ADDONS[addon].port);
}
