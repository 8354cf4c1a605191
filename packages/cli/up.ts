/** `npm run up`: from nothing to a page that answers. */
import { Command } from "commander";
import pc from "picocolors";
import { runCommand } from "./terminal/commandLine";
import { deploy } from "./deployment/deploy";
import type { Deployed } from "./target/site";
import { kubectlFor, optionsFor } from "./target/suggestions";
import { findTarget, type Target, type TargetOptions } from "./target/target";
import type { StrategyOptions } from "./deployment/strategy";

function report({ outputs, shellCommands }: Deployed, target: Target): void {
    const url = String(outputs.productpageUrl);
    const options = optionsFor(target);

    console.log(`\n${pc.green("Bookinfo is up:")} ${pc.bold(url)}\n`);
    for (const [name, value] of Object.entries(outputs)) {
        console.log(outputLines(name, value).join("\n"));
    }
    console.log(`\nNext:
  curl -s -o /dev/null -w '%{http_code}\\n' ${url}
  ${kubectlFor(target)} get pods
  npm run verify${options}
  npm run load${options}
  npm run dashboard${options || " --"} --all
  npm run down${options}`);
    if (shellCommands.length > 0) {
        console.log(`\nTo use the Pulumi CLI on this stack:\n${shellCommands.map((line) => `  ${line}`).join("\n")}`);
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

const program = new Command("npm run up --")
    .description("Deploys Istio and Bookinfo, to a sandbox cluster on this machine unless another cluster is named.")
    .option("--context <name>", "deploy to the cluster of this context of your kubeconfig")
    .option("--kubeconfig <file>", "the kubeconfig that has the context (default: KUBECONFIG, else ~/.kube/config)")
    .option("--stack <name>", "the Pulumi stack (default: local for the sandbox, else named after the context)")
    .option("--backend <url>", "where Pulumi keeps its state (default: PULUMI_BACKEND_URL, else .state/pulumi)")
    .option("--refresh", "first look at what is really there, and bring back what was changed or deleted by hand")
    .option("--rendered", "apply what the program renders, even where the Pulumi CLI can be had")
    .action((options: TargetOptions & StrategyOptions) =>
        runCommand(async (stop) => {
            const target = findTarget(options);
            report(await deploy(target, options, stop), target);
        }, "Stopped. The same command goes on from here; `npm run down`, with the same --context or --stack, undoes what was done."),
    );
void program.parseAsync();
