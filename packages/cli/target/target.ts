import path from "node:path";
import { absolute, localFiles } from "../../../config/files";
import type { ClusterAddress } from "../../kubernetes/address";
import { findContexts, kubeconfigFiles, listContexts, locateContext } from "../../kubernetes/kubeconfig";
import { UserError } from "../../shared/errors";
import { readStackFile } from "../program/projectConfig";
import { PROJECT_NAME, SANDBOX_STACK, stackFile } from "../../shared/project";
import { readRecord } from "./record";

/** Options by which a person says where to deploy. */
export interface TargetOptions {
    context?: string;
    kubeconfig?: string;
    stack?: string;
}

/** A stack, and the cluster that it is deployed to. */
export interface Target {
    stack: string;
    cluster: ClusterAddress;
    /** Whether the cluster is the sandbox, which these commands start and remove. */
    sandbox: boolean;
    /** Whether the cluster was named on the command line and so wins over the one in the stack's file. */
    named: boolean;
}

/**
 * What the options mean: a context of the user's kubeconfig, else the cluster in a stack's file; the sandbox by default.
 * @throws UserError where the context does not exist, or the stack's file names no cluster of a kubeconfig
 */
export function findTarget(options: TargetOptions): Target {
    refuseOddName(options.stack);
    if (options.context !== undefined) {
        if (options.stack === SANDBOX_STACK) {
            throw new UserError(
                `the stack "${SANDBOX_STACK}" is the sandbox's; leave out --stack, or choose another name`,
            );
        }
        const files = options.kubeconfig === undefined ? kubeconfigFiles() : [path.resolve(options.kubeconfig)];
        return {
            stack: options.stack ?? stackForContext(options.context),
            cluster: locateContext(options.context, files),
            sandbox: false,
            named: true,
        };
    }
    if (options.kubeconfig !== undefined) {
        const contexts = findContexts([path.resolve(options.kubeconfig)]);
        throw new UserError(
            `--kubeconfig needs --context, for the cluster is never guessed. ${listContexts(contexts)}`,
        );
    }
    const stack = options.stack ?? SANDBOX_STACK;
    return { stack, cluster: clusterOf(stack), sandbox: stack === SANDBOX_STACK, named: false };
}

/**
 * The same for something that was deployed: the cluster is the one in the record, which need not be in today's kubeconfig.
 */
export function findRecordedTarget(options: TargetOptions): Target {
    refuseOddName(options.stack);
    const stack = options.stack ?? (options.context === undefined ? SANDBOX_STACK : stackForContext(options.context));
    const record = readRecord(stack);
    if (!record || options.kubeconfig !== undefined) {
        return findTarget(options);
    }
    const { kubeconfig, context } = record.cluster;
    if (options.context !== undefined && options.context !== context) {
        throw new UserError(`stack "${stack}" was deployed to context "${context}", not to "${options.context}"`);
    }
    return { stack, cluster: { kubeconfig, context }, sandbox: stack === SANDBOX_STACK, named: true };
}

/** @throws UserError where a name is none that Pulumi allows for a stack: it would not even be a file's name */
function refuseOddName(stack: string | undefined): void {
    if (stack !== undefined && !/^[A-Za-z0-9._-]{1,100}$/.test(stack)) {
        throw new UserError(`"${stack}" is no name for a stack: use letters, digits, hyphens, underscores and dots`);
    }
}

/**
 * The stack for a context: its name, in the characters that Pulumi allows. The sandbox's stack is never taken.
 * Two contexts can give the same name; the record of what was deployed tells them apart.
 */
export function stackForContext(context: string): string {
    const name = context
        .replace(/[^A-Za-z0-9._-]+/g, "-")
        .replace(/^[-.]+|[-.]+$/g, "")
        .slice(0, 90);
    return name === "" || name === SANDBOX_STACK ? `context-${name}`.replace(/-$/, "") : name;
}

/** What a stack's file says of the cluster; undefined where there is no file, or it says nothing. */
function clusterSection(stack: string): Record<string, unknown> | undefined {
    const { config = {} } = readStackFile(stack) ?? {};
    return (config[`${PROJECT_NAME}:cluster`] ?? config.cluster) as Record<string, unknown> | undefined;
}

/**
 * @throws UserError where the stack has its cluster within. Deployed to a context, its own cluster would be no part of it any more, and
 * the engine would remove it.
 */
export function refuseGoogleCloud(stack: string): void {
    if (clusterSection(stack)?.kind === "gke") {
        throw googleCloudFault(stack);
    }
}

/** What is said of a stack that has its cluster within. */
export function googleCloudFault(stack: string): UserError {
    return new UserError(
        `stack "${stack}" has a cluster of its own on Google Cloud: deploy and remove it by \`pulumi up --stack ${stack}\` ` +
            `and \`pulumi destroy --stack ${stack}\`; to look at it by verify, load or dashboard, run what ` +
            `\`pulumi stack output getCredentialsCommand --stack ${stack}\` prints, and name the context that this makes: ` +
            `--stack ${stack} --context gke_PROJECT_LOCATION_NAME`,
    );
}

/** The cluster of a kubeconfig that a stack's file names; undefined where there is no file, or it names none. */
export function clusterInFile(stack: string): ClusterAddress | undefined {
    const cluster = clusterSection(stack);
    return cluster?.kind === "kubeconfig" && typeof cluster.path === "string" && typeof cluster.context === "string"
        ? { kubeconfig: absolute(cluster.path, localFiles), context: cluster.context }
        : undefined;
}

function clusterOf(stack: string): ClusterAddress {
    if (readStackFile(stack) === undefined) {
        throw new UserError(`there is no stack file ${stackFile(stack)}; name a cluster with --context`);
    }
    refuseGoogleCloud(stack);
    const cluster = clusterInFile(stack);
    if (cluster === undefined) {
        throw new UserError(
            `${stackFile(stack)} names no cluster of a kubeconfig under cluster: {kind, path, context}; ` +
                `name one with --context, or run: pulumi up --stack ${stack}`,
        );
    }
    return cluster;
}
