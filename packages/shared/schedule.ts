import { setMaxListeners } from "node:events";

/** One piece of work among others, which waits for some of them. */
export interface Work {
    name: string;
    /** Names of the work that must be done before. */
    needs: string[];
}

/**
 * Does all the work, each piece as soon as what it needs is done, and as much as possible at the same time. After a
 * fault nothing new is begun, what is under way is told to stop, and the fault is thrown once that has ended.
 * @param limit how many pieces may be under way at once
 * @param stop stops everything from outside
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
    const underWay = new Set<Promise<void>>();
    const faulty = new AbortController();
    const either = stop ? AbortSignal.any([stop, faulty.signal]) : faulty.signal;
    setMaxListeners(0, either);
    let fault: { error: unknown } | undefined;

    const begin = (work: T) => {
        waiting.delete(work);
        const ended = perform(work, either)
            .then(() => void done.add(work.name))
            .catch((error: unknown) => {
                fault ??= { error };
                faulty.abort();
            })
            .finally(() => underWay.delete(ended));
        underWay.add(ended);
    };
    for (;;) {
        for (const work of waiting) {
            const ready = work.needs.every((need) => done.has(need) || !known.has(need));
            if (ready && underWay.size < limit && !either.aborted) {
                begin(work);
            }
        }
        if (underWay.size === 0) {
            break;
        }
        await Promise.race(underWay);
    }
    if (fault) {
        throw fault.error;
    }
    stop?.throwIfAborted();
    if (waiting.size > 0) {
        throw new Error(`waits for itself: ${[...waiting].map(({ name }) => name).join(", ")}`);
    }
}

/** The same work the other way round: each piece needs what needed it. */
export function reversed<T extends Work>(all: readonly T[]): T[] {
    return all
        .map((work) => ({
            ...work,
            needs: all.filter(({ needs }) => needs.includes(work.name)).map(({ name }) => name),
        }))
        .reverse();
}
