import pc from "picocolors";
import { messageOf, UserError } from "../../shared/errors";
import { commandLine } from "../../shared/invocation";
import { sandboxObstacle, sandboxStatus, takeSandboxDown } from "../sandbox";
import { connect, isElsewhere } from "../stack/connection";
import { SANDBOX_STACK } from "../../shared/project";
import { type DeploymentRecord, removeRecord } from "../stack/record";
import type { Stack } from "../stack/stack";
import { forgetCommand } from "../stack/suggestions";
import { strategyOf } from "./chooseStrategy";

/** What a cloud may keep, and bill, after the end of a cluster. */
const BILLED_ELSEWHERE =
    "If it was a cloud's, look there for what a cluster leaves: the load balancer of istio-ingressgateway, and volumes.";

export interface UndoOptions {
    /** Leave the sandbox cluster running. */
    keepCluster?: boolean;
    /** Touch no cluster: only forget what was deployed. */
    forget?: boolean;
}

/** Undoes what was deployed for a stack. If nothing was, nothing happens. */
export async function undo(stack: Stack, options: UndoOptions, stop: AbortSignal): Promise<void> {
    const { name, record, sandbox } = stack;
    if (!record) {
        console.log(`Nothing is deployed for stack "${name}".`);
        if (!sandbox) {
            console.log(`If you deployed it with \`pulumi up\`, remove it with \`pulumi destroy --stack ${name}\`.`);
        }
    } else if (options.forget) {
        await forget(record, stop);
    } else if (sandbox) {
        await undoInSandbox(stack, record, options, stop);
    } else {
        await undoInCluster(stack, record, stop);
    }
    if (sandbox && !options.keepCluster && sandboxObstacle() === undefined) {
        await takeSandboxDown(stop);
    }
}

async function undoInCluster(stack: Stack, record: DeploymentRecord, stop: AbortSignal): Promise<void> {
    const ifGone =
        `If it is gone for good, forget it: ${forgetCommand(stack.name)}\n` +
        "That touches no cluster. A cluster that may still exist must be reached again first (network, VPN, --kubeconfig).";
    const connection = await connect(stack).catch((error: unknown) => {
        throw new UserError(`${messageOf(error)}\n${ifGone}`);
    });
    if (!isElsewhere(connection)) {
        await (await strategyOf(record, {}, stop)).undo(connection, record, stop);
        removeRecord(record.stack);
    } else if (stack.sandbox) {
        // This is a new sandbox: the old one is gone with everything in it.
        await forget(record, stop);
    } else {
        throw new UserError(
            `context "${stack.cluster.context}" names another cluster than the one that stack "${stack.name}" was ` +
                `deployed to: nothing is touched.\nName the kubeconfig of that one with --kubeconfig. ${ifGone}`,
        );
    }
}

/** As in any cluster; but if this fails, removing the sandbox removes everything. */
async function undoInSandbox(
    stack: Stack,
    record: DeploymentRecord,
    options: UndoOptions,
    stop: AbortSignal,
): Promise<void> {
    const { state } = await sandboxStatus(stop);
    if (state === "broken" && options.keepCluster) {
        throw new UserError(
            `the sandbox cluster is broken; \`${commandLine("sandbox", ["up"])}\` repairs it, \`${commandLine("down")}\` removes it`,
        );
    }
    if (state !== "up") {
        await forget(record, stop);
        return;
    }
    try {
        await undoInCluster(stack, record, stop);
    } catch (error) {
        if (options.keepCluster || stop.aborted) {
            throw error;
        }
        console.error(pc.yellow(`${messageOf(error)}\nRemoving the sandbox cluster removes it.`));
        await forget(record, stop);
    }
}

async function forget(record: DeploymentRecord, stop: AbortSignal): Promise<void> {
    await (await strategyOf(record, {}, stop)).forget(record.stack, stop);
    removeRecord(record.stack);
    console.log(`The cluster of stack "${record.stack}" counts as gone; what was deployed to it is forgotten.`);
    if (record.stack !== SANDBOX_STACK) {
        console.log(pc.yellow(BILLED_ELSEWHERE));
    }
}
