import { pause } from "../../kubernetes/wait";
import { makeRequest } from "../load/requests";
import type { Access } from "../load/route";
import { SILENCE } from "./page";

/** Longest time for one attempt, in seconds. */
const ATTEMPT = 10;

/** Time between two attempts, in milliseconds. */
const INTERVAL = 1000;

/** Why nothing answers at a URL for `SILENCE` seconds; undefined as soon as something answers, with any status. */
export async function silenceOf(url: string, stop?: AbortSignal, access?: Access): Promise<string | undefined> {
    const end = Date.now() + SILENCE * 1000;
    for (;;) {
        const { status, failure } = await makeRequest(url, ATTEMPT, { signal: stop, access });
        if (status !== undefined || stop?.aborted) {
            return undefined;
        }
        if (Date.now() >= end) {
            return failure;
        }
        await pause(INTERVAL, stop);
    }
}
