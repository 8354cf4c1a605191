import { Command } from "commander";
import { invocationOf } from "../../shared/invocation";

/** A command with the name that the user types. */
export function commandOf(verb: string): Command {
    return new Command(invocationOf(verb));
}

/** Adds the options that select a deployment. */
export function addTargetOptions(
    command: Command,
    {
        context = "the cluster of this context in your kubeconfig",
        kubeconfig = "the kubeconfig with the context (default: the one of the deployment)",
    } = {},
): Command {
    return command
        .option("--context <name>", context)
        .option("--kubeconfig <file>", kubeconfig)
        .option("--stack <name>", "the Pulumi stack (default: local for the sandbox, else named after the context)");
}
