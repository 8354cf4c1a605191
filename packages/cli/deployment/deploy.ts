import { ClusterApi } from "../../kubernetes/api";
import { UserError } from "../../shared/errors";
import { commandLine } from "../../shared/invocation";
import { shellWord } from "../../shared/shell";
import { explaining } from "../diagnosis/explain";
import { waitForPage } from "../mesh/page";
import { preflight } from "../preflight/preflight";
import { bringSandboxUp, sandboxObstacle } from "../sandbox";
import type { Connection } from "../stack/connection";
import { keepsState, removeRecord } from "../stack/record";
import { forgetCommand, otherClusters, upCommand } from "../stack/suggestions";
import { refuseGoogleCloud, type Stack } from "../stack/stack";
import { Progress } from "../terminal/progress";
import { chooseStrategy, type StrategyOptions, strategyOf } from "./chooseStrategy";
import type { Deployed } from "./strategy";

/** Deploys a stack, and waits until the page answers. The sandbox is started first. */
export async function deploy(stack: Stack, options: StrategyOptions, stop: AbortSignal): Promise<Deployed> {
    if (stack.sandbox) {
        await startSandbox(stop);
    }
    refuseGoogleCloud(stack.name, stack.file);
    const connection = await usable(await preflight(stack, await ClusterApi.connect(stack.cluster), stop), stop);
    const strategy = await chooseStrategy(connection.stack.record, options, stop);
    const deployed = await strategy.deploy(connection, stop);
    try {
        await explaining(connection, () => waitUntilServed(deployed.outputs.productpageUrl, stop));
    } catch (error) {
        if (!(error instanceof UserError) || options.refresh || !keepsState(deployed.record)) {
            throw error;
        }
        const again = upCommand(stack.withRecord(deployed.record), "--refresh");
        throw new UserError(`${error.message}\nIf something was changed by hand, this brings it back: ${again}`);
    }
    return deployed;
}

async function startSandbox(stop: AbortSignal): Promise<void> {
    const obstacle = sandboxObstacle();
    if (obstacle !== undefined) {
        throw new UserError(`${obstacle}\n${otherClusters()}`);
    }
    await bringSandboxUp(stop);
}

/**
 * The connection, if the stack's record is of this cluster. A sandbox that was made again has lost everything, so its
 * record is forgotten.
 */
async function usable(connection: Connection, stop: AbortSignal): Promise<Connection> {
    const { stack, identity } = connection;
    const { name, sandbox, cluster, record } = stack;
    if (!record || (record.cluster.identity === identity && record.cluster.context === cluster.context)) {
        return connection;
    }
    if (record.cluster.identity === identity) {
        // For the engine another context is another cluster: it would create everything there, and delete it here.
        const { context, kubeconfig } = cluster;
        const down = ["--stack", name, "--context", shellWord(context), "--kubeconfig", shellWord(kubeconfig)];
        throw new UserError(
            `stack "${name}" was deployed to context "${record.cluster.context}", and "${context}" leads to the same ` +
                `cluster: use that one, or undo it first with \`${commandLine("down", down)}\``,
        );
    }
    if (!sandbox) {
        throw new UserError(
            `stack "${name}" was deployed to another cluster than context "${cluster.context}" names now; ` +
                `run \`${forgetCommand(name)}\` to forget it, or choose another name with --stack`,
        );
    }
    console.log("The sandbox cluster of the last deployment is gone; starting again.");
    await (await strategyOf(record, stop)).forget(name, stop);
    removeRecord(name);
    return { ...connection, stack: stack.withRecord(undefined) };
}

async function waitUntilServed(url: unknown, stop: AbortSignal): Promise<void> {
    if (typeof url !== "string" || url === "") {
        throw new UserError("the ingress gateway has no external address; does the cluster have load balancers?");
    }
    await new Progress().during(`${url} answers`, () => waitForPage(url, stop));
}
