import { setMaxListeners } from "node:events";
import pc from "picocolors";
import { signalRunning } from "../../shared/childProcess";
import { UserError, Stopped } from "../../shared/errors";

/** Exit code of a command that was interrupted, as shells give it for SIGINT. */
const INTERRUPTED = 130;

/** Two signals within this time are one Ctrl-C: npm and the terminal both deliver it. In milliseconds. */
const SAME_KEYSTROKE = 1000;

/**
 * Runs a command to its end and sets the exit code: a fault gives its message and 1, Ctrl-C gives 130.
 * @param command gets a signal that is aborted by the first Ctrl-C; a second one ends everything at once
 * @param whenStopped said after an interrupted run: what is left, and how to go on
 */
export async function runCommand(
    command: (stop: AbortSignal) => Promise<void>,
    whenStopped = "Stopped.",
): Promise<void> {
    const stop = new AbortController();
    // Everything that is under way listens to it.
    setMaxListeners(0, stop.signal);
    let stoppedAt = 0;
    const interrupt = () => {
        if (!stop.signal.aborted) {
            stoppedAt = Date.now();
            console.error(pc.yellow("\nStopping … (Ctrl-C again ends at once)"));
            stop.abort();
        } else if (Date.now() - stoppedAt > SAME_KEYSTROKE) {
            signalRunning("SIGKILL");
            process.exit(INTERRUPTED);
        }
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
        process.on(signal, interrupt);
    }

    try {
        await command(stop.signal);
        process.exitCode = 0;
    } catch (error) {
        if (error instanceof Stopped || stop.signal.aborted) {
            console.error(whenStopped);
            process.exitCode = INTERRUPTED;
        } else if (error instanceof UserError) {
            console.error(`${pc.red("error:")} ${error.message}`);
            process.exitCode = 1;
        } else {
            console.error(pc.red("error: a fault in bookinfo-mesh itself"), error);
            process.exitCode = 1;
        }
    }
    // Idle connections to an API server would hold the process for seconds.
    process.exit();
}
