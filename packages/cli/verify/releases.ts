import { ISTIO_NAMESPACE, KIALI_RELEASE, RELEASES } from "../../../components/names";
import type { KubernetesObject } from "../../kubernetes/object";
import { releaseSecrets, revisionsOf } from "../../kubernetes/releases";
import { deploymentOf } from "../mesh/addons";
import { type Check, failed, ok } from "./check";
import { workloadFault } from "./workload";

/** Every Helm release is deployed, and the control plane runs. */
export const checkReleases: Check = async (mesh) => {
    const { api, commands, on } = mesh;
    const expected = [...Object.values(RELEASES), ...(on.kiali ? [KIALI_RELEASE] : [])];
    const secrets = await releaseSecrets(api);
    const states = expected.map((name) => ({ name, state: stateOf(name, secrets) }));
    const faulty = states.filter(({ state }) => state !== "deployed");
    if (faulty.length > 0) {
        const list = faulty.map(({ name, state }) => `${name} is ${state ?? "not there"}`).join(", ");
        return failed(list, commands.redeploy);
    }
    const fault = await workloadFault(mesh, deploymentOf(RELEASES.istiod));
    return fault ?? ok(`${expected.join(", ")} deployed`);
};

/** What Helm says of the newest revision of a release; undefined where there is none. */
export function stateOf(release: string, secrets: readonly KubernetesObject[]): string | undefined {
    return revisionsOf({ name: release, namespace: ISTIO_NAMESPACE }, secrets)[0]?.status;
}
