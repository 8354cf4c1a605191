import { createSecureContext } from "node:tls";
import { Stopped, UserError } from "../../shared/errors";
import { type DeployedCluster, findDeployedCluster } from "../mesh/deployedCluster";
import { type CertificateOptions, type ClientCertificate, readClientCertificate } from "../mesh/pageClient";
import type { StackOptions } from "../stack/stack";
import { bearer } from "../token/pageAccess";
import { MovingLine } from "../terminal/progress";
import { runCommand } from "../terminal/runCommand";
import type * as Measured from "./measured";
import { loadReport } from "./report";
import { type Load, makeRequests } from "./requests";
import { signIn } from "./signIn";
import { type LoadSummary, Tally } from "./summary";
import { type LoadWay, openWay } from "./way";

export interface LoadOptions extends StackOptions, CertificateOptions {
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

/** A URL of the user's own, which need not be that of a deployed gateway. */
function wayTo(url: string, certificate: ClientCertificate | undefined): LoadWay {
    const access = certificate && { secureContext: createSecureContext({ ...certificate }) };
    return { url, access, headers: {}, close: () => undefined };
}

async function makeLoad(load: Load, stop: AbortSignal): Promise<{ tally: Tally; milliseconds: number }> {
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
    return { tally, milliseconds: performance.now() - begun };
}

/** Loaded only if the config asks for something: its schema takes a part of a second. */
async function beginMeasuring(cluster: DeployedCluster): ReturnType<typeof Measured.beginMeasuring> {
    return cluster.stack.shapesRequests
        ? (require("./measured") as typeof Measured).beginMeasuring(cluster)
        : undefined;
}

async function loadPage(
    { requests, duration, rate, user, token, concurrency, timeout, json, cert, key, ...where }: LoadOptions,
    stop: AbortSignal,
): Promise<void> {
    const certificate = readClientCertificate({ cert, key });
    const cluster = where.url === undefined ? await findDeployedCluster(where) : undefined;
    const { close, ...way } = cluster ? await openWay(cluster, stop, certificate) : wayTo(where.url ?? "", certificate);
    const most = requests ?? (duration === undefined ? REQUESTS : Infinity);
    const limits = { requests: most, concurrency, timeout, rate, duration };
    const load = async () => {
        const target = token === undefined ? way : { ...way, headers: bearer(token) };
        const session = user === undefined ? target : { ...target, ...(await signIn(user, target, timeout)) };
        const measure = cluster && (await beginMeasuring(cluster));
        const { tally, milliseconds } = await makeLoad({ ...session, ...limits }, stop);
        const hasToken = Object.hasOwn(session.headers, "authorization");
        const measured = await measure?.({ user, hasToken, milliseconds, seen: tally.seen });
        return { ...tally.summary(milliseconds), ...measured };
    };
    const summary: LoadSummary = await load().finally(close);
    console.log(json ? JSON.stringify(summary, undefined, 2) : loadReport(summary));
    if (stop.aborted) {
        throw new Stopped();
    }
    if (summary.failed > 0) {
        throw new UserError(`${summary.failed} of ${summary.requests.done} requests failed`);
    }
}
