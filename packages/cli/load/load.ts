import { Stopped, UserError } from "../../shared/errors";
import { findDeployedCluster } from "../mesh/deployedCluster";
import type { StackOptions } from "../stack/stack";
import { MovingLine } from "../terminal/progress";
import { runCommand } from "../terminal/runCommand";
import { loadReport } from "./report";
import { type Load, makeRequests } from "./requests";
import { signIn } from "./signIn";
import { type LoadSummary, Tally } from "./summary";
import { openWay } from "./way";

export interface LoadOptions extends StackOptions {
    /** Default: `REQUESTS`, unless the load has a duration. */
    requests?: number;
    duration?: number;
    rate?: number;
    user?: string;
    token?: string;
    concurrency: number;
    timeout: number;
    url?: string;
    json?: boolean;
}

/** Number of requests if neither a number nor a duration is given. */
const REQUESTS = 100;

/** Runs `load` to its end, and exits. */
export function load(options: LoadOptions): Promise<void> {
    return runCommand((stop) => loadPage(options, stop), "Stopped; these are the requests made until then.");
}

async function makeLoad(load: Load, stop: AbortSignal): Promise<LoadSummary> {
    const tally = new Tally(load);
    const begun = performance.now();
    // On standard error: what a program reads from standard output stays clean.
    const line = new MovingLine(process.stderr, () => {
        const perSecond = (tally.done * 1000) / (performance.now() - begun);
        const made = load.requests === Infinity ? tally.done : `${tally.done} of ${load.requests}`;
        return `${made} requests, ${tally.failed} failed, ${perSecond.toFixed(0)} per second`;
    });
    line.start();
    try {
        await makeRequests(
            load,
            (outcome) => {
                tally.add(outcome);
            },
            stop,
        );
    } finally {
        line.end();
    }
    return tally.summary(performance.now() - begun);
}

async function loadPage(
    { requests, duration, rate, user, token, concurrency, timeout, json, ...where }: LoadOptions,
    stop: AbortSignal,
): Promise<void> {
    const way =
        where.url === undefined
            ? await openWay(await findDeployedCluster(where), stop)
            : { url: where.url, close: () => undefined };
    const most = requests ?? (duration === undefined ? REQUESTS : Infinity);
    const limits = { requests: most, concurrency, timeout, rate, duration };
    const load = async () => {
        const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
        const session = user === undefined ? headers : await signIn(user, way.url, headers, timeout);
        return makeLoad({ url: way.url, ...limits, headers: session }, stop);
    };
    const summary = await load().finally(way.close);
    console.log(json ? JSON.stringify(summary, undefined, 2) : loadReport(summary));
    if (stop.aborted) {
        throw new Stopped();
    }
    if (summary.failed > 0) {
        throw new UserError(`${summary.failed} of ${summary.requests.done} requests failed`);
    }
}
