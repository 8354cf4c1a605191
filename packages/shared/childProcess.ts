import { spawn, type ChildProcess } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { withoutControls } from "./controlCharacters";
import { UserError, Stopped } from "./errors";
import { sendSignal } from "./processId";

export interface RunOptions {
    cwd?: string;
    /** Default: the environment of this process. */
    env?: NodeJS.ProcessEnv;
    /** The user that the process runs as. Default: that of this process. */
    user?: { uid: number; gid: number };
    /** Standard input. Default: none. */
    input?: string;
    /** Interrupts the process (SIGINT to its group, once). */
    stop?: AbortSignal;
    /** Longest time that the process may take, in milliseconds. It is interrupted after that. Default: no limit. */
    timeout?: number;
    /** Called once the process has started. */
    onStart?: (pid: number) => void;
    /** Called with each line of standard output and standard error, as it arrives. */
    onLine?: (line: string) => void;
}

export interface Finished {
    /** Exit code; 128 if a signal ended the process. */
    code: number;
    signal?: NodeJS.Signals;
    stdout: string;
    stderr: string;
}

const running = new Set<ChildProcess>();

process.once("exit", () => {
    signalRunning("SIGTERM");
});

/** Sends a signal to the group of every process that was started here and still runs. */
export function signalRunning(signal: NodeJS.Signals): void {
    for (const child of running) {
        signalGroup(child, signal);
    }
}

/**
 * Runs a program to its end and keeps its output.
 * @throws UserError if the program cannot be started
 * @throws Stopped if the user stops it
 */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return start(program, args, options, [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"]);
}

/** Runs a program that uses the terminal itself, and keeps what it writes to standard error. */
export function runInForeground(
    program: string,
    args: readonly string[],
    options: RunOptions = {},
): Promise<Omit<Finished, "stdout">> {
    return start(program, args, options, ["inherit", "inherit", "pipe"], process.stderr);
}

/**
 * Runs a program to its end.
 * @returns its standard output
 * @throws UserError with the command and its last lines of output, if it fails
 */
export async function outputOf(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
    const { code, signal, stdout, stderr } = await run(program, args, options);
    if (code === 0) {
        return stdout;
    }
    const reason = signal ? `was ended by ${signal}` : `failed with exit code ${code}`;
    const words = lastLines(stderr || stdout, 12);
    throw new UserError(`${[program, ...args].join(" ")} ${reason}${words && `:\n${words}`}`);
}

/** The last lines of a text, without empty lines at its end. */
export function lastLines(text: string, count: number): string {
    return text.trimEnd().split("\n").slice(-count).join("\n");
}

function start(
    program: string,
    args: readonly string[],
    options: RunOptions,
    stdio: ("ignore" | "pipe" | "inherit")[],
    echo?: NodeJS.WritableStream,
): Promise<Finished> {
    return new Promise((resolve, reject) => {
        if (options.stop?.aborted) {
            reject(new Stopped());
            return;
        }
        // In a separate process group Ctrl-C reaches the process only once, from here. Helm and Pulumi take a second
        // one, from the terminal, as an order to stop without cleaning up.
        const { uid, gid } = options.user ?? {};
        const child = spawn(program, args, { cwd: options.cwd, env: options.env, uid, gid, stdio, detached: true });
        running.add(child);
        if (child.pid !== undefined) {
            options.onStart?.(child.pid);
        }
        // A process that ends without reading its input says why itself.
        child.stdin?.on("error", () => undefined).end(options.input);
        const output = { stdout: "", stderr: "" };
        child.stdout?.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
        child.stderr?.setEncoding("utf8").on("data", (text: string) => {
            output.stderr += text;
            echo?.write(text);
        });
        for (const input of [child.stdout, child.stderr]) {
            if (input && options.onLine) {
                createInterface({ input }).on("line", options.onLine);
            }
        }

        const interrupt = () => {
            signalGroup(child, "SIGINT");
        };
        const timer = options.timeout === undefined ? undefined : setTimeout(interrupt, options.timeout);
        options.stop?.addEventListener("abort", interrupt, { once: true });
        const settle = () => {
            running.delete(child);
            clearTimeout(timer);
            options.stop?.removeEventListener("abort", interrupt);
        };
        child.once("error", (error) => {
            settle();
            reject(new UserError(`${program} cannot be started: ${error.message}`));
        });
        child.once("close", (code, signal) => {
            settle();
            if (options.stop?.aborted) {
                reject(new Stopped());
            } else {
                // Programs repeat what clusters, registries and webhooks say.
                const stderr = withoutControls(output.stderr);
                resolve({ code: code ?? 128, signal: signal ?? undefined, stdout: output.stdout, stderr });
            }
        });
    });
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
    if (child.pid !== undefined && child.exitCode === null) {
        sendSignal(-child.pid, signal);
    }
}

/** The first executable file of that name in a list of folders, in the order of the list. */
export function findExecutable(name: string, folders: readonly string[]): string | undefined {
    return folders.map((folder) => path.join(folder, name)).find(isExecutable);
}

/** The folders of `PATH`. */
export function searchPath(env: NodeJS.ProcessEnv = process.env): string[] {
    return (env.PATH ?? "").split(path.delimiter).filter((folder) => folder !== "");
}

/** Whether this user may execute the file. */
function isExecutable(file: string): boolean {
    try {
        accessSync(file, constants.X_OK);
        return statSync(file).isFile();
    } catch {
        return false;
    }
}
