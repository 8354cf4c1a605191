import { existsSync } from "node:fs";
import { ClusterApi } from "../../kubernetes/api";
import { UserError } from "../../shared/errors";
import { commandLine } from "../../shared/invocation";
import { findDeployedStack, type Stack, type StackOptions } from "../stack/stack";

/** A stack's cluster, where the program should be deployed. */
export interface DeployedCluster {
    stack: Stack;
    api: ClusterApi;
}

/**
 * The cluster that the options name, the sandbox by default.
 * @throws UserError if the options name no cluster, or the sandbox does not run
 */
export async function findDeployedCluster(options: StackOptions): Promise<DeployedCluster> {
    const stack = findDeployedStack(options);
    if (stack.sandbox && !existsSync(stack.cluster.kubeconfig)) {
        throw new UserError(
            `the sandbox cluster does not run; \`${commandLine("up")}\` starts it and deploys to it. ` +
                "For your own cluster, name its context: --context NAME",
        );
    }
    return { stack, api: await ClusterApi.connect(stack.cluster, stack.kubeconfig) };
}
