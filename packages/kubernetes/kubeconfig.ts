import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { parse } from "yaml";
import { UserError } from "../shared/errors";
import { shellWord } from "../shared/shell";
import type { ClusterAddress } from "./address";

/** A context that was found, and what its file lacks to make it usable alone. */
export interface FoundContext {
    name: string;
    file: string;
    /** Whether the file also holds the cluster and the user that the context names. */
    complete: boolean;
}

interface Kubeconfig {
    contexts?: { name: string; context?: { cluster?: string; user?: string } }[] | null;
    clusters?: { name: string }[] | null;
    users?: { name: string }[] | null;
}

/** The kubeconfig files that kubectl would read: those of `KUBECONFIG`, else `~/.kube/config`; only those that exist. */
export function kubeconfigFiles(env: NodeJS.ProcessEnv = process.env): string[] {
    const files = env.KUBECONFIG?.split(path.delimiter).filter((file) => file !== "") ?? [];
    return (files.length > 0 ? files : [path.join(homedir(), ".kube", "config")]).filter((file) => existsSync(file));
}

/** Every context of the files, the first of a name winning, as kubectl has it. */
export function findContexts(files: readonly string[]): FoundContext[] {
    const found = new Map<string, FoundContext>();
    for (const file of files) {
        for (const context of contextsOf(readKubeconfig(file), path.resolve(file))) {
            if (!found.has(context.name)) {
                found.set(context.name, context);
            }
        }
    }
    return [...found.values()];
}

/**
 * The file that holds a context.
 * @throws UserError where there is none of that name, or its cluster or user is in another file
 */
export function locateContext(context: string, files: readonly string[]): ClusterAddress {
    const contexts = findContexts(files);
    const found = contexts.find(({ name }) => name === context);
    if (!found) {
        const where = files.length > 0 ? files.join(", ") : "no kubeconfig (KUBECONFIG, ~/.kube/config) found";
        throw new UserError(
            `there is no context "${context}" (${where})\n${listContexts(contexts)}\n` +
                "Name one of them with --context, or its file with --kubeconfig.",
        );
    }
    if (!found.complete) {
        throw new UserError(
            `the cluster or user of context "${context}" is not in the same file, ${found.file}\n` +
                `Put them together: kubectl config view --flatten --minify --context ${shellWord(context)} > one.yaml, ` +
                "and name it with --kubeconfig one.yaml.",
        );
    }
    return { kubeconfig: found.file, context };
}

/** The contexts as lines to read. */
export function listContexts(contexts: readonly FoundContext[]): string {
    return contexts.length > 0
        ? `Contexts found: ${contexts.map(({ name }) => name).join(", ")}.`
        : "No contexts were found.";
}

function contextsOf(kubeconfig: Kubeconfig, file: string): FoundContext[] {
    const has = (list: { name: string }[] | null | undefined, name: string | undefined) =>
        (list ?? []).some((entry) => entry.name === name);
    return (kubeconfig.contexts ?? []).map(({ name, context }) => ({
        name,
        file,
        complete: has(kubeconfig.clusters, context?.cluster) && (!context?.user || has(kubeconfig.users, context.user)),
    }));
}

function readKubeconfig(file: string): Kubeconfig {
    let text: string;
    try {
        text = readFileSync(file, "utf8");
    } catch (error) {
        throw new UserError(`the kubeconfig ${file} cannot be read: ${(error as Error).message}`);
    }
    let kubeconfig: unknown;
    try {
        kubeconfig = parse(text) ?? {};
    } catch {
        // The parser quotes the file, and with it whatever credential is near the fault.
        throw new UserError(`the kubeconfig ${file} is not valid YAML`);
    }
    const { contexts, clusters, users } = kubeconfig as Record<string, unknown>;
    if (![contexts, clusters, users].every(isListOfObjects)) {
        throw new UserError(
            `the kubeconfig ${file} is not one: its contexts, clusters and users must be lists of objects`,
        );
    }
    return kubeconfig as Kubeconfig;
}

/** A list of Kubernetes' config, which may be left out or empty. */
function isListOfObjects(list: unknown): boolean {
    return (
        list === undefined ||
        list === null ||
        (Array.isArray(list) && list.every((entry) => typeof entry === "object" && entry !== null))
    );
}
