import { CNI_RELEASE, ISTIO_NAMESPACE, KIALI_RELEASE, RELEASES } from "../../../components/names";
import { releaseSecrets, revisionsOf } from "../../kubernetes/releases";
import { deploymentOf } from "../mesh/addons";
import { CNI_PLUGIN } from "../mesh/switches";
import { type Check, failed, ok } from "./check";
import { workloadFailure } from "./objects";

export const checkReleases: Check = async (mesh) => {
    const { api, commands, on, cni } = mesh;
    const plugin = cni ? [CNI_RELEASE] : [];
    const expected = [...plugin, ...Object.values(RELEASES), ...(on.kiali ? [KIALI_RELEASE] : [])];
    const secrets = await releaseSecrets(api, ISTIO_NAMESPACE);
    const failures = expected.flatMap((name) => {
        const [newest] = revisionsOf({ name, namespace: ISTIO_NAMESPACE }, secrets);
        return newest?.status === "deployed" ? [] : [`${name} is ${newest?.status ?? "missing"}`];
    });
    if (failures.length > 0) {
        return failed(failures.join(", "), commands.redeploy);
    }
    for (const workload of [...(cni ? [CNI_PLUGIN] : []), deploymentOf(RELEASES.istiod)]) {
        const failure = await workloadFailure(mesh, workload);
        if (failure) {
            return failure;
        }
    }
    return ok(`${expected.join(", ")} deployed`);
};
