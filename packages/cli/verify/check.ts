import { setMaxListeners } from "node:events";
import { ApiError, isTransient } from "../../kubernetes/apiError";
import { type Deadline, pause } from "../../kubernetes/wait";
import { UserError, Stopped } from "../../shared/errors";
import type { Mesh } from "../mesh/mesh";

/** What a check found. */
export interface CheckResult {
    /** "off": what would be checked is switched off. */
    status: "ok" | "failed" | "off";
    /** What was found, in a line. */
    found: string;
    /** What to do about it; where a check has failed. */
    remedy?: string;
}

/** Looks at one thing in a mesh. It changes nothing. @throws UserError where the cluster does not tell */
export type Check = (mesh: Mesh, stop?: AbortSignal) => Promise<CheckResult>;

/** A check under the name that people see. */
export interface NamedCheck {
    name: string;
    check: Check;
}

export interface NamedResult extends CheckResult {
    name: string;
    /** How long the check took. */
    seconds: number;
}

/** Longest time for a check, in seconds. */
const TIMEOUT = 90;

/** Time between two looks at something that may need a moment, in milliseconds. */
const INTERVAL = 1000;

export function ok(found: string): CheckResult {
    return { status: "ok", found };
}

export function failed(found: string, remedy: string): CheckResult {
    return { status: "failed", found, remedy };
}

/** Looks again and again, until the result is no failure or the time (in seconds) is up. */
export async function eventually(
    timeout: number,
    stop: AbortSignal | undefined,
    look: () => Promise<CheckResult>,
): Promise<CheckResult> {
    const end = Date.now() + timeout * 1000;
    for (;;) {
        const result = await look().catch((error: unknown) => {
            if (isTransient(error)) {
                return failed(error.message, "look at what keeps it from answering");
            }
            throw error;
        });
        if (result.status !== "failed" || Date.now() > end) {
            return result;
        }
        await pause(INTERVAL, stop);
    }
}

/**
 * Makes all checks side by side. One that takes too long, or that the cluster gives no answer to, has failed.
 * @param onResult told of each result as it comes
 * @param timeout longest time for each, in seconds
 * @throws Stopped where the user stops it
 */
export function runChecks(
    mesh: Mesh,
    checks: readonly NamedCheck[],
    {
        stop,
        onResult,
        timeout = TIMEOUT,
    }: {
        stop?: AbortSignal;
        onResult?: (result: NamedResult) => void;
        timeout?: number;
    } = {},
): Promise<NamedResult[]> {
    return Promise.all(
        checks.map(async ({ name, check }) => {
            const begun = performance.now();
            const result = await inTime(mesh, { timeout, stop }, check);
            const seconds = Number(((performance.now() - begun) / 1000).toFixed(2));
            const named = { name, ...result, seconds };
            onResult?.(named);
            return named;
        }),
    );
}

async function inTime(mesh: Mesh, { timeout, stop }: Deadline, check: Check): Promise<CheckResult> {
    const deadline = AbortSignal.timeout(timeout * 1000);
    const either = stop ? AbortSignal.any([deadline, stop]) : deadline;
    // Every request of the check listens to it.
    setMaxListeners(0, either);
    const timeUp = new Promise<never>((_, reject) => {
        either.addEventListener("abort", () => {
            reject(new Stopped());
        });
    });
    try {
        return await Promise.race([check(mesh, either), timeUp]);
    } catch (error) {
        if (stop?.aborted) {
            throw new Stopped();
        }
        if (deadline.aborted) {
            return failed(`no result within ${timeout} s`, "run it again; if that does not help, look at the cluster");
        }
        if (error instanceof ApiError) {
            return failed(error.message, "see what keeps the cluster from answering, and run it again");
        }
        if (error instanceof UserError) {
            return failed(error.message, mesh.commands.redeploy);
        }
        throw error;
    }
}
