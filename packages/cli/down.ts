/** `npm run down`: undoes what `npm run up` did, to the last object. */
import { Command } from "commander";
import pc from "picocolors";
import { runCommand } from "./terminal/commandLine";
import { readRecord, recordedStacks } from "./target/record";
import { optionsFor } from "./target/suggestions";
import { findRecordedTarget, type TargetOptions } from "./target/target";
import { undo, type UndoOptions } from "./deployment/undo";
import { SANDBOX_STACK } from "../shared/project";

/** Deployments that are left, for nobody should have to remember them. */
function reportOthers(): void {
    for (const record of recordedStacks().map(readRecord)) {
        if (record) {
            const { stack, cluster } = record;
            const options = optionsFor({ stack, cluster, sandbox: stack === SANDBOX_STACK });
            console.log(`Still deployed: stack "${stack}" (npm run down${options})`);
        }
    }
}

const program = new Command("npm run down --")
    .description("Undoes what `npm run up` did; the sandbox cluster is removed too.")
    .option("--context <name>", "undo it in the cluster of this context of your kubeconfig")
    .option("--kubeconfig <file>", "the kubeconfig that has the context (default: the one that was deployed with)")
    .option("--stack <name>", "the Pulumi stack (default: local for the sandbox, else named after the context)")
    .option("--keep-cluster", "leave the sandbox cluster running")
    .option("--forget", "touch no cluster, only forget what was deployed: for a cluster that is gone")
    .action((options: TargetOptions & UndoOptions) =>
        runCommand(async (stop) => {
            await undo(findRecordedTarget(options), options, stop);
            console.log(pc.green("Down."));
            reportOthers();
        }, "Stopped. The same command goes on from here."),
    );
void program.parseAsync();
