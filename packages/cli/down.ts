/** `down`: undoes everything that `up` did. */
import pc from "picocolors";
import { commandLine } from "../shared/invocation";
import { SANDBOX_STACK } from "../shared/project";
import { undo, type UndoOptions } from "./deployment/undo";
import { allRecords } from "./stack/record";
import { findDeployedStack, type StackOptions } from "./stack/stack";
import { recordedOptions } from "./stack/suggestions";
import { addTargetOptions, commandOf } from "./terminal/commandLine";
import { runCommand } from "./terminal/runCommand";

/** Lists the deployments that are left, so that the user need not remember them. */
function reportOthers(): void {
    for (const { stack, cluster } of allRecords()) {
        const options = stack === SANDBOX_STACK ? [] : recordedOptions(stack, cluster);
        console.log(`Still deployed: stack "${stack}" (${commandLine("down", options)})`);
    }
}

export const command = addTargetOptions(commandOf("down"), {
    context: "undo it in the cluster of this context in your kubeconfig",
})
    .description("Undoes what `up` did; the sandbox cluster is removed too.")
    .option("--keep-cluster", "leave the sandbox cluster running")
    .option("--forget", "touch no cluster, only forget what was deployed: for a cluster that is gone")
    .action((options: StackOptions & UndoOptions) =>
        runCommand(async (stop) => {
            await undo(findDeployedStack(options), options, stop);
            console.log(pc.green("Down."));
            reportOthers();
        }, "Stopped. The same command continues from here."),
    );
