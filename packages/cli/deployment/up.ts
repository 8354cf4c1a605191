import { commandLine } from "../../shared/invocation";
import { shellWord } from "../../shared/shell";
import { findStack, type Stack, type StackOptions } from "../stack/stack";
import { certificateOptions, kubectlFor, optionsFor, tokenOptions } from "../stack/suggestions";
import { pageAccessOf } from "../token/pageAccess";
import { runCommand } from "../terminal/runCommand";
import type { StrategyOptions } from "./chooseStrategy";
import { deploy, pageLine, type Served } from "./deploy";

export type UpOptions = StackOptions & StrategyOptions;

/** Runs `up` to its end, and exits. */
export function up(options: UpOptions): Promise<void> {
    return runCommand(
        async (stop) => {
            const stack = findStack(options);
            report(await deploy(stack, options, stop), stack);
        },
        `Stopped. The same command continues from here; \`${commandLine("down")}\`, with the same --context or --stack, ` +
            "undoes what was done.",
    );
}

function report(served: Served, stack: Stack): void {
    const { outputs, shellCommands, record, notice } = served;
    const { productpageUrl: url, curlCommand } = outputs;
    const options = optionsFor(stack.withRecord(record));
    const asClient = [...options, ...certificateOptions(stack)];
    const reached = typeof url === "string" && notice === undefined;
    const curl =
        typeof curlCommand === "string"
            ? curlCommand
            : `curl -s -o /dev/null -w '%{http_code}\\n' ${shellWord(String(url))}`;
    const next = [
        reached
            ? [curl, ...tokenOptions(stack, pageAccessOf(stack.file))].join(" ")
            : commandLine("dashboard", ["bookinfo", ...asClient]),
        `${kubectlFor(stack)} get pods`,
        commandLine("verify", asClient),
        commandLine("load", asClient),
        commandLine("dashboard", [...options, "--all"]),
        commandLine("down", options),
    ];
    console.log(pageLine(served));
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
