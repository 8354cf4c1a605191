import pc from "picocolors";
import { ClusterApi } from "../../kubernetes/api";
import { contact } from "../../kubernetes/contact";
import { sandboxObstacle, sandboxState, takeSandboxDown } from "../sandbox";
import { UserError, messageOf } from "../../shared/errors";
import type { Site } from "../target/site";
import { type DeploymentRecord, readRecord, removeRecord } from "../target/record";
import type { Target } from "../target/target";
import { strategyOf } from "./strategy";

export interface UndoOptions {
    /** Leave the sandbox cluster running. */
    keepCluster?: boolean;
    /** Touch no cluster: only forget what was deployed. */
    forget?: boolean;
}

/** Undoes what was deployed for a stack. Where nothing was, nothing happens. */
export async function undo(target: Target, options: UndoOptions, stop: AbortSignal): Promise<void> {
    const record = readRecord(target.stack);
    if (!record) {
        console.log(`Nothing is deployed for stack "${target.stack}".`);
        if (!target.sandbox) {
            console.log(
                `What \`pulumi up\` has deployed by itself, \`pulumi destroy --stack ${target.stack}\` removes.`,
            );
        }
    } else if (options.forget) {
        await forget(record, stop);
    } else if (target.sandbox) {
        await undoInSandbox(target, record, options, stop);
    } else {
        await undoInCluster(target, record, stop);
    }
    if (target.sandbox && !options.keepCluster && sandboxObstacle() === undefined) {
        await takeSandboxDown(stop);
    }
}

async function undoInCluster(target: Target, record: DeploymentRecord, stop: AbortSignal): Promise<void> {
    const ifGone = `If it is gone for good, forget it: npm run down -- --stack ${target.stack} --forget`;
    const { api, identity } = await reach(target).catch((error: unknown) => {
        throw new UserError(`${messageOf(error)}\n${ifGone}`);
    });
    if (identity !== record.cluster.identity && !target.sandbox) {
        throw new UserError(
            `context "${target.cluster.context}" names another cluster than the one that stack "${target.stack}" was ` +
                `deployed to: nothing is touched.\nName the kubeconfig of that one by --kubeconfig. ${ifGone}`,
        );
    }
    // The sandbox may have been made anew, and forgotten everything.
    await (identity === record.cluster.identity
        ? undoAt({ target, api, identity }, record, stop)
        : forget(record, stop));
}

async function reach({ cluster }: Target): Promise<Pick<Site, "api" | "identity">> {
    const api = await ClusterApi.connect(cluster);
    return { api, identity: await contact(cluster, api) };
}

/** As in any cluster; but what cannot be undone there goes with the sandbox itself. */
async function undoInSandbox(
    target: Target,
    record: DeploymentRecord,
    options: UndoOptions,
    stop: AbortSignal,
): Promise<void> {
    const state = await sandboxState(stop);
    if (state === "broken" && options.keepCluster) {
        throw new UserError(
            "the sandbox cluster is broken; `npm run sandbox -- up` mends it, `npm run down` removes it",
        );
    }
    if (state !== "up") {
        await forget(record, stop);
        return;
    }
    try {
        await undoInCluster(target, record, stop);
    } catch (error) {
        if (options.keepCluster || stop.aborted) {
            throw error;
        }
        console.error(pc.yellow(`${messageOf(error)}\nIt goes with the sandbox cluster.`));
        await forget(record, stop);
    }
}

async function undoAt(site: Site, record: DeploymentRecord, stop: AbortSignal): Promise<void> {
    const way = await strategyOf(record, stop);
    await way.undo(site, record, stop);
    removeRecord(record.stack);
}

async function forget(record: DeploymentRecord, stop: AbortSignal): Promise<void> {
    await (await strategyOf(record, stop)).forget(record.stack, stop);
    removeRecord(record.stack);
    console.log(`The cluster of stack "${record.stack}" is taken for gone; what was deployed to it is forgotten.`);
}
