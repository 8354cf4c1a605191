/** `load`: requests to the product page, and a report of the results. */
import path from "node:path";
import { load } from "../compile/compiled";
import type * as LoadVerb from "./load/load";
import { addCertificateOptions, addTargetOptions, commandOf } from "./terminal/commandLine";
import {
    durationWithin,
    headerText,
    numberFrom,
    secondsWithin,
    webAddress,
    wholeNumber,
} from "./terminal/optionValues";

export const command = addCertificateOptions(
    addTargetOptions(commandOf("load").description("Makes requests to the product page, and reports the results.")),
)
    .option(
        "-n, --requests <number>",
        "how many requests (default: 100, with --duration any)",
        wholeNumber(1, 1_000_000),
    )
    .option("--duration <time>", "for how long, such as 5m; Ctrl-C ends it earlier", durationWithin(1, 86_400))
    .option("--rate <number>", "how many per second (default: as many as possible)", numberFrom(0.1, 1000))
    .option("-c, --concurrency <number>", "how many at a time", wholeNumber(1, 1000), 4)
    .option("--user <name>", "sign in to the product page first, as this user", headerText)
    .option("--token <token>", "send this bearer token with each request", headerText)
    .option("--timeout <seconds>", "longest time for one answer", secondsWithin(0.1, 600), 10)
    .option(
        "--url <url>",
        "what to request (default: the product page at the ingress gateway's address, else through a port-forward)",
        webAddress,
    )
    .option("--json", "print the summary as JSON (after npm run: with `npm run --silent`)")
    .action((options: LoadVerb.LoadOptions) => {
        const { load: run } = load(path.join(__dirname, "load/load.ts")) as typeof LoadVerb;
        return run(options);
    });
