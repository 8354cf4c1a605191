/** `up`: from nothing to a page that answers. */
import path from "node:path";
import { load } from "../compile/compiled";
import type * as Up from "./deployment/up";
import { addTargetOptions, commandOf } from "./terminal/commandLine";

export const command = addTargetOptions(commandOf("up"), {
    context: "deploy to the cluster of this context in your kubeconfig",
    kubeconfig: "the kubeconfig with the context (default: KUBECONFIG, else ~/.kube/config)",
})
    .description("Deploys Istio and Bookinfo, to a sandbox cluster on this machine unless you name another cluster.")
    .option("--backend <url>", "where Pulumi keeps its state (default: PULUMI_BACKEND_URL, else .state/pulumi)")
    .option("--refresh", "first compare with the cluster, and restore what was changed or deleted by hand")
    .option("--rendered", "apply what the program renders, even if the Pulumi CLI is available")
    .action((options: Up.UpOptions) => {
        const { up } = load(path.join(__dirname, "deployment/up.ts")) as typeof Up;
        return up(options);
    });
