import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { unpackServer } from "../bundle";

/** A program that listens on loopback. */
export interface Program {
    url: string;
    process: ChildProcess;
    /** Ends it at once and removes its files. */
    end: () => Promise<void>;
}

/** Starts the bundled server, as in the cluster, on a free port of loopback. */
export async function startServer(prometheusUrl: string, ...more: string[]): Promise<Program> {
    const { folder, entry } = unpackServer();
    const flags = ["--bindAddr", "127.0.0.1:0", "--prometheusAddr", prometheusUrl, ...more];
    const started = await startListening(entry, ...flags);
    return {
        ...started,
        end: async () => {
            await started.end();
            fs.rmSync(folder, { recursive: true });
        },
    };
}

/**
 * Starts a Node program whose first output contains its port.
 * @throws Error if the output has no port, or the program ends
 */
export async function startListening(...args: string[]): Promise<Program> {
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(child, "exit");
    const [line] = (await Promise.race([once(child.stdout, "data"), ended])) as [unknown];
    const port = /"port":(\d+)/.exec(String(line))?.[1];
    if (port === undefined) {
        child.kill("SIGKILL");
        throw new Error(`no port in ${String(line)}`);
    }
    // Without a reader, the program would block when the pipe is full.
    child.stdout.resume();
    return {
        url: `http://127.0.0.1:${port}`,
        process: child,
        end: async () => {
            child.kill("SIGKILL");
            await ended;
        },
    };
}
