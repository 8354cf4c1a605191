import pc from "picocolors";
import { commandLine } from "../../shared/invocation";
import { SANDBOX_STACK } from "../../shared/project";
import { allRecords } from "../stack/record";
import { findDeployedStack, type StackOptions } from "../stack/stack";
import { recordedOptions } from "../stack/suggestions";
import { runCommand } from "../terminal/runCommand";
import { undo, type UndoOptions } from "./undo";

export type DownOptions = StackOptions & UndoOptions;

/** Runs `down` to its end, and exits. */
export function down(options: DownOptions): Promise<void> {
    return runCommand(async (stop) => {
        await undo(findDeployedStack(options), options, stop);
        console.log(pc.green("Down."));
        reportOthers();
    }, "Stopped. The same command continues from here.");
}

/** Lists the deployments that are left, so that the user need not remember them. */
function reportOthers(): void {
    for (const { stack, cluster } of allRecords()) {
        const options = stack === SANDBOX_STACK ? [] : recordedOptions(stack, cluster);
        console.log(`Still deployed: stack "${stack}" (${commandLine("down", options)})`);
    }
}
