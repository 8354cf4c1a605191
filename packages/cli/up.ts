/** `up`: from nothing to a page that answers. */
import pc from "picocolors";
import { commandLine } from "../shared/invocation";
import { deploy } from "./deployment/deploy";
import type { StrategyOptions } from "./deployment/chooseStrategy";
import type { Deployed } from "./deployment/strategy";
import { kubectlFor, optionsFor } from "./stack/suggestions";
import { findStack, type Stack, type StackOptions } from "./stack/stack";
import { addTargetOptions, commandOf } from "./terminal/commandLine";
import { runCommand } from "./terminal/runCommand";

function report({ outputs, shellCommands, record }: Deployed, stack: Stack): void {
    const url = String(outputs.productpageUrl);
    const options = optionsFor(stack.withRecord(record));
    const next = [
        `curl -s -o /dev/null -w '%{http_code}\\n' ${url}`,
        `${kubectlFor(stack)} get pods`,
        commandLine("verify", options),
        commandLine("load", options),
        commandLine("dashboard", [...options, "--all"]),
        commandLine("down", options),
    ];
    console.log(`\n${pc.green("Bookinfo is up:")} ${pc.bold(url)}\n`);
    for (const [name, value] of Object.entries(outputs)) {
        console.log(outputLines(name, value).join("\n"));
    }
    console.log(["\nNext:", ...next].join("\n  "));
    if (shellCommands.length > 0) {
        console.log(["\nTo use the Pulumi CLI on this stack:", ...shellCommands].join("\n  "));
    }
}

/** An output as lines to read: one for each entry of an object. */
function outputLines(name: string, value: unknown): string[] {
    if (typeof value === "object" && value !== null) {
        const entries = Object.entries(value).map(([key, entry]) => `    ${key}: ${String(entry)}`);
        return [`  ${name}:`, ...entries];
    }
    return [`  ${name}: ${String(value)}`];
}

export const command = addTargetOptions(commandOf("up"), {
    context: "deploy to the cluster of this context in your kubeconfig",
    kubeconfig: "the kubeconfig with the context (default: KUBECONFIG, else ~/.kube/config)",
})
    .description("Deploys Istio and Bookinfo, to a sandbox cluster on this machine unless you name another cluster.")
    .option("--backend <url>", "where Pulumi keeps its state (default: PULUMI_BACKEND_URL, else .state/pulumi)")
    .option("--refresh", "first compare with the cluster, and restore what was changed or deleted by hand")
    .option("--rendered", "apply what the program renders, even if the Pulumi CLI is available")
    .action((options: StackOptions & StrategyOptions) =>
        runCommand(
            async (stop) => {
                const stack = findStack(options);
                report(await deploy(stack, options, stop), stack);
            },
            `Stopped. The same command continues from here; \`${commandLine("down")}\`, with the same --context or --stack, ` +
                "undoes what was done.",
        ),
    );
