import { Fault } from "../fault";

/**
 * Does the work of requests: those that ask for the same thing at the same time share one piece of work, and only so many
 * pieces are done at once.
 */
export class SharedWork<Result> {
    private readonly underWay = new Map<string, Promise<Result>>();
    private readonly waiting: (() => void)[] = [];
    private running = 0;

    /**
     * @param atOnce how many pieces are done at the same time
     * @param mayWait how many more wait for their turn; beyond that a request is refused
     */
    constructor(
        private readonly atOnce: number,
        private readonly mayWait: number,
    ) {}

    /**
     * The result of `work`, or of the same work that is under way already.
     * @param key what the result depends on
     * @throws Fault 503 where too much is waiting
     */
    do(key: string, work: () => Promise<Result>): Promise<Result> {
        const same = this.underWay.get(key);
        if (same) {
            return same;
        }
        const result = this.inTurn(work).finally(() => this.underWay.delete(key));
        this.underWay.set(key, result);
        return result;
    }

    private async inTurn(work: () => Promise<Result>): Promise<Result> {
        if (this.running < this.atOnce) {
            this.running += 1;
        } else if (this.waiting.length < this.mayWait) {
            await new Promise<void>((resolve) => this.waiting.push(resolve));
        } else {
            throw new Fault(503, "too many different graphs are asked for at once; try again in a moment");
        }
        try {
            return await work();
        } finally {
            // The turn passes to the one that waits longest, without being given back in between.
            const next = this.waiting.shift();
            if (next) {
                next();
            } else {
                this.running -= 1;
            }
        }
    }
}
