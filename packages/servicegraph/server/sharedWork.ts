import { RequestError } from "../requestError";

/** Why work was stopped: everybody who wanted its result has gone. */
export class Abandoned extends Error {
    override readonly name = "Abandoned";

    constructor() {
        super("whoever asked has gone");
    }
}

/**
 * Does a piece of work.
 * @param signal stops it; it then rejects with the signal's reason
 * @param waited how long it has waited for its turn, in milliseconds
 */
export type Work<Result> = (signal: AbortSignal, waited: number) => Promise<Result>;

export interface SharedWorkLimits {
    /** How many pieces are done at the same time. */
    atOnce: number;
    /** How many more wait for their turn; beyond that a request is refused. */
    mayWait: number;
    /** How long they wait, in milliseconds. */
    patience: number;
}

interface Piece<Result> {
    result: Promise<Result>;
    stop: AbortController;
    clients: number;
}

/**
 * Does the work of requests: those that ask for the same thing at the same time share one piece of work, only so many pieces are
 * done at once, and none is done for nobody.
 */
export class SharedWork<Result> {
    private readonly underWay = new Map<string, Piece<Result>>();
    /** In the order in which they came. */
    private readonly waiting = new Set<() => void>();
    private running = 0;

    constructor(private readonly limits: SharedWorkLimits) {}

    /**
     * The result of `work`, or of the same work that is under way already.
     * @param key what the result depends on
     * @param client aborted when whoever asks has gone
     * @throws RequestError 503 where too much is waiting, 504 where the turn does not come in time; Abandoned
     */
    do(key: string, work: Work<Result>, client: AbortSignal): Promise<Result> {
        const piece = this.underWay.get(key) ?? this.begin(key, work);
        piece.clients += 1;
        return new Promise((resolve, reject) => {
            const leave = () => {
                piece.clients -= 1;
                if (piece.clients === 0) {
                    // Whoever asks from now on gets a piece of its own.
                    this.forget(key, piece);
                    piece.stop.abort(new Abandoned());
                }
                reject(new Abandoned());
            };
            client.addEventListener("abort", leave, { once: true });
            const end = () => {
                client.removeEventListener("abort", leave);
            };
            piece.result.finally(end).then(resolve, reject);
        });
    }

    private begin(key: string, work: Work<Result>): Piece<Result> {
        const stop = new AbortController();
        const piece = { result: this.inTurn(work, stop.signal), stop, clients: 0 };
        this.underWay.set(key, piece);
        const end = () => {
            this.forget(key, piece);
        };
        piece.result.then(end, end);
        return piece;
    }

    private forget(key: string, piece: Piece<Result>): void {
        if (this.underWay.get(key) === piece) {
            this.underWay.delete(key);
        }
    }

    private async inTurn(work: Work<Result>, signal: AbortSignal): Promise<Result> {
        const start = performance.now();
        if (this.running < this.limits.atOnce) {
            this.running += 1;
        } else if (this.waiting.size < this.limits.mayWait) {
            await this.turn(signal);
        } else {
            throw new RequestError(503, "too many different graphs are asked for at once; try again in a moment");
        }
        try {
            signal.throwIfAborted();
            return await work(signal, performance.now() - start);
        } finally {
            // The turn passes to the one that waits longest, without being given back in between.
            const [next] = this.waiting;
            if (next) {
                next();
            } else {
                this.running -= 1;
            }
        }
    }

    /** Waits for a turn, which then counts as one that is running. */
    private turn(signal: AbortSignal): Promise<void> {
        return new Promise((resolve, reject) => {
            const { patience } = this.limits;
            const end = () => {
                clearTimeout(timer);
                signal.removeEventListener("abort", stop);
                this.waiting.delete(go);
            };
            const go = () => {
                end();
                resolve();
            };
            const stop = () => {
                end();
                reject(signal.reason as Error);
            };
            const timer = setTimeout(() => {
                end();
                reject(
                    new RequestError(
                        504,
                        `other graphs were asked for first, and the turn of this one did not come within ${patience / 1000} s; try again in a moment`,
                    ),
                );
            }, patience);
            signal.addEventListener("abort", stop);
            this.waiting.add(go);
        });
    }
}
