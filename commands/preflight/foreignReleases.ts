import { ISTIO_NAMESPACE, KIALI_RELEASE, RELEASES } from "../../names";
import type { ClusterApi } from "../cluster/api";
import { releaseSecrets, revisionsOf } from "../cluster/releases";
import { Fault } from "../fault";
import { helmOn } from "../shell";

/**
 * Checks, for a stack that has deployed nothing, that Helm has no releases of our names yet: the engine would find out
 * only half-way.
 * @throws Fault naming those that there are
 */
export async function refuseForeignReleases(stack: string, api: ClusterApi): Promise<void> {
    const secrets = await releaseSecrets(api);
    const ours = [...Object.values(RELEASES), KIALI_RELEASE];
    const foreign = ours.filter((name) => revisionsOf(name, secrets).length > 0);
    if (foreign.length > 0) {
        const uninstall = `${helmOn(api.address)} uninstall --namespace ${ISTIO_NAMESPACE}`;
        throw new Fault(
            [
                `another Istio is installed in this cluster: Helm has the releases ${foreign.join(", ")} in ${ISTIO_NAMESPACE}`,
                `already, and stack "${stack}" has deployed nothing yet.`,
                "If they are of this program, deploy with the stack and the backend that they were deployed with (--stack,",
                `--backend). Else remove them: ${uninstall} ${[...foreign].reverse().join(" ")}`,
            ].join("\n"),
        );
    }
}
