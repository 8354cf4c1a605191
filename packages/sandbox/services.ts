import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { lastLines } from "../shared/childProcess";
import { UserError } from "../shared/errors";
import { childOf, isAlive, type ProcessId, processId, readOr } from "../shared/processId";
import { enterArguments } from "./namespaces";
import { readJson } from "./ownership";
import { live } from "./paths";
import { type ServiceName, serviceNames } from "./serviceNames";

/** A program that runs as long as the sandbox is up. */
export interface Service {
    program: string;
    args: readonly string[];
    /** Added to `PATH` and `HOME`. */
    env?: NodeJS.ProcessEnv;
    /** Path and text of the files that it reads. */
    files?: Readonly<Record<string, string>>;
}

/** Where the output of a service goes. */
export const logFile = (name: string) => path.join(live.logs, `${name}.log`);
const recordFile = (name: string) => path.join(live.services, `${name}.json`);

/**
 * Starts a service inside the sandbox's namespaces. It continues when this process ends, and appends its output to its log.
 * @param init the process that holds the namespaces: its number on the machine
 */
export function startService(name: ServiceName, service: Service, init: number): void {
    fs.mkdirSync(live.logs, { recursive: true });
    fs.mkdirSync(live.services, { recursive: true });
    const log = fs.openSync(logFile(name), "a");
    const child = spawn("nsenter", [...enterArguments(init), service.program, ...service.args], {
        detached: true,
        stdio: ["ignore", log, log],
        // Not the caller's environment, which may set a proxy that would get the requests to the API server.
        env: { PATH: process.env.PATH, HOME: live.root, ...service.env },
    });
    fs.closeSync(log);
    child.on("error", () => undefined); // nsenter is missing: serviceState() then says "dead"
    child.unref();
    if (child.pid !== undefined) {
        fs.writeFileSync(recordFile(name), JSON.stringify(processId(child.pid)));
    }
}

/** A service runs as process `pid` of the machine, has died, or was never started. */
export type ServiceState = { state: "running"; pid: number } | { state: "dead" } | { state: "absent" };

/** The state of a service. */
export function serviceState(name: ServiceName): ServiceState {
    const recorded = readJson(recordFile(name)) as ProcessId | undefined;
    if (!recorded) {
        return { state: "absent" };
    }
    // The recorded process is nsenter. It waits for the service, its only child, and so lives exactly as long.
    return isAlive(recorded) ? { state: "running", pid: childOf(recorded.pid) ?? recorded.pid } : { state: "dead" };
}

/** The end of a service's log, for a person to read. */
export function logTail(name: string): string {
    // Some services write a whole object on one line.
    return lastLines(readOr(logFile(name), "") || "(the log is empty)", 6).replace(/^(.{200}).+$/gm, "$1…");
}

/** @throws UserError with the first service that has died, and the end of its log */
export function assertAlive(names: readonly ServiceName[] = serviceNames): void {
    const dead = names.find((name) => serviceState(name).state === "dead");
    if (dead) {
        throw new UserError(`${dead} has died; the last lines of its log:\n${logTail(dead)}`);
    }
}
