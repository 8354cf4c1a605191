/**
 * Lets a few go on at a time, those with the lowest number first. Answers of Prometheus are read in turn: if the answers for many graphs
 * arrive at once, the first graph is ready first, and not all of them late.
 */
export class Turns {
    private running = 0;
    private readonly waiting = new Set<{ order: number; begin: () => void }>();

    constructor(private readonly atOnce: number) {}

    /**
     * Waits for a turn.
     * @returns ends the turn
     * @throws the signal's reason
     */
    async take(order: number, signal: AbortSignal): Promise<() => void> {
        signal.throwIfAborted();
        if (this.running < this.atOnce) {
            this.running += 1;
        } else {
            await new Promise<void>((resolve, reject) => {
                const end = () => {
                    signal.removeEventListener("abort", stop);
                    this.waiting.delete(one);
                };
                const stop = () => {
                    end();
                    reject(signal.reason as Error);
                };
                const one = {
                    order,
                    begin: () => {
                        end();
                        resolve();
                    },
                };
                signal.addEventListener("abort", stop);
                this.waiting.add(one);
            });
        }
        let ended = false;
        return () => {
            if (!ended) {
                ended = true;
                this.end();
            }
        };
    }

    /** The next one takes over the turn, so that `running` does not change. */
    private end(): void {
        const [first, ...others] = this.waiting;
        if (first) {
            others.reduce((least, one) => (one.order < least.order ? one : least), first).begin();
        } else {
            this.running -= 1;
        }
    }
}
