import { spawn, type ChildProcess } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";
import { UserError, Stopped } from "./errors";

export interface RunOptions {
    cwd?: string;
    env?: NodeJS.ProcessEnv;
    /** Interrupts the process (SIGINT to its group, once). */
    stop?: AbortSignal;
    /** Longest time that it may take, in milliseconds; it is interrupted after that. Default: none. */
    timeout?: number;
}

export interface Finished {
    /** Exit code; 128 where the process was ended by a signal. */
    code: number;
    stdout: string;
    stderr: string;
}

const running = new Set<ChildProcess>();

process.once("exit", () => {
    signalRunning("SIGTERM");
});

/** Sends a signal to the group of every process started here that still runs. */
export function signalRunning(signal: NodeJS.Signals): void {
    for (const child of running) {
        signalGroup(child, signal);
    }
}

/** Runs a program to its end and keeps what it wrote. Rejects where it cannot be started, or is stopped. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return start(program, args, options, ["ignore", "pipe", "pipe"]);
}

/** Runs a program that talks to the terminal itself, and keeps what it wrote to standard error. */
export function runInForeground(
    program: string,
    args: readonly string[],
    options: RunOptions = {},
): Promise<Omit<Finished, "stdout">> {
    return start(program, args, options, ["inherit", "inherit", "pipe"], process.stderr);
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
        // A group of its own: Ctrl-C then reaches the process once, from here, and not a second time from the
        // terminal, which helm and Pulumi would take as an order to drop everything.
        const child = spawn(program, args, { cwd: options.cwd, env: options.env, stdio, detached: true });
        running.add(child);
        const written = { stdout: "", stderr: "" };
        child.stdout?.setEncoding("utf8").on("data", (text: string) => (written.stdout += text));
        child.stderr?.setEncoding("utf8").on("data", (text: string) => {
            written.stderr += text;
            echo?.write(text);
        });

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
        child.once("close", (code) => {
            settle();
            if (options.stop?.aborted) {
                reject(new Stopped());
            } else {
                resolve({ code: code ?? 128, ...written });
            }
        });
    });
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
    if (child.pid === undefined || child.exitCode !== null) {
        return;
    }
    try {
        process.kill(-child.pid, signal);
    } catch {
        // It has just ended.
    }
}

/**
 * The first executable file of that name in a list of folders.
 * @param folders in the order of `PATH`
 */
export function findExecutable(name: string, folders: readonly string[]): string | undefined {
    return folders.map((folder) => path.join(folder, name)).find(isExecutable);
}

/** The folders of `PATH`. */
export function searchPath(env: NodeJS.ProcessEnv = process.env): string[] {
    return (env.PATH ?? "").split(path.delimiter).filter((folder) => folder !== "");
}

/** Whether there is a file that this user may execute. */
export function isExecutable(file: string): boolean {
    try {
        accessSync(file, constants.X_OK);
        return statSync(file).isFile();
    } catch {
        return false;
    }
}
