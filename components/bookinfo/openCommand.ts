import { BOOKINFO_PAGE } from "../names";
import { type KubectlTarget, shellWord } from "../../packages/shared/shell";

/**
 * The command that opens the product page through a port-forward, in this project's folder. A kubeconfig's cluster is in
 * the stack's file; without one, the cluster is named by its context in the user's own kubeconfig.
 */
export function openCommand(stack: string, { path, context }: KubectlTarget): string {
    const cluster = path === undefined ? ["--context", shellWord(context)] : [];
    return ["npx bookinfo dashboard", BOOKINFO_PAGE.name, "--stack", stack, ...cluster].join(" ");
}
