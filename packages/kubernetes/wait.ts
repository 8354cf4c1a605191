import { setTimeout as sleep } from "node:timers/promises";
import { UserError, Stopped } from "../shared/errors";
import { isTransient } from "./apiError";

/** Time between two looks, in milliseconds. */
const INTERVAL = 300;

/** How long the API server may fail on end before a wait is given up, in milliseconds. */
const PATIENCE = 60_000;

export interface Deadline {
    /** Longest time to wait, in seconds. */
    timeout: number;
    stop?: AbortSignal;
}

/**
 * Looks again and again until there is nothing left to wait for. An API server that fails for a moment ends no wait.
 * @param look gives what is still missing; undefined once nothing is
 * @throws UserError with what was missing last, after the time is up
 */
export async function waitUntil(
    subject: string,
    { timeout, stop }: Deadline,
    look: () => Promise<string | undefined>,
): Promise<void> {
    const end = Date.now() + timeout * 1000;
    let lastAnswer = Date.now();
    const lookOnce = async () => {
        try {
            const missing = await look();
            lastAnswer = Date.now();
            return missing;
        } catch (error) {
            if (isTransient(error) && Date.now() - lastAnswer < PATIENCE) {
                return `cannot be read: ${error.message}`;
            }
            throw error;
        }
    };
    for (;;) {
        const missing = await lookOnce();
        if (missing === undefined) {
            return;
        }
        if (Date.now() > end) {
            throw new UserError(`${subject} ${missing}, after ${timeout} s`);
        }
        await pause(INTERVAL, stop);
    }
}

/** Waits for some milliseconds. @throws Stopped as soon as the user stops it */
export async function pause(milliseconds: number, stop?: AbortSignal): Promise<void> {
    try {
        await sleep(milliseconds, undefined, { signal: stop });
    } catch {
        throw new Stopped();
    }
}
