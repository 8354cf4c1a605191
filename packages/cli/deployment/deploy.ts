import pc from "picocolors";
import type { Endpoint } from "../../../components/istio/address";
import { UserError } from "../../shared/errors";
import { commandLine } from "../../shared/invocation";
import { explaining } from "../diagnosis/explain";
import { silenceNotice } from "../diagnosis/silence";
import { findIngress } from "../mesh/ingress";
import { waitForPage } from "../mesh/page";
import { servedQuestion } from "../mesh/served";
import { refuseMissingPermissions } from "../preflight/permissions";
import { preflight } from "../preflight/preflight";
import { missingCertificate } from "../preflight/gatewayCertificate";
import { bringSandboxUp, sandboxObstacle, sandboxStatus } from "../sandbox";
import { connect, type Connection, isElsewhere, refuseOtherCluster } from "../stack/connection";
import { removeRecord } from "../stack/record";
import type { Stack } from "../stack/stack";
import { optionsFor, otherClusters } from "../stack/suggestions";
import { pageAccessOf } from "../token/pageAccess";
import { Progress } from "../terminal/progress";
import { chooseStrategy, type StrategyOptions, strategyOf } from "./chooseStrategy";
import type { Deployed } from "./strategy";

/** A deployment whose page answers. */
export interface Served extends Deployed {
    /** What a user must know if this machine does not reach the page. */
    notice?: string;
}

/** Deploys a stack, and waits until the page answers. The sandbox is started first. */
export async function deploy(stack: Stack, options: StrategyOptions, stop: AbortSignal): Promise<Served> {
    return stack.sandbox ? deployToSandbox(stack, options, stop) : deployToCluster(stack, options, stop);
}

/** Says where the page is, after an empty line, and how to open it if this machine does not reach it. */
export function pageLine({ outputs, notice }: Pick<Served, "outputs" | "notice">): string {
    const { productpageUrl } = outputs;
    const line =
        typeof productpageUrl === "string"
            ? `${pc.green("Bookinfo is up:")} ${pc.bold(productpageUrl)}`
            : pc.green("Bookinfo is up.");
    return `\n${line}\n${notice === undefined ? "" : `\n${pc.yellow(notice)}\n`}`;
}

/** Starts the sandbox if needed. If it still has to build the add-ons, the page is deployed before that. */
async function deployToSandbox(stack: Stack, options: StrategyOptions, stop: AbortSignal): Promise<Served> {
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
    const served = await deployToCluster(stack.withoutAddons(), options, stop);
    console.log(
        pageLine(served) +
            "You can use it now. The add-ons are next: they are built, and a second deployment adds them. If you stop " +
            "here, the page stays; the same command continues.\n",
    );
    await bringSandboxUp(stop);
    return deployToCluster(stack.withRecord(served.record), options, stop);
}

async function deployToCluster(stack: Stack, options: StrategyOptions, stop: AbortSignal): Promise<Served> {
    const connection = await connect(stack, (api) => refuseMissingPermissions(stack, api, stop));
    connection.stack = await preflight(connection, stop);
    if (stack.sandbox && isElsewhere(connection)) {
        connection.stack = await forgetSandbox(stack, stop);
    }
    refuseOtherCluster(connection);
    const strategy = await chooseStrategy(connection.stack.record, options, stop);
    const deployed = await strategy.deploy(connection, stop);
    let notice: string | undefined;
    try {
        await explaining(connection, async () => {
            notice = await waitUntilServed(connection, deployed, stop);
        });
    } catch (error) {
        throw error instanceof UserError && deployed.restoreCommand !== undefined
            ? new UserError(
                  `${error.message}\nIf something was changed by hand, this restores it: ${deployed.restoreCommand}`,
              )
            : error;
    }
    return { ...deployed, notice };
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

/**
 * Waits until the page answers: at its address or, if nothing answers there, through the API server.
 * @returns what a user must know if only the API server reaches it
 */
async function waitUntilServed(
    { stack, api }: Connection,
    { outputs, record }: Deployed,
    stop: AbortSignal,
): Promise<string | undefined> {
    const ingress = await findIngress(api, { appNamespace: stack.appNamespace, address: addressIn(outputs) });
    const missing = await missingCertificate(api, ingress);
    if (missing !== undefined) {
        return missing;
    }
    const { headers, expected } = pageAccessOf(stack.file);
    const question = { ...servedQuestion(api, ingress, { headers, stop }), expected, stop };
    const progress = new Progress();
    const answer = await progress.during("The page answers", () => waitForPage(question));
    if (!answer.throughApi) {
        return undefined;
    }
    const dashboard = commandLine("dashboard", ["bookinfo", ...optionsFor(stack.withRecord(record))]);
    return silenceNotice(api, ingress, { failure: answer.failure, dashboard });
}

/** Where clients reach the gateway, by the outputs of a deployment; undefined if it has no external address. */
function addressIn({ ingressIp, productpageUrl: url }: Deployed["outputs"]): Endpoint | undefined {
    if (typeof ingressIp !== "string" || typeof url !== "string") {
        return undefined;
    }
    const { port, protocol } = new URL(url);
    return { host: ingressIp, port: port === "" ? (protocol === "https:" ? 443 : 80) : Number(port) };
}
