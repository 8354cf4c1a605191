import { setTimeout as sleep } from "node:timers/promises";

interface PollOptions {
    /** Time between two checks, in milliseconds. */
    interval: number;
    /** Longest time to wait, in milliseconds. Default: no limit. */
    timeout?: number;
}

/** Repeats a check until it succeeds. @returns false if the time is up before that */
export async function poll(
    check: () => boolean | Promise<boolean>,
    { interval, timeout = Infinity }: PollOptions,
): Promise<boolean> {
    const end = Date.now() + timeout;
    while (!(await check())) {
        if (Date.now() > end) {
            return false;
        }
        await sleep(interval);
    }
    return true;
}
