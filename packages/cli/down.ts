/** `down`: undoes everything that `up` did. */
import path from "node:path";
import { load } from "../compile/compiled";
import type * as Down from "./deployment/down";
import { addTargetOptions, commandOf } from "./terminal/commandLine";

export const command = addTargetOptions(commandOf("down"), {
    context: "undo it in the cluster of this context in your kubeconfig",
})
    .description("Undoes what `up` did; the sandbox cluster is removed too.")
    .option("--keep-cluster", "leave the sandbox cluster running")
    .option("--forget", "touch no cluster, only forget what was deployed: for a cluster that is gone")
    .action((options: Down.DownOptions) => {
        const { down } = load(path.join(__dirname, "deployment/down.ts")) as typeof Down;
        return down(options);
    });
