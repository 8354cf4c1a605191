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

/** Adds the options that name a client's certificate, for a gateway that asks for one. */
export function addCertificateOptions(command: Command): Command {
    return command
        .option("--cert <file>", "a client's certificate as PEM, for a gateway that asks for one")
        .option("--key <file>", "the private key of --cert, as PEM");
}
