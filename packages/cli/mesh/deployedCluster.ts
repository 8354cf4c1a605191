import { existsSync } from "node:fs";
import { ClusterApi } from "../../kubernetes/api";
import { findRecordedTarget, type Target, type TargetOptions } from "../target/target";
import { UserError } from "../../shared/errors";

/** The cluster of a stack that is expected to be deployed. */
export interface DeployedCluster {
    target: Target;
    api: ClusterApi;
}

/**
 * The cluster that the options name; by default the sandbox.
 * @throws UserError if the options name no cluster, or if the sandbox does not run
 */
export async function findDeployedCluster(options: TargetOptions): Promise<DeployedCluster> {
    const target = findRecordedTarget(options);
    if (target.sandbox && !existsSync(target.cluster.kubeconfig)) {
        throw new UserError(
            "the sandbox cluster does not run; `npm run up` starts it and deploys to it. " +
                "For your own cluster, name its context: --context NAME",
        );
    }
    return { target, api: await ClusterApi.connect(target.cluster) };
}
