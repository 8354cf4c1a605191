import { setTimeout as sleep } from "node:timers/promises";
import { Fault, Stopped } from "../fault";

/** Time between two looks, in milliseconds. */
const INTERVAL = 300;

export interface Deadline {
    /** Longest time to wait, in seconds. */
    timeout: number;
    stop?: AbortSignal;
}

/**
 * Looks again and again until there is nothing left to wait for.
 * @param look gives what is still missing; undefined once nothing is
 * @throws Fault with what was missing last, after the time is up
 */
export async function waitUntil(
    subject: string,
    { timeout, stop }: Deadline,
    look: () => Promise<string | undefined>,
): Promise<void> {
    const end = Date.now() + timeout * 1000;
    for (;;) {
        const missing = await look();
        if (missing === undefined) {
            return;
        }
        if (Date.now() > end) {
            throw new Fault(`${subject} ${missing}, after ${timeout} s`);
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
