import { type Command, InvalidArgumentError } from "commander";

/** Reads a whole number, for a commander option. Its error names what is allowed; commander adds option and value. */
export function wholeNumber(least: number, most: number): (text: string) => number {
    return (text) => {
        const number = Number(text);
        if (!/^\d+$/.test(text) || number < least || number > most) {
            throw new InvalidArgumentError(`Allowed: a whole number from ${least} to ${most}.`);
        }
        return number;
    };
}

/** Reads a time in seconds, fractions allowed. */
export function secondsWithin(least: number, most: number): (text: string) => number {
    return (text) => {
        const number = Number(text);
        if (!/^\d+(\.\d+)?$/.test(text) || number < least || number > most) {
            throw new InvalidArgumentError(`Allowed: a number of seconds from ${least} to ${most}.`);
        }
        return number;
    };
}

/** Reads an address of the web. */
export function webAddress(text: string): string {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url?.protocol !== "http:" && url?.protocol !== "https:") {
        throw new InvalidArgumentError("Allowed: a URL that begins with http:// or https://.");
    }
    return url.href;
}

/** The options that say which deployment a command is about: the same as of `npm run up`. */
export function addTargetOptions(command: Command): Command {
    return command
        .option("--context <name>", "the cluster of this context of your kubeconfig")
        .option("--kubeconfig <file>", "the kubeconfig that has the context (default: the one that was deployed with)")
        .option("--stack <name>", "the Pulumi stack (default: local for the sandbox, else named after the context)");
}
