import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { lastLines } from "./run";
import { UserError } from "../shared/errors";
import { enterArguments } from "./namespaces";
import { live } from "./paths";
import { type ProcessId, isAlive, processId } from "./processId";

/** A program of the sandbox that runs as long as it is up. */
export interface Part {
    program: string;
    args: readonly string[];
    env?: NodeJS.ProcessEnv;
}

/** The parts in the order of their start, by what has to answer before. */
export const startOrder = {
    /** What the others need. */
    first: ["etcd", "kube-apiserver", "containerd"],
    /** They ask the API server from their first moment, and give up when it does not answer. */
    afterApiServer: ["kube-controller-manager", "kube-scheduler", "coredns", "kube-proxy", "load-balancer"],
    /** It gives up without containerd. */
    afterContainerd: ["kubelet"],
} as const;

/** All parts, in the order of their start. */
export const partNames = [...startOrder.first, ...startOrder.afterApiServer, ...startOrder.afterContainerd] as const;

/** Name of a part, as a person gives it to `logs`. */
export type PartName = (typeof partNames)[number];

/** Where a part's output goes. */
export const logFile = (part: string) => path.join(live.logs, `${part}.log`);
const recordFile = (part: string) => path.join(live.parts, `${part}.json`);

/**
 * Starts a part inside the sandbox's namespaces; it goes on when this process ends. Its output is appended to its log.
 *
 * @param init the process that holds the namespaces, as the machine numbers it.
 */
export function startPart(name: PartName, part: Part, init: number): void {
    fs.mkdirSync(live.logs, { recursive: true });
    fs.mkdirSync(live.parts, { recursive: true });
    const log = fs.openSync(logFile(name), "a");
    const child = spawn("nsenter", [...enterArguments(init), part.program, ...part.args], {
        detached: true,
        stdio: ["ignore", log, log],
        // Not the caller's environment: a proxy, say, would be asked for the API server's address.
        env: { PATH: process.env.PATH, HOME: live.root, ...part.env },
    });
    fs.closeSync(log);
    child.on("error", () => undefined); // without nsenter there is no process: partState() then says "dead"
    child.unref();
    if (child.pid !== undefined) {
        fs.writeFileSync(recordFile(name), JSON.stringify(processId(child.pid)));
    }
}

/** What is known of a part: it runs, as process `pid` of the machine, it died, or it was never started. */
export type PartState = { state: "running"; pid: number } | { state: "dead" } | { state: "absent" };

/** How a part does. */
export function partState(name: PartName): PartState {
    const recorded = readRecord(name);
    if (!recorded) {
        return { state: "absent" };
    }
    // nsenter waits for the part as its only child: it lives exactly as long.
    return isAlive(recorded) ? { state: "running", pid: childOf(recorded.pid) ?? recorded.pid } : { state: "dead" };
}

/** The end of a part's log, to be shown to a person. */
export function logTail(name: string): string {
    try {
        // Some parts write a whole object on one line.
        return lastLines(fs.readFileSync(logFile(name), "utf8"), 6).replace(/^(.{200}).+$/gm, "$1…");
    } catch {
        return "(it wrote nothing)";
    }
}

/** @throws UserError naming the first of the started parts that died, with the end of its log. */
export function assertAlive(names: readonly PartName[] = partNames): void {
    const dead = names.find((name) => partState(name).state === "dead");
    if (dead) {
        throw new UserError(`${dead} has died; the last lines of its log:\n${logTail(dead)}`);
    }
}

function readRecord(name: PartName): ProcessId | undefined {
    try {
        return JSON.parse(fs.readFileSync(recordFile(name), "utf8")) as ProcessId;
    } catch {
        return undefined;
    }
}

function childOf(pid: number): number | undefined {
    try {
        const [child] = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
        return child ? Number(child) : undefined;
    } catch {
        return undefined;
    }
}
