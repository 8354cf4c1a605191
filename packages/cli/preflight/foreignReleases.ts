import { ISTIO_NAMESPACE, KIALI_RELEASE, RELEASES } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import { releaseSecrets, revisionsOf } from "../../kubernetes/releases";
import { UserError } from "../../shared/errors";
import { helmOn } from "../../kubernetes/address";

/**
 * Checks, for a stack that has deployed nothing, that Helm has no releases of our names yet: the engine would find out
 * only half-way.
 * @throws UserError naming those that there are
 */
export async function refuseForeignReleases(stack: string, api: ClusterApi): Promise<void> {
    const secrets = await releaseSecrets(api);
    const ours = [...Object.values(RELEASES), KIALI_RELEASE];
    const foreign = ours.filter((name) => revisionsOf({ name, namespace: ISTIO_NAMESPACE }, secrets).length > 0);
    if (foreign.length > 0) {
        const uninstall = `${helmOn(api.address)} uninstall --namespace ${ISTIO_NAMESPACE}`;
        throw new UserError(
            [
                `another Istio is installed in this cluster: Helm has the releases ${foreign.join(", ")} in ${ISTIO_NAMESPACE}`,
                `already, and stack "${stack}" has deployed nothing yet.`,
                "If they are of this program, deploy with the stack and the backend that they were deployed with (--stack,",
                `--backend). Else remove them: ${uninstall} ${[...foreign].reverse().join(" ")}`,
            ].join("\n"),
        );
    }
}
