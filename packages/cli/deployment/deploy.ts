import pc from "picocolors";
import { UserError } from "../../shared/errors";
import { explaining } from "../diagnosis/explain";
import { waitForPage } from "../mesh/page";
import { refuseMissingPermissions } from "../preflight/permissions";
import { preflight } from "../preflight/preflight";
import { bringSandboxUp, sandboxObstacle, sandboxStatus } from "../sandbox";
import { connect, isElsewhere, refuseOtherCluster } from "../stack/connection";
import { removeRecord } from "../stack/record";
import type { Stack } from "../stack/stack";
import { otherClusters } from "../stack/suggestions";
import { Progress } from "../terminal/progress";
import { chooseStrategy, type StrategyOptions, strategyOf } from "./chooseStrategy";
import type { Deployed } from "./strategy";

/** Deploys a stack, and waits until the page answers. The sandbox is started first. */
export async function deploy(stack: Stack, options: StrategyOptions, stop: AbortSignal): Promise<Deployed> {
    return stack.sandbox ? deployToSandbox(stack, options, stop) : deployToCluster(stack, options, stop);
}

/** Says where the page is, after an empty line. */
export function pageLine({ productpageUrl }: Deployed["outputs"]): string {
    return `\n${pc.green("Bookinfo is up:")} ${pc.bold(String(productpageUrl))}\n`;
}

/** Starts the sandbox if needed. If it still has to build the add-ons, the page is deployed before that. */
async function deployToSandbox(stack: Stack, options: StrategyOptions, stop: AbortSignal): Promise<Deployed> {
    const obstacle = sandboxObstacle();
    if (obstacle !== undefined) {
        throw new UserError(`${obstacle}\n${otherClusters()}`);
    }
    const before = await sandboxStatus(stop);
    if (before.state !== "up") {
        await bringSandboxUp(stop, { addons: false });
    }
    const { addons } = before.state === "up" ? before : await sandboxStatus(stop);
    if (addons || !stack.hasAddons) {
        return deployToCluster(stack, options, stop);
    }
    const { outputs, record } = await deployToCluster(stack.withoutAddons(), options, stop);
    console.log(
        pageLine(outputs) +
            "You can use it now. The add-ons are next: they are built, and a second deployment adds them. If you stop " +
            "here, the page stays; the same command continues.\n",
    );
    await bringSandboxUp(stop);
    return deployToCluster(stack.withRecord(record), options, stop);
}

async function deployToCluster(stack: Stack, options: StrategyOptions, stop: AbortSignal): Promise<Deployed> {
    const connection = await connect(stack, (api) => refuseMissingPermissions(stack, api, stop));
    await preflight(connection, stop);
    if (stack.sandbox && isElsewhere(connection)) {
        connection.stack = await forgetSandbox(stack, stop);
    }
    refuseOtherCluster(connection);
    const strategy = await chooseStrategy(connection.stack.record, options, stop);
    const deployed = await strategy.deploy(connection, stop);
    try {
        await explaining(connection, () => waitUntilServed(deployed.outputs.productpageUrl, stop));
    } catch (error) {
        throw error instanceof UserError && deployed.restoreCommand !== undefined
            ? new UserError(
                  `${error.message}\nIf something was changed by hand, this restores it: ${deployed.restoreCommand}`,
              )
            : error;
    }
    return deployed;
}

/** Forgets what was deployed to a sandbox that was removed since. */
async function forgetSandbox(stack: Stack, stop: AbortSignal): Promise<Stack> {
    console.log("The sandbox cluster of the last deployment is gone; starting again.");
    if (stack.record) {
        await (await strategyOf(stack.record, {}, stop)).forget(stack.name, stop);
        removeRecord(stack.name);
    }
    return stack.withRecord(undefined);
}

async function waitUntilServed(url: unknown, stop: AbortSignal): Promise<void> {
    if (typeof url !== "string" || url === "") {
        throw new UserError("the ingress gateway has no external address; does the cluster have load balancers?");
    }
    await new Progress().during(`${url} answers`, () => waitForPage(url, stop));
}
