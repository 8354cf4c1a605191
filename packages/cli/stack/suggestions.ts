import path from "node:path";
import { type ClusterAddress, kubectlOn } from "../../kubernetes/address";
import { findContexts, kubeconfigFiles, listContexts } from "../../kubernetes/kubeconfig";
import { commandLine, invocationOf } from "../../shared/invocation";
import { shellWord } from "../../shared/shell";
import type { PageAccess } from "../token/pageAccess";
import { clusterIn, type Stack, stackForContext } from "./stack";

type Deployable = Pick<Stack, "name" | "cluster" | "sandbox" | "file" | "record">;

/** The options that lead to a stack again, as words for a shell; none for the sandbox. */
export function optionsFor(stack: Deployable): string[] {
    const { name, cluster, sandbox, record } = stack;
    return sandbox || !record || !isSame(record.cluster, cluster)
        ? upOptionsFor(stack)
        : recordedOptions(name, cluster);
}

/** The same for a stack that is deployed, whose record says where. */
export function recordedOptions(name: string, { context }: ClusterAddress): string[] {
    return name === stackForContext(context) ? ["--context", shellWord(context)] : ["--stack", name];
}

/** The same for `up`, which does not ask where the stack was deployed before. */
export function upOptionsFor({ name, cluster, sandbox, file }: Deployable): string[] {
    if (sandbox) {
        return [];
    }
    const inFile = clusterIn(file);
    if (inFile && isSame(inFile, cluster)) {
        return ["--stack", name];
    }
    return [
        ...(name === stackForContext(cluster.context) ? [] : ["--stack", name]),
        ...["--context", shellWord(cluster.context)],
        ...(isDefault(cluster.kubeconfig) ? [] : ["--kubeconfig", shellWord(cluster.kubeconfig)]),
    ];
}

/** The command that deploys a stack again. */
export function upCommand(stack: Deployable, ...more: string[]): string {
    return commandLine("up", [...upOptionsFor(stack), ...more]);
}

/** The command that forgets what a stack has deployed to a cluster that is gone. */
export function forgetCommand(stack: string): string {
    return commandLine("down", ["--stack", stack, "--forget"]);
}

/** The start of a kubectl command for a stack's cluster, without the verb. */
export function kubectlFor({ cluster, sandbox }: Pick<Stack, "cluster" | "sandbox">): string {
    return sandbox ? `${invocationOf("sandbox")} kubectl` : kubectlOn(cluster);
}

/** How to deploy without the sandbox, with the contexts of the user's kubeconfig. */
export function otherClusters(): string {
    const contexts = findContexts(kubeconfigFiles());
    const up = commandLine("up", ["--context", shellWord(contexts[0]?.name ?? "NAME")]);
    return `Deploy to your own cluster: ${up}\n${listContexts(contexts)}`;
}

/** Whether a kubeconfig is the only one that kubectl reads without being told. */
function isDefault(kubeconfig: string): boolean {
    const files = kubeconfigFiles();
    return files.length === 1 && path.resolve(files[0] ?? "") === kubeconfig;
}

function isSame(one: ClusterAddress, other: ClusterAddress): boolean {
    return one.context === other.context && one.kubeconfig === other.kubeconfig;
}

/**
 * Options of curl for the page of a stack that takes tokens of this clone's key. A token is a secret, so it is made when the command
 * runs.
 */
export function tokenOptions({ name, sandbox }: Pick<Stack, "name" | "sandbox">, { jwt }: PageAccess): string[] {
    const token = ["npx bookinfo token", ...(sandbox ? [] : ["--stack", name])].join(" ");
    return jwt?.own ? ["-H", `"Authorization: Bearer $(${token})"`] : [];
}

/** Options that a user adds to a command for the page, if its gateway asks for a client's certificate. */
export function certificateOptions({ ingress }: Pick<Stack, "ingress">): string[] {
    return ingress?.tls?.mode === "mutual" ? ["--cert", "FILE", "--key", "FILE"] : [];
}
