import * as http from "node:http";
import * as path from "node:path";
import { prometheusAt } from "../prometheus/client";
import { app } from "./app";
import { assetsIn } from "./assets";
import { type Flags, parseFlags, USAGE } from "./flags";
import { Metrics } from "./metrics";

/* The program that runs in the cluster: reads the flags, listens, and ends on SIGTERM. */

function log(message: string): void {
    console.log(`${new Date().toISOString()} ${message}`);
}

function readFlags(): Flags {
    try {
        return parseFlags(process.argv.slice(2), path.dirname(path.resolve(process.argv[1] ?? ".")));
    } catch (error) {
        console.error(`${(error as Error).message}\n\n${USAGE}`);
        return process.exit(2);
    }
}

const flags = readFlags();
const metrics = new Metrics();
const server = http.createServer(
    app({
        metrics,
        log,
        assets: assetsIn(flags.assetDir),
        prometheus: prometheusAt(flags.prometheusAddr, {
            timeout: flags.prometheusTimeout,
            answerBytes: flags.prometheusAnswerBytes,
            observe: (outcome, seconds) => {
                metrics.countQuery(outcome, seconds);
            },
        }),
    }),
);
// One connection more than that is refused, so that no crowd can take the server's memory.
server.maxConnections = 512;
// Whoever takes longer to say what it wants is no client of a graph.
server.headersTimeout = 10_000;
server.requestTimeout = 15_000;

server.on("error", (error) => {
    console.error(`cannot listen on ${process.argv.slice(2).join(" ")}: ${error.message}`);
    process.exit(1);
});
server.listen(flags.bindAddr, () => {
    const { host, pathname } = flags.prometheusAddr;
    log(
        `Starting servicegraph service at ${JSON.stringify(server.address())}, asking Prometheus at ${host}${pathname}`,
    );
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
        log(`Ending on ${signal}`);
        // What is being answered would be a graph that nobody waits for any more.
        server.closeAllConnections();
        server.close(() => process.exit(0));
    });
}
