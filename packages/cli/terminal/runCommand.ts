import { setMaxListeners } from "node:events";
import pc from "picocolors";
import { mapStackTraces } from "../../compile/stackTrace";
import { signalRunning } from "../../shared/childProcess";
import { UserError, Stopped } from "../../shared/errors";

/** Exit code of an interrupted command: the shells' code for SIGINT. */
const INTERRUPTED = 130;

/** Two signals within this time, in milliseconds, are one Ctrl-C: npm and the terminal both send it. */
const SAME_KEYSTROKE = 1000;

/**
 * Runs a command to its end and exits: with 1 after an error, which is printed, and with 130 after Ctrl-C.
 * @param command gets a signal that the first Ctrl-C aborts; a second Ctrl-C ends everything immediately
 * @param whenStopped printed after an interrupted run: what is left, and how to continue
 */
export async function runCommand(
    command: (stop: AbortSignal) => Promise<void>,
    whenStopped = "Stopped.",
): Promise<void> {
    const stop = new AbortController();
    // All current work listens to it.
    setMaxListeners(0, stop.signal);
    let stoppedAt = 0;
    const interrupt = () => {
        if (!stop.signal.aborted) {
            stoppedAt = Date.now();
            console.error(pc.yellow("\nStopping … (Ctrl-C again ends immediately)"));
            stop.abort();
        } else if (Date.now() - stoppedAt > SAME_KEYSTROKE) {
            signalRunning("SIGKILL");
            process.exit(INTERRUPTED);
        }
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
        process.on(signal, interrupt);
    }

    const exitCode = await command(stop.signal).then(
        () => 0,
        (error: unknown) => {
            if (error instanceof Stopped || stop.signal.aborted) {
                console.error(whenStopped);
                return INTERRUPTED;
            }
            if (error instanceof UserError) {
                console.error(`${pc.red("error:")} ${error.message}`);
            } else {
                mapStackTraces();
                console.error(pc.red("error: a bug in bookinfo-mesh"), error);
            }
            return 1;
        },
    );
    // Idle connections to an API server would keep the process alive for seconds.
    process.exit(exitCode);
}
