import { existsSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { UserError } from "../shared/errors";
import { findContext, type Kubeconfig, KubeconfigError, readKubeconfig } from "../shared/kubeconfig";
import { shellWord } from "../shared/shell";
import type { ClusterAddress } from "./address";

interface FoundContext {
    name: string;
    file: string;
    /** Content of the file. */
    kubeconfig: Kubeconfig;
    /** Whether the file also has the cluster and the user that the context names. */
    complete: boolean;
}

/** The kubeconfig files that kubectl reads: those of `KUBECONFIG`, else `~/.kube/config`; only files that exist. */
export function kubeconfigFiles(env: NodeJS.ProcessEnv = process.env): string[] {
    const files = env.KUBECONFIG?.split(path.delimiter).filter((file) => file !== "") ?? [];
    return (files.length > 0 ? files : [path.join(homedir(), ".kube", "config")]).filter((file) => existsSync(file));
}

/** All contexts of the files. If several have the same name, the first one wins, as for kubectl. */
export function findContexts(files: readonly string[]): FoundContext[] {
    const all = files.flatMap((file) => contextsIn(path.resolve(file)));
    return all.filter(({ name }, index) => all.findIndex((each) => each.name === name) === index);
}

function contextsIn(file: string): FoundContext[] {
    let kubeconfig: Kubeconfig;
    try {
        kubeconfig = readKubeconfig(file);
    } catch (error) {
        throw error instanceof KubeconfigError
            ? new UserError(`the kubeconfig ${file} cannot be used: ${error.message}`)
            : error;
    }
    return kubeconfig.contexts.map(({ name, context }) => {
        const { cluster, user } = findContext(kubeconfig, name);
        return { name, file, kubeconfig, complete: cluster !== undefined && (!context?.user || user !== undefined) };
    });
}

/** The file that has a context, and its content. @throws UserError if no file has it, or its cluster or user is in another file */
export function locateContext(context: string, files: readonly string[]) {
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
    const address: ClusterAddress = { kubeconfig: found.file, context };
    return { address, kubeconfig: found.kubeconfig };
}

/** A sentence that lists the contexts. */
export function listContexts(contexts: readonly FoundContext[]): string {
    return contexts.length > 0
        ? `Contexts found: ${contexts.map(({ name }) => name).join(", ")}.`
        : "No contexts were found.";
}
