import { setMaxListeners } from "node:events";

/** A piece of work that may have to wait for others. */
export interface Work {
    name: string;
    /** Names of the work that must be done first. */
    needs: string[];
}

/**
 * Does all the work. Each piece begins as soon as what it needs is done, and pieces run at the same time if possible. After
 * an error no further piece begins, and the running ones get the signal to stop. The error is thrown when they have ended.
 * @param limit how many pieces may run at the same time
 * @param stop stops everything
 * @throws the first error of a piece
 */
export async function doInOrder<T extends Work>(
    all: readonly T[],
    limit: number,
    stop: AbortSignal | undefined,
    perform: (work: T, stop: AbortSignal) => Promise<void>,
): Promise<void> {
    const known = new Set(all.map(({ name }) => name));
    const waiting = new Set(all);
    const done = new Set<string>();
    const running = new Set<Promise<void>>();
    const failed = new AbortController();
    const either = stop ? AbortSignal.any([stop, failed.signal]) : failed.signal;
    setMaxListeners(0, either);
    let failure: { error: unknown } | undefined;

    const begin = (work: T) => {
        waiting.delete(work);
        const ended = perform(work, either)
            .then(() => void done.add(work.name))
            .catch((error: unknown) => {
                failure ??= { error };
                failed.abort();
            })
            .finally(() => running.delete(ended));
        running.add(ended);
    };
    for (;;) {
        for (const work of waiting) {
            const ready = work.needs.every((need) => done.has(need) || !known.has(need));
            if (ready && running.size < limit && !either.aborted) {
                begin(work);
            }
        }
        if (running.size === 0) {
            break;
        }
        await Promise.race(running);
    }
    if (failure) {
        throw failure.error;
    }
    stop?.throwIfAborted();
    if (waiting.size > 0) {
        throw new Error(`these pieces of work wait for each other: ${[...waiting].map(({ name }) => name).join(", ")}`);
    }
}

/** The same work in the opposite order: each piece needs the pieces that needed it. */
export function reversed<T extends Work>(all: readonly T[]): T[] {
    return all
        .map((work) => ({
            ...work,
            needs: all.filter(({ needs }) => needs.includes(work.name)).map(({ name }) => name),
        }))
        .reverse();
}
