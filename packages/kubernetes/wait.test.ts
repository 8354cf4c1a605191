import { ApiError, isTransient } from "./apiError";
import { waitUntil } from "./wait";
import { UserError, Stopped } from "../shared/errors";

// Jest's fake timers do not affect this module.
jest.mock("node:timers/promises", () => ({
    setTimeout: (milliseconds: number, value: unknown, { signal }: { signal?: AbortSignal } = {}) =>
        new Promise((resolve, reject) => {
            const abort = () => {
                reject(new Error("aborted"));
            };
            signal?.addEventListener("abort", abort);
            setTimeout(() => {
                signal?.removeEventListener("abort", abort);
                resolve(value);
            }, milliseconds);
            if (signal?.aborted) {
                abort();
            }
        }),
}));

beforeEach(() => {
    jest.useFakeTimers();
});
afterEach(() => {
    jest.useRealTimers();
});

/** The result of a promise, while fake time passes. */
async function ended<T>(promise: Promise<T>): Promise<T | Error> {
    const result = promise.catch((error: unknown) => error as Error);
    await jest.advanceTimersByTimeAsync(1_000_000);
    return result;
}

/** A check that gives the answers of a list, and repeats the last one; errors are thrown. */
function looks(...answers: (string | undefined | Error)[]) {
    return jest.fn(() => {
        const answer = answers.length > 1 ? answers.shift() : answers[0];
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    });
}

describe("an error of the API server", () => {
    it("is transient if there was no answer, too many requests, or a failure of the server", () => {
        expect([0, 429, 500, 503, 504].map((status) => isTransient(new ApiError(status, "")))).not.toContain(false);
        expect([400, 401, 403, 404, 409, 422].map((status) => isTransient(new ApiError(status, "")))).not.toContain(
            true,
        );
        expect(isTransient(new UserError("no API server has said this"))).toBe(false);
    });
});

describe("a wait", () => {
    it("ends when nothing is missing", async () => {
        const look = looks("is not ready", "is not ready", undefined);
        expect(await ended(waitUntil("it", { timeout: 10 }, look))).toBeUndefined();
        expect(look).toHaveBeenCalledTimes(3);
    });

    it("continues if the API server fails for a moment", async () => {
        const look = looks("is not ready", new ApiError(0, "does not answer"), new ApiError(429, "busy"), undefined);
        expect(await ended(waitUntil("it", { timeout: 10 }, look))).toBeUndefined();
    });

    it("says what was missing last when the time is over", async () => {
        expect(await ended(waitUntil("it", { timeout: 10 }, looks("is not ready")))).toEqual(
            new UserError("it is not ready, after 10 s"),
        );
        expect(await ended(waitUntil("it", { timeout: 10 }, looks(new ApiError(503, "no"))))).toEqual(
            new UserError("it cannot be read: no, after 10 s"),
        );
    });

    it("ends at once with a permanent error, and after a minute with a transient one", async () => {
        const forbidden = new ApiError(403, "forbidden");
        const look = looks(forbidden);
        expect(await ended(waitUntil("it", { timeout: 600 }, look))).toBe(forbidden);
        expect(look).toHaveBeenCalledTimes(1);

        const down = new ApiError(0, "does not answer");
        const begun = Date.now();
        const result = waitUntil("it", { timeout: 600 }, looks(down)).catch((error: unknown) => ({
            error,
            seconds: (Date.now() - begun) / 1000,
        }));
        await jest.advanceTimersByTimeAsync(1_000_000);
        expect(await result).toEqual({ error: down, seconds: expect.closeTo(60, 0) as number });
    });

    it("ends with the user's stop", async () => {
        const stop = new AbortController();
        const wait = ended(waitUntil("it", { timeout: 600, stop: stop.signal }, looks("is not ready")));
        stop.abort();
        expect(await wait).toBeInstanceOf(Stopped);
    });
});
