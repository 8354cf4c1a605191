import { setTimeout as sleep } from "node:timers/promises";
import { UserError, Stopped } from "../shared/errors";
import { isTransient } from "./apiError";

/** Time between two checks, in milliseconds. */
const INTERVAL = 300;

/** Longest time for which the API server may fail without a break before a wait ends, in milliseconds. */
const FAILURE_TIMEOUT = 60_000;

export interface Deadline {
    /** Longest time to wait, in seconds. */
    timeout: number;
    stop?: AbortSignal;
}

/**
 * Checks repeatedly until nothing is missing. Short failures of the API server do not end the wait.
 * @param subject the beginning of the error's sentence
 * @param check gives what is still missing, as the end of that sentence; undefined if nothing is
 * @throws UserError with what was missing last, after the timeout
 */
export async function waitUntil(
    subject: string,
    { timeout, stop }: Deadline,
    check: () => Promise<string | undefined>,
): Promise<void> {
    const end = Date.now() + timeout * 1000;
    let lastAnswer = Date.now();
    const checkOnce = async () => {
        try {
            const missing = await check();
            lastAnswer = Date.now();
            return missing;
        } catch (error) {
            if (isTransient(error) && Date.now() - lastAnswer < FAILURE_TIMEOUT) {
                return `cannot be read: ${error.message}`;
            }
            throw error;
        }
    };
    for (;;) {
        const missing = await checkOnce();
        if (missing === undefined) {
            return;
        }
        if (Date.now() > end) {
            throw new UserError(`${subject} ${missing}, after ${timeout} s`);
        }
        await pause(INTERVAL, stop);
    }
}

/** Waits for some milliseconds. @throws Stopped as soon as the user stops the wait */
export async function pause(milliseconds: number, stop?: AbortSignal): Promise<void> {
    try {
        await sleep(milliseconds, undefined, { signal: stop });
    } catch {
        throw new Stopped();
    }
}
