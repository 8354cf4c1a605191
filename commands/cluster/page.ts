import { messageOf } from "../fault";
import { waitUntil } from "./wait";

/** Time that the page has to answer once everything is deployed, in seconds: cloud load balancers take minutes. */
const PAGE_TIMEOUT = 300;

/** Time for one attempt, in milliseconds. */
const ATTEMPT_TIMEOUT = 5000;

/** Waits until a URL answers 200. @throws Fault with what it answered last */
export async function waitForPage(url: string, stop?: AbortSignal): Promise<void> {
    await waitUntil(url, { timeout: PAGE_TIMEOUT, stop }, async () => {
        try {
            const attempt = AbortSignal.timeout(ATTEMPT_TIMEOUT);
            const response = await fetch(url, { signal: stop ? AbortSignal.any([stop, attempt]) : attempt });
            await response.arrayBuffer();
            return response.status === 200 ? undefined : `answers ${response.status}`;
        } catch (error) {
            const cause = error instanceof Error ? error.cause : undefined;
            return `does not answer (${messageOf(cause ?? error)})`;
        }
    });
}
