import path from "node:path";
import { run, runInForeground } from "../shared/childProcess";
import { UserError } from "../shared/errors";
import { commandLine } from "../shared/invocation";
import { parseJson } from "../shared/json";
import { PROJECT_FOLDER } from "../shared/project";

/** The sandbox is a separate program, which only its command line starts. */
const SANDBOX_COMMAND = [path.join("packages", "compile", "run.js"), path.join("packages", "sandbox", "cli.ts")];

/** "broken": a part of it has died, or a killed run has left something. */
export type SandboxState = "up" | "down" | "broken";

/** Why the sandbox cannot run on this machine; undefined if it can. */
export function sandboxObstacle(
    platform: NodeJS.Platform = process.platform,
    userId: number | undefined = process.getuid?.(),
): string | undefined {
    if (platform !== "linux") {
        return `the sandbox cluster needs Linux, but this machine has ${platform === "darwin" ? "macOS" : platform}`;
    }
    return userId === 0
        ? undefined
        : `the sandbox cluster needs root: run \`sudo ${commandLine("up")}\`, or as root in a container`;
}

/**
 * Starts the sandbox, which shows its own progress. Quick if it already runs.
 * @param options.addons whether it also gets the images of the add-ons; default: true
 */
export function bringSandboxUp(stop?: AbortSignal, { addons = true } = {}): Promise<void> {
    return sandbox("started", ["up", ...(addons ? [] : ["--no-addons"])], stop);
}

/** Removes the sandbox with everything in it. */
export function takeSandboxDown(stop?: AbortSignal): Promise<void> {
    return sandbox("removed", ["down"], stop);
}

/** What a sandbox has. */
export interface SandboxStatus {
    state: SandboxState;
    /** Whether it has the images of the add-ons. */
    addons: boolean;
}

/** @throws UserError if another command starts or stops the sandbox */
export async function sandboxStatus(stop?: AbortSignal): Promise<SandboxStatus> {
    const args = [...SANDBOX_COMMAND, "status", "--json"];
    const { stdout, stderr } = await run(process.execPath, args, { cwd: PROJECT_FOLDER, stop });
    const answer = parseJson(stdout) as { state?: unknown; addons?: unknown } | undefined;
    if (answer === undefined) {
        throw new UserError(`the state of the sandbox cluster is unknown: ${stderr.trim() || stdout.trim()}`);
    }
    const { state, addons } = answer;
    if (state === "starting or stopping") {
        throw new UserError("another command starts or stops the sandbox cluster at the moment; wait until it ends");
    }
    return { state: state === "up" || state === "down" ? state : "broken", addons: addons === true };
}

async function sandbox(goal: "started" | "removed", args: string[], stop?: AbortSignal): Promise<void> {
    const { code } = await runInForeground(process.execPath, [...SANDBOX_COMMAND, ...args], {
        cwd: PROJECT_FOLDER,
        stop,
    });
    if (code !== 0) {
        throw new UserError(`the sandbox cluster could not be ${goal}; see the messages above`);
    }
}
