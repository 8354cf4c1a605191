/** `load`: requests to the product page, and a report of the results. */
import path from "node:path";
import { load } from "../compile/compiled";
import type * as LoadVerb from "./load/load";
import { addTargetOptions, commandOf } from "./terminal/commandLine";
import { secondsWithin, webAddress, wholeNumber } from "./terminal/optionValues";

export const command = addTargetOptions(
    commandOf("load").description("Makes requests to the product page, and reports the results."),
)
    .option("-n, --requests <number>", "how many requests", wholeNumber(1, 1_000_000), 100)
    .option("-c, --concurrency <number>", "how many at a time", wholeNumber(1, 1000), 4)
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
