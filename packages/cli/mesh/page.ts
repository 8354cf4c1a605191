import { UserError, messageOf } from "../../shared/errors";
import { waitUntil } from "../../kubernetes/wait";

/** Time until the page must answer after a deployment, in seconds: cloud load balancers take minutes. */
const PAGE_TIMEOUT = 300;

/** Time until another status must become 200, in seconds: a gateway that answers gets its routes soon. */
const ROUTES_TIMEOUT = 30;

/** Time for one attempt, in milliseconds. */
const ATTEMPT_TIMEOUT = 5000;

/**
 * Waits until a URL answers 200.
 * @param routesTimeout longest time with another status, in seconds
 * @throws UserError with the last answer
 */
export async function waitForPage(url: string, stop?: AbortSignal, routesTimeout = ROUTES_TIMEOUT): Promise<void> {
    let answersSince: number | undefined;
    await waitUntil(url, { timeout: PAGE_TIMEOUT, stop }, async () => {
        try {
            const attempt = AbortSignal.timeout(ATTEMPT_TIMEOUT);
            const response = await fetch(url, { signal: stop ? AbortSignal.any([stop, attempt]) : attempt });
            await response.arrayBuffer();
            if (response.status === 200) {
                return undefined;
            }
            answersSince ??= performance.now();
            if (performance.now() - answersSince > routesTimeout * 1000) {
                throw new UserError(`${url} has answered ${response.status} for ${routesTimeout} s`);
            }
            return `answers ${response.status}`;
        } catch (error) {
            if (error instanceof UserError) {
                throw error;
            }
            answersSince = undefined;
            const cause = error instanceof Error ? error.cause : undefined;
            return `does not answer (${messageOf(cause ?? error)})`;
        }
    });
}
