import { ALL_RELEASES, ISTIO_NAMESPACE } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import { releaseSecrets, revisionsOf } from "../../kubernetes/releases";
import { UserError } from "../../shared/errors";
import { helmOn } from "../../kubernetes/address";

/**
 * For a stack that has deployed nothing: without this check the engine would fail in the middle of the deployment.
 * @throws UserError naming Helm's releases that have the names of this program's
 */
export async function refuseForeignReleases(stack: string, api: ClusterApi): Promise<void> {
    const secrets = await releaseSecrets(api, ISTIO_NAMESPACE);
    const foreign = ALL_RELEASES.filter(
        (name) => revisionsOf({ name, namespace: ISTIO_NAMESPACE }, secrets).length > 0,
    );
    if (foreign.length > 0) {
        const history = `${helmOn(api.address)} history --namespace ${ISTIO_NAMESPACE} ${foreign[0] ?? ""}`;
        throw new UserError(
            [
                `another Istio is installed in this cluster: Helm has the releases ${foreign.join(", ")} in ${ISTIO_NAMESPACE}`,
                `already, but stack "${stack}" has deployed nothing yet.`,
                "If this program deployed them, use the same stack and backend again (--stack, --backend).",
                `Otherwise they are somebody else's, and others may depend on them (${history}): deploy to another cluster, or ask`,
                "their owner.",
            ].join("\n"),
        );
    }
}
