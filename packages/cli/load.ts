/** `load`: requests to the product page, and a report of the results. */
import { addTargetOptions, commandOf } from "./terminal/commandLine";
import { runCommand } from "./terminal/runCommand";
import type { StackOptions } from "./stack/stack";
import { UserError, Stopped } from "../shared/errors";
import { loadReport } from "./load/report";
import { type Load, makeRequests } from "./load/requests";
import { type LoadSummary, Tally } from "./load/summary";
import { findDeployedCluster } from "./mesh/deployedCluster";
import { productpageUrl } from "./mesh/ingress";
import { secondsWithin, webAddress, wholeNumber } from "./terminal/optionValues";
import { MovingLine } from "./terminal/progress";

interface Options extends StackOptions {
    requests: number;
    concurrency: number;
    timeout: number;
    url?: string;
    json?: boolean;
}

async function makeLoad(load: Load, stop: AbortSignal): Promise<LoadSummary> {
    const tally = new Tally(load);
    const begun = performance.now();
    // On standard error: what a program reads from standard output stays clean.
    const line = new MovingLine(process.stderr, () => {
        const perSecond = (tally.done * 1000) / (performance.now() - begun);
        return `${tally.done} of ${load.requests} requests, ${tally.failed} failed, ${perSecond.toFixed(0)} per second`;
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

async function run({ requests, concurrency, timeout, json, ...where }: Options, stop: AbortSignal): Promise<void> {
    const url = where.url ?? (await productpageUrl((await findDeployedCluster(where)).api));
    const summary = await makeLoad({ url, requests, concurrency, timeout }, stop);
    console.log(json ? JSON.stringify(summary, undefined, 2) : loadReport(summary));
    if (stop.aborted) {
        throw new Stopped();
    }
    if (summary.failed > 0) {
        throw new UserError(`${summary.failed} of ${summary.requests.done} requests failed`);
    }
}

export const command = addTargetOptions(
    commandOf("load").description("Makes requests to the product page, and reports the results."),
)
    .option("-n, --requests <number>", "how many requests", wholeNumber(1, 1_000_000), 100)
    .option("-c, --concurrency <number>", "how many at a time", wholeNumber(1, 1000), 4)
    .option("--timeout <seconds>", "longest time for one answer", secondsWithin(0.1, 600), 10)
    .option("--url <url>", "what to request (default: the product page at the ingress gateway's address)", webAddress)
    .option("--json", "print the summary as JSON (after npm run: with `npm run --silent`)")
    .action((options: Options) =>
        runCommand((stop) => run(options, stop), "Stopped; these are the requests made until then."),
    );
