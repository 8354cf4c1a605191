import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { Command } from "commander";
import pc from "picocolors";
import * as cluster from "./cluster";
import { messageOf, UserError, ShownError } from "../shared/errors";
import { claim } from "./ownership";
import { logFile, logTail, partNames, type PartName, type PartState } from "./services";
import { live } from "./paths";
import { assertLinuxRoot } from "./preflight";
import { contextName } from "./settings";
import { up } from "./up";

const cli = new Command("sandbox")
    .description("A real single-node Kubernetes without Docker or a cloud account.")
    .enablePositionalOptions(); // so that what follows `kubectl` is kubectl's

cli.command("up").description("build what is missing, start the cluster, wait until its node is ready").action(up);

cli.command("down")
    .description("remove the cluster: processes, mounts, interfaces, files; the cache stays")
    .action(async () => {
        assertLinuxRoot();
        claim();
        const { state } = cluster.clusterState();
        await cluster.removeEverything();
        console.log(state === "down" ? "No sandbox is up." : "The sandbox is gone.");
    });

cli.command("status")
    .description("say whether the cluster is up, and how each part does")
    .option("--json", "for programs")
    .action((options: { json?: boolean }) => {
        const { state, parts } = cluster.clusterState();
        if (options.json) {
            console.log(JSON.stringify({ state, kubeconfig: live.kubeconfig, context: contextName, parts }));
        } else {
            console.log(`The sandbox is ${state}.`);
            if (state === "broken" && !cluster.completeNamespaces()) {
                console.log(
                    "  Its start was cut off; the next `npm run sandbox -- up` clears what is left and starts anew.",
                );
            } else {
                partNames.forEach((name) => {
                    describePart(name, parts[name]);
                });
            }
        }
        process.exitCode = state === "broken" ? 1 : 0;
    });

cli.command("logs")
    .description(`show the log of a part: ${partNames.join(", ")}`)
    .argument("<part>")
    .option("-n, --lines <number>", "how many of the last lines", "200")
    .option("-f, --follow", "go on showing what comes")
    .action(async (part: string, options: { lines: string; follow?: boolean }) => {
        if (!partNames.includes(part as PartName)) {
            throw new UserError(`no part is called "${part}"; there are ${partNames.join(", ")}`);
        }
        if (!fs.existsSync(logFile(part))) {
            throw new UserError(`${part} has no log: the sandbox is not up; start it with npm run sandbox -- up`);
        }
        await runInForeground("tail", ["-n", options.lines, ...(options.follow ? ["-f"] : []), logFile(part)]);
    });

cli.command("kubectl")
    .description("run kubectl on the cluster")
    .argument("[arguments...]")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (args: string[]) => {
        if (!fs.existsSync(live.kubeconfig)) {
            throw new UserError("the sandbox is not up; start it with npm run sandbox -- up");
        }
        await runInForeground(`${live.bin}/kubectl`, args, cluster.kubectlEnvironment);
    });

/** Prints a line about a part, and the end of its log where it died. */
function describePart(name: PartName, part: PartState | undefined): void {
    if (part?.state === "running") {
        console.log(`  ${pc.green("running")}  ${name} (process ${part.pid})`);
    } else if (part?.state === "dead") {
        console.log(
            `  ${pc.red("dead")}     ${name}; the last lines of its log:\n${logTail(name).replace(/^/gm, " ".repeat(11))}`,
        );
    }
}

/** Runs a command that talks to the terminal itself, and takes over its exit code. */
function runInForeground(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<void> {
    return new Promise((resolve, reject) => {
        const child = spawn(command, args, { stdio: "inherit", env: { ...process.env, ...env } });
        child.on("error", reject);
        child.on("close", (code) => {
            process.exitCode = code ?? 1;
            resolve();
        });
    });
}

cli.parseAsync().catch((error: unknown) => {
    if (!(error instanceof ShownError)) {
        console.error(pc.red(error instanceof UserError ? error.message : `unexpected: ${messageOf(error)}`));
    }
    // At once: steps of a failed start that are still at it must not make anything anew.
    process.exit(1);
});
