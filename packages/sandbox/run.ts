import { spawn } from "node:child_process";
import { UserError } from "../shared/errors";

/** Options of {@link run}. */
export interface RunOptions {
    cwd?: string;
    /** Added to the environment of this process. */
    env?: NodeJS.ProcessEnv;
    /** Called with each line of standard output and standard error, as it comes. */
    onLine?: (line: string) => void;
}

/**
 * Runs a command to its end and answers its standard output.
 *
 * @throws UserError with the command and the last lines that it printed, when it cannot be started or exits with another code than 0.
 */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
    return new Promise((resolve, reject) => {
        const child = spawn(command, args, {
            cwd: options.cwd,
            env: { ...process.env, ...options.env },
            stdio: ["ignore", "pipe", "pipe"],
        });
        const output: string[] = [];
        const errors: string[] = [];
        const listen = (stream: NodeJS.ReadableStream, chunks: string[]) => {
            let rest = "";
            stream.setEncoding("utf8");
            stream.on("data", (chunk: string) => {
                chunks.push(chunk);
                if (options.onLine) {
                    const lines = (rest + chunk).split("\n");
                    rest = lines.pop() ?? "";
                    lines.forEach(options.onLine);
                }
            });
        };
        listen(child.stdout, output);
        listen(child.stderr, errors);
        child.on("error", (error) => {
            reject(new UserError(`cannot run ${command}: ${error.message}`));
        });
        child.on("close", (code, signal) => {
            if (code === 0) {
                resolve(output.join(""));
                return;
            }
            const said = lastLines(errors.join("") || output.join(""), 12);
            const ending = signal ? `was ended by ${signal}` : `failed with exit code ${String(code)}`;
            reject(new UserError(`${[command, ...args].join(" ")} ${ending}${said && `:\n${said}`}`));
        });
    });
}

/** The last `count` lines of a text, without trailing empty ones. */
export function lastLines(text: string, count: number): string {
    return text.trimEnd().split("\n").slice(-count).join("\n");
}
