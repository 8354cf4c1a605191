import { RequestError } from "../requestError";

/** Work stopped because no client waits for its result. */
export class Abandoned extends Error {
    override readonly name = "Abandoned";

    constructor() {
        super("the client has closed the connection");
    }
}

/** @param signal stops the work, which then rejects with the signal's reason */
export type Work<Result> = (signal: AbortSignal) => Promise<Result>;

interface Task<Result> {
    result: Promise<Result>;
    stop: AbortController;
    clients: number;
}

/** Runs the tasks of requests. Requests for the same result at the same time share one task, and a task without clients is stopped. */
export class SharedWork<Result> {
    private readonly tasks = new Map<string, Task<Result>>();
    private running = 0;

    /** @param most how many tasks may run at the same time; further requests are refused */
    constructor(private readonly most: number) {}

    /**
     * The result of `work`, or of a running task with the same key.
     * @param key what the result depends on
     * @param client aborted when the client is gone
     * @throws RequestError 503 if too many tasks run; Abandoned
     */
    async do(key: string, work: Work<Result>, client: AbortSignal): Promise<Result> {
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
        if (this.running >= this.most) {
            throw new RequestError(503, "too many different graphs were requested at once; try again in a moment");
        }
        this.running += 1;
        const stop = new AbortController();
        const task = { result: work(stop.signal), stop, clients: 0 };
        this.tasks.set(key, task);
        const end = () => {
            this.running -= 1;
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
}
