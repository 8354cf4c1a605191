import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import pc from "picocolors";
import { messageOf, ShownError, UserError } from "../shared/errors";
import { commandLine } from "../shared/invocation";
import * as cluster from "./cluster";
import { claim } from "./ownership";
import { live } from "./paths";
import { assertLinuxRoot } from "./preflight";
import { type ServiceName, serviceNames } from "./serviceNames";
import { logFile, logTail, type ServiceState } from "./services";
import { contextName } from "./settings";
import { hasAddons, up as start, type UpOptions } from "./up";

const upCommand = commandLine("sandbox", ["up"]);

export type { UpOptions };

export function up(options: UpOptions): Promise<void> {
    return reportErrors(() => start(options));
}

export function down(): Promise<void> {
    return reportErrors(async () => {
        assertLinuxRoot();
        claim();
        const { state } = cluster.clusterState();
        await cluster.removeEverything();
        console.log(state === "down" ? "No sandbox is up." : "The sandbox is removed.");
    });
}

export function status(options: { json?: boolean }): Promise<void> {
    return reportErrors(() => {
        const { state, services } = cluster.clusterState();
        if (options.json) {
            const { kubeconfig } = live;
            const facts = { state, kubeconfig, context: contextName, addons: hasAddons(), parts: services };
            console.log(JSON.stringify(facts));
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
}

export function logs(service: string, options: { lines: string; follow?: boolean }): Promise<void> {
    return reportErrors(() => {
        if (!serviceNames.includes(service as ServiceName)) {
            throw new UserError(`no service is called "${service}"; the services are ${serviceNames.join(", ")}`);
        }
        if (!fs.existsSync(logFile(service))) {
            throw new UserError(`${service} has no log: the sandbox is not up; start it with ${upCommand}`);
        }
        runInForeground("tail", ["-n", options.lines, ...(options.follow ? ["-f"] : []), logFile(service)]);
    });
}

export function kubectl(args: string[]): Promise<void> {
    return reportErrors(() => {
        if (!fs.existsSync(live.kubeconfig)) {
            throw new UserError(`the sandbox is not up; start it with ${upCommand}`);
        }
        runInForeground(`${live.bin}/kubectl`, args, cluster.kubectlEnvironment);
    });
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

/** Runs a command; after an error, prints it and exits. */
async function reportErrors(command: () => Promise<void> | void): Promise<void> {
    try {
        await command();
    } catch (error) {
        if (!(error instanceof ShownError)) {
            console.error(pc.red(error instanceof UserError ? error.message : `unexpected error: ${messageOf(error)}`));
        }
        // At once, because steps of a failed start may still run, and must not make anything.
        process.exit(1);
    }
}
