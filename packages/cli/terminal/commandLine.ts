import { Command } from "commander";
import { invocationOf } from "../../shared/invocation";

/** A command under the name by which the user runs it. */
export function commandOf(verb: string): Command {
    return new Command(invocationOf(verb));
}

/** Adds the options that say which deployment a command is about. */
export function addTargetOptions(
    command: Command,
    {
        context = "the cluster of this context of your kubeconfig",
        kubeconfig = "the kubeconfig that has the context (default: the one that was deployed with)",
    } = {},
): Command {
    return command
        .option("--context <name>", context)
        .option("--kubeconfig <file>", kubeconfig)
        .option("--stack <name>", "the Pulumi stack (default: local for the sandbox, else named after the context)");
}
