import { RequestError } from "../requestError";

/** Work stopped because no client waits for its result. */
export class Abandoned extends Error {
    override readonly name = "Abandoned";

    constructor() {
        super("the client has closed the connection");
    }
}

/**
 * @param signal stops the work, which then rejects with the signal's reason
 * @param waited how long the work has waited for its turn, in milliseconds
 */
export type Work<Result> = (signal: AbortSignal, waited: number) => Promise<Result>;

interface SharedWorkLimits {
    /** How many tasks run at the same time. */
    atOnce: number;
    /** How many more may wait for their turn. Further requests are refused. */
    mayWait: number;
    /** How long they may wait, in milliseconds. */
    timeout: number;
}

interface Task<Result> {
    result: Promise<Result>;
    stop: AbortController;
    clients: number;
}

/**
 * Runs the tasks of requests. Requests for the same result at the same time share one task, the number of running tasks is limited,
 * and a task without clients is stopped.
 */
export class SharedWork<Result> {
    private readonly tasks = new Map<string, Task<Result>>();
    /** First in, first out. */
    private readonly waiting = new Set<() => void>();
    private running = 0;

    constructor(private readonly limits: SharedWorkLimits) {}

    /**
     * The result of `work`, or of a running task with the same key.
     * @param key what the result depends on
     * @param client aborted when the client is gone
     * @throws RequestError 503 if too many tasks wait, 504 if the wait is too long; Abandoned
     */
    do(key: string, work: Work<Result>, client: AbortSignal): Promise<Result> {
        const task = this.tasks.get(key) ?? this.begin(key, work);
        task.clients += 1;
        return new Promise((resolve, reject) => {
            const leave = () => {
                task.clients -= 1;
                if (task.clients === 0) {
                    // The next request with this key starts a new task.
                    this.forget(key, task);
                    task.stop.abort(new Abandoned());
                }
                reject(new Abandoned());
            };
            client.addEventListener("abort", leave, { once: true });
            const end = () => {
                client.removeEventListener("abort", leave);
            };
            task.result.finally(end).then(resolve, reject);
        });
    }

    private begin(key: string, work: Work<Result>): Task<Result> {
        const stop = new AbortController();
        const task = { result: this.inTurn(work, stop.signal), stop, clients: 0 };
        this.tasks.set(key, task);
        const end = () => {
            this.forget(key, task);
        };
        task.result.then(end, end);
        return task;
    }

    private forget(key: string, task: Task<Result>): void {
        if (this.tasks.get(key) === task) {
            this.tasks.delete(key);
        }
    }

    private async inTurn(work: Work<Result>, signal: AbortSignal): Promise<Result> {
        const start = performance.now();
        if (this.running < this.limits.atOnce) {
            this.running += 1;
        } else if (this.waiting.size < this.limits.mayWait) {
            await this.turn(signal);
        } else {
            throw new RequestError(503, "too many different graphs were requested at once; try again in a moment");
        }
        try {
            signal.throwIfAborted();
            return await work(signal, performance.now() - start);
        } finally {
            // The task that waits longest takes over the turn, so that `running` does not change.
            const [next] = this.waiting;
            if (next) {
                next();
            } else {
                this.running -= 1;
            }
        }
    }

    /** Waits for a turn, which is then counted in `running`. */
    private turn(signal: AbortSignal): Promise<void> {
        return new Promise((resolve, reject) => {
            const { timeout } = this.limits;
            const end = () => {
                clearTimeout(timer);
                signal.removeEventListener("abort", stop);
                this.waiting.delete(begin);
            };
            const begin = () => {
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
                        `this graph had to wait for others and did not start within ${timeout / 1000} s; try again in a moment`,
                    ),
                );
            }, timeout);
            signal.addEventListener("abort", stop);
            this.waiting.add(begin);
        });
    }
}
