import { once, setMaxListeners } from "node:events";
import { PROPAGATION_SECONDS } from "../../../components/names";
import { ApiError, isTransient } from "../../kubernetes/apiError";
import { type Deadline, pause } from "../../kubernetes/wait";
import { UserError, Stopped } from "../../shared/errors";
import type { Mesh } from "../mesh/mesh";

export interface CheckResult {
    /** "off": the config switches off what the check is about, or it cannot be seen from here. */
    status: "ok" | "failed" | "off";
    found: string;
    /** What to do about it, if the check has failed. */
    remedy?: string;
    /** What a user must know, although the check is ok. */
    note?: string;
}

/** Looks at one thing in a mesh, and changes nothing. @throws UserError if the cluster does not answer */
export type Check = (mesh: Mesh, stop?: AbortSignal) => Promise<CheckResult>;

export interface NamedCheck {
    name: string;
    check: Check;
    /** Whether a mesh has what the check is about. Default: it has. */
    applies?: (mesh: Mesh) => boolean | Promise<boolean>;
}

export interface NamedResult extends CheckResult {
    name: string;
    seconds: number;
}

/** The remedy if the API server refuses what a check asks for. The error of `verify` has the command. */
export const NOT_ALLOWED = "an administrator grants the permission, as said below";

/** Longest time for a check, in seconds. */
const TIMEOUT = 90;

/** Time between two attempts, in milliseconds. */
const INTERVAL = 1000;

export function ok(found: string, note?: string): CheckResult {
    return { status: "ok", found, ...(note !== undefined && { note }) };
}

export function failed(found: string, remedy: string): CheckResult {
    return { status: "failed", found, remedy };
}

/** Repeats an attempt until it does not fail, or until policies count for all connections. */
export function eventuallyDrained(
    { drainSeconds }: Mesh,
    stop: AbortSignal | undefined,
    attempt: () => Promise<CheckResult>,
): Promise<CheckResult> {
    return eventually(PROPAGATION_SECONDS + drainSeconds, stop, attempt);
}

/** Repeats an attempt until it does not fail, or until the time (in seconds) is up. */
export async function eventually(
    timeout: number,
    stop: AbortSignal | undefined,
    attempt: () => Promise<CheckResult>,
): Promise<CheckResult> {
    const end = Date.now() + timeout * 1000;
    for (;;) {
        const result = await attempt().catch((error: unknown) => {
            if (isTransient(error)) {
                return failed(error.message, "find out why it does not answer");
            }
            throw error;
        });
        if (result.status !== "failed" || Date.now() > end) {
            return result;
        }
        await pause(INTERVAL, stop);
    }
}

/** Those of some checks that are about something in a mesh. */
export async function applicable(mesh: Mesh, checks: readonly NamedCheck[]): Promise<NamedCheck[]> {
    const applies = await Promise.all(checks.map(async (each) => (await each.applies?.(mesh)) ?? true));
    return checks.filter((_, index) => applies[index]);
}

interface RunOptions {
    stop?: AbortSignal;
    /** Called with each result as soon as it is known. */
    onResult?: (result: NamedResult) => void;
    /** Longest time for each check, in seconds. */
    timeout?: number;
}

/**
 * Runs all checks at the same time. A check fails if it takes too long, or if the cluster does not answer it.
 * @throws Stopped if the user stops it
 */
export function runChecks(
    mesh: Mesh,
    checks: readonly NamedCheck[],
    { stop, onResult, timeout = TIMEOUT }: RunOptions = {},
): Promise<NamedResult[]> {
    return Promise.all(
        checks.map(async ({ name, check }) => {
            const begun = performance.now();
            const result = await runInTime(mesh, { timeout, stop }, check);
            const seconds = Number(((performance.now() - begun) / 1000).toFixed(2));
            const named = { name, ...result, seconds };
            onResult?.(named);
            return named;
        }),
    );
}

async function runInTime(mesh: Mesh, { timeout, stop }: Deadline, check: Check): Promise<CheckResult> {
    const deadline = AbortSignal.timeout(timeout * 1000);
    const either = stop ? AbortSignal.any([deadline, stop]) : deadline;
    // Every request of the check listens to it.
    setMaxListeners(0, either);
    try {
        const result = await Promise.race([check(mesh, either), once(either, "abort").then(() => undefined)]);
        if (result !== undefined) {
            return result;
        }
        throw new Stopped();
    } catch (error) {
        if (stop?.aborted) {
            throw new Stopped();
        }
        if (deadline.aborted) {
            return failed(`no result within ${timeout} s`, "run it again; if that does not help, look at the cluster");
        }
        if (error instanceof ApiError && error.status === 403) {
            return failed(error.message, NOT_ALLOWED);
        }
        if (error instanceof ApiError) {
            return failed(error.message, "find out why the cluster does not answer, then run it again");
        }
        if (error instanceof UserError) {
            return failed(error.message, mesh.commands.redeploy);
        }
        throw error;
    }
}
