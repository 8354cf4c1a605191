import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { Command } from "commander";
import pc from "picocolors";
import { messageOf, UserError, ShownError } from "../shared/errors";
import { commandLine, invocationOf } from "../shared/invocation";
import type * as Cluster from "./cluster";
import { claim } from "./ownership";
import { live } from "./paths";
import type * as Preflight from "./preflight";
import { logFile, logTail, type ServiceName, serviceNames, type ServiceState } from "./services";
import { contextName } from "./settings";
import type * as Up from "./up";

const upCommand = commandLine("sandbox", ["up"]);
const cli = new Command(invocationOf("sandbox"))
    .description("A real single-node Kubernetes without Docker or a cloud account.")
    .enablePositionalOptions(); // so that options after `kubectl` are kubectl's

cli.command("up")
    .description("build what is missing, start the cluster, and wait until its node is ready")
    // What a command needs is loaded when it runs, so that the others are fast.
    .action(() => (require("./up") as typeof Up).up());

cli.command("down")
    .description("remove the cluster: processes, mounts, interfaces and files; the cache stays")
    .action(async () => {
        const cluster = loadCluster();
        (require("./preflight") as typeof Preflight).assertLinuxRoot();
        claim();
        const { state } = cluster.clusterState();
        await cluster.removeEverything();
        console.log(state === "down" ? "No sandbox is up." : "The sandbox is removed.");
    });

cli.command("status")
    .description("show the state of the cluster and of each service")
    .option("--json", "print JSON, for other programs")
    .action((options: { json?: boolean }) => {
        const cluster = loadCluster();
        const { state, services } = cluster.clusterState();
        if (options.json) {
            console.log(JSON.stringify({ state, kubeconfig: live.kubeconfig, context: contextName, parts: services }));
        } else {
            console.log(`The sandbox is ${state}.`);
            if (state === "broken" && !cluster.wasReady()) {
                console.log(`  Its start was interrupted. \`${upCommand}\` cleans up and starts it again.`);
            } else {
                serviceNames.forEach((name) => {
                    describeService(name, services[name]);
                });
            }
        }
        process.exitCode = state === "broken" ? 1 : 0;
    });

cli.command("logs")
    .description(`show the log of a service: ${serviceNames.join(", ")}`)
    .argument("<service>")
    .option("-n, --lines <number>", "how many of the last lines", "200")
    .option("-f, --follow", "continue with new lines as they come")
    .action((service: string, options: { lines: string; follow?: boolean }) => {
        if (!serviceNames.includes(service as ServiceName)) {
            throw new UserError(`no service is called "${service}"; the services are ${serviceNames.join(", ")}`);
        }
        if (!fs.existsSync(logFile(service))) {
            throw new UserError(`${service} has no log: the sandbox is not up; start it with ${upCommand}`);
        }
        runInForeground("tail", ["-n", options.lines, ...(options.follow ? ["-f"] : []), logFile(service)]);
    });

cli.command("kubectl")
    .description("run kubectl on the cluster")
    .argument("[arguments...]")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action((args: string[]) => {
        if (!fs.existsSync(live.kubeconfig)) {
            throw new UserError(`the sandbox is not up; start it with ${upCommand}`);
        }
        runInForeground(`${live.bin}/kubectl`, args, loadCluster().kubectlEnvironment);
    });

function loadCluster(): typeof Cluster {
    return require("./cluster") as typeof Cluster;
}

/** Prints a line about a service, and the end of its log if it has died. */
function describeService(name: ServiceName, service: ServiceState | undefined): void {
    if (service?.state === "running") {
        console.log(`  ${pc.green("running")}  ${name} (process ${service.pid})`);
    } else if (service?.state === "dead") {
        console.log(
            `  ${pc.red("dead")}     ${name}; the last lines of its log:\n${logTail(name).replace(/^/gm, " ".repeat(11))}`,
        );
    }
}

/** Runs a command on this terminal, with its Ctrl-C and its size, and exits with the command's exit code. */
function runInForeground(command: string, args: readonly string[], env?: NodeJS.ProcessEnv): void {
    const { status, error } = spawnSync(command, args, { stdio: "inherit", env });
    if (error) {
        throw error;
    }
    process.exitCode = status ?? 1;
}

cli.parseAsync().catch((error: unknown) => {
    if (!(error instanceof ShownError)) {
        console.error(pc.red(error instanceof UserError ? error.message : `unexpected error: ${messageOf(error)}`));
    }
    // At once, because steps of a failed start may still run, and must not make anything.
    process.exit(1);
});
