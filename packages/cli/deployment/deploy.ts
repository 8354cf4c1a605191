import { ClusterApi } from "../../kubernetes/api";
import { waitForPage } from "../mesh/page";
import { bringSandboxUp, sandboxObstacle } from "../sandbox";
import { UserError } from "../../shared/errors";
import { preflight } from "../preflight/preflight";
import { Progress } from "../terminal/progress";
import { shellWord } from "../../shared/shell";
import type { Deployed } from "../target/site";
import { explaining } from "../diagnosis/explain";
import { type DeploymentRecord, readRecord, removeRecord } from "../target/record";
import { otherClusters, upOptionsFor } from "../target/suggestions";
import { refuseGoogleCloud, type Target } from "../target/target";
import { chooseStrategy, type StrategyOptions, strategyOf } from "./strategy";

/** Deploys a stack to its cluster, which is started first where it is the sandbox, and waits until the page answers. */
export async function deploy(target: Target, options: StrategyOptions, stop: AbortSignal): Promise<Deployed> {
    if (target.sandbox) {
        const obstacle = sandboxObstacle();
        if (obstacle !== undefined) {
            throw new UserError(`${obstacle}\n${otherClusters()}`);
        }
        await bringSandboxUp(stop);
    }
    refuseGoogleCloud(target.stack);
    const api = await ClusterApi.connect(target.cluster);
    const identity = await preflight(target, api, stop);
    const record = await validRecord(target, identity, stop);
    const way = await chooseStrategy(record, options, stop);
    const site = { target, api, identity };
    const deployed = await way.deploy(site, stop);
    try {
        await explaining(site, () => waitUntilServed(deployed.outputs.productpageUrl, stop));
    } catch (error) {
        if (!(error instanceof UserError) || options.refresh || readRecord(target.stack)?.deployedBy.way !== "pulumi") {
            throw error;
        }
        const again = `npm run up${upOptionsFor(target) || " --"} --refresh`;
        throw new UserError(`${error.message}\nWhat was changed by hand is brought back by: ${again}`);
    }
    return deployed;
}

/** The record of the stack, if it is of this cluster. The sandbox may have been made anew, and forgotten everything. */
async function validRecord(target: Target, identity: string, stop: AbortSignal): Promise<DeploymentRecord | undefined> {
    const { stack, sandbox, cluster } = target;
    const record = readRecord(stack);
    if (!record || (record.cluster.identity === identity && record.cluster.context === cluster.context)) {
        return record;
    }
    if (record.cluster.identity === identity) {
        // To the engine a context is a cluster: it would make everything anew in a new one, and remove it from the old.
        throw new UserError(
            `stack "${stack}" was deployed to context "${record.cluster.context}", and "${cluster.context}" leads to the same ` +
                `cluster: use that one, or undo it first, by \`npm run down -- --stack ${stack} ` +
                `--context ${shellWord(cluster.context)} --kubeconfig ${shellWord(cluster.kubeconfig)}\``,
        );
    }
    if (!sandbox) {
        throw new UserError(
            `stack "${stack}" was deployed to another cluster than context "${cluster.context}" names now; ` +
                `run \`npm run down -- --stack ${stack} --forget\` to forget it, or choose another name by --stack`,
        );
    }
    console.log("The sandbox cluster of the last deployment is gone; starting afresh.");
    await (await strategyOf(record, stop)).forget(stack, stop);
    removeRecord(stack);
    return undefined;
}

async function waitUntilServed(url: unknown, stop: AbortSignal): Promise<void> {
    if (typeof url !== "string" || url === "") {
        throw new UserError("the ingress gateway has no external address; does the cluster have load balancers?");
    }
    await new Progress().during(`${url} answers`, () => waitForPage(url, stop));
}
