import { ISTIO_NAMESPACE, KIALI_RELEASE, RELEASES } from "../../../components/names";
import { releaseSecrets, revisionsOf } from "../../kubernetes/releases";
import { deploymentOf } from "../mesh/addons";
import { type Check, failed, ok } from "./check";
import { workloadFailure } from "./objects";

export const checkReleases: Check = async (mesh) => {
    const { api, commands, on } = mesh;
    const expected = [...Object.values(RELEASES), ...(on.kiali ? [KIALI_RELEASE] : [])];
    const secrets = await releaseSecrets(api);
    const failures = expected.flatMap((name) => {
        const [newest] = revisionsOf({ name, namespace: ISTIO_NAMESPACE }, secrets);
        return newest?.status === "deployed" ? [] : [`${name} is ${newest?.status ?? "missing"}`];
    });
    if (failures.length > 0) {
        return failed(failures.join(", "), commands.redeploy);
    }
    return (await workloadFailure(mesh, deploymentOf(RELEASES.istiod))) ?? ok(`${expected.join(", ")} deployed`);
};
