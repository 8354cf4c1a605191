import type { ClusterAddress } from "../../kubernetes/address";
import { findContexts, kubeconfigFiles, listContexts } from "../../kubernetes/kubeconfig";
import { kubectlOn } from "../../kubernetes/address";
import { shellWord } from "../../shared/shell";
import { readRecord } from "./record";
import { clusterInFile, stackForContext, type Target } from "./target";

type Named = Omit<Target, "named">;

/** The options that lead to a target, as one writes them after `npm run down`; empty for the sandbox. */
export function optionsFor(target: Named): string {
    const { stack, cluster, sandbox } = target;
    const recorded = readRecord(stack)?.cluster;
    if (sandbox || recorded === undefined || !isSame(recorded, cluster)) {
        return upOptionsFor(target);
    }
    return stack === stackForContext(cluster.context)
        ? ` -- --context ${shellWord(cluster.context)}`
        : ` -- --stack ${stack}`;
}

/** The same for `npm run up`, which does not ask where the stack was deployed before. */
export function upOptionsFor({ stack, cluster, sandbox }: Named): string {
    if (sandbox) {
        return "";
    }
    const inFile = clusterInFile(stack);
    if (inFile && isSame(inFile, cluster)) {
        return ` -- --stack ${stack}`;
    }
    const found = findContexts(kubeconfigFiles()).find(({ name }) => name === cluster.context);
    return [
        " --",
        ...(stack === stackForContext(cluster.context) ? [] : ["--stack", stack]),
        ...["--context", shellWord(cluster.context)],
        ...(found?.file === cluster.kubeconfig ? [] : ["--kubeconfig", shellWord(cluster.kubeconfig)]),
    ].join(" ");
}

/** How one runs kubectl on a target's cluster, without the arguments. */
export function kubectlFor({ cluster, sandbox }: Pick<Target, "cluster" | "sandbox">): string {
    return sandbox ? "npm run sandbox -- kubectl" : kubectlOn(cluster);
}

/** How to deploy without the sandbox, with the contexts that there are. */
export function otherClusters(): string {
    const contexts = findContexts(kubeconfigFiles());
    const example = shellWord(contexts[0]?.name ?? "NAME");
    return `Deploy to a cluster of your own: npm run up -- --context ${example}\n${listContexts(contexts)}`;
}

function isSame(one: ClusterAddress, other: ClusterAddress): boolean {
    return one.context === other.context && one.kubeconfig === other.kubeconfig;
}
