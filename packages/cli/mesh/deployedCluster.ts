import { existsSync } from "node:fs";
import { ClusterApi } from "../../kubernetes/api";
import { findRecordedTarget, type Target, type TargetOptions } from "../target/target";
import { UserError } from "../../shared/errors";

/** A stack's cluster, where the program is expected to be deployed. */
export interface DeployedCluster {
    target: Target;
    api: ClusterApi;
}

/**
 * The cluster that the options name: the one that was deployed to, the sandbox by default.
 * @throws UserError where it cannot be told, or the sandbox does not run
 */
export async function findDeployedCluster(options: TargetOptions): Promise<DeployedCluster> {
    const target = findRecordedTarget(options);
    if (target.sandbox && !existsSync(target.cluster.kubeconfig)) {
        throw new UserError(
            "the sandbox cluster does not run; `npm run up` starts it and deploys to it. " +
                "For a cluster of your own, name its context: --context NAME",
        );
    }
    return { target, api: await ClusterApi.connect(target.cluster) };
}
