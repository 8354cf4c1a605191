import { ClusterApi } from "../../kubernetes/api";
import { ApiError } from "../../kubernetes/apiError";
import { UserError } from "../../shared/errors";
import { commandLine } from "../../shared/invocation";
import { shellWord } from "../../shared/shell";
import type { Stack } from "./stack";
import { forgetCommand } from "./suggestions";

/** A stack on its cluster, which answers. */
export interface Connection {
    stack: Stack;
    api: ClusterApi;
    /** Tells the cluster from others: `ClusterApi.identity`. */
    identity: string;
}

/**
 * Connects to the cluster of a stack.
 * @param refuse called before the error if the cluster refuses the first request: it may throw a better error
 * @throws UserError if the cluster cannot be reached, with a remedy
 */
export async function connect(stack: Stack, refuse?: (api: ClusterApi) => Promise<void>): Promise<Connection> {
    const api = await ClusterApi.connect(stack.cluster, stack.kubeconfig);
    try {
        return { stack, api, identity: await api.identity() };
    } catch (error) {
        if (error instanceof ApiError) {
            await refuse?.(api);
        }
        throw error;
    }
}

/** Whether a stack was deployed to another cluster than the connected one. */
export function isElsewhere({ stack: { record }, identity }: Connection): boolean {
    return record !== undefined && record.cluster.identity !== identity;
}

/** @throws UserError if the stack was deployed to another cluster, or to the same one by another context */
export function refuseOtherCluster(connection: Connection): void {
    const { name, cluster, record } = connection.stack;
    const { context, kubeconfig } = cluster;
    if (isElsewhere(connection)) {
        throw new UserError(
            `stack "${name}" was deployed to another cluster than context "${context}" names now; ` +
                `run \`${forgetCommand(name)}\` to forget it, or choose another name with --stack`,
        );
    }
    if (record && record.cluster.context !== context) {
        // For the engine another context is another cluster: it would create everything there, and delete it here.
        const down = ["--stack", name, "--context", shellWord(context), "--kubeconfig", shellWord(kubeconfig)];
        throw new UserError(
            `stack "${name}" was deployed to context "${record.cluster.context}", and "${context}" leads to the same ` +
                `cluster: use that one, or undo it first with \`${commandLine("down", down)}\``,
        );
    }
}
