import * as http from "node:http";
import * as path from "node:path";
import { isMainThread } from "node:worker_threads";
import { app } from "./app";
import { assetsIn } from "./assets";
import { parseFlags, USAGE } from "./flags";
import { Metrics } from "./metrics";
import { graphsInThread, serveGraphs } from "./worker";

/* The program that runs in the cluster: reads the flags, listens, and ends on SIGTERM. */

if (isMainThread) {
    main(path.resolve(process.argv[1] ?? ""));
} else {
    serveGraphs();
}

function main(file: string): void {
    const ownFolder = path.dirname(file);
    const flags = orEnd(USAGE, () => parseFlags(process.argv.slice(2), ownFolder));
    const assets = orEnd("", () =>
        assetsIn(flags.assetDir, ownFolder, (names) => {
            log(`--assetDir ${flags.assetDir} has no ${names.join(", ")}: the server's own are served`);
        }),
    );
    const { prometheusAddr, prometheusTimeout: timeout, prometheusAnswerBytes: answerBytes } = flags;
    const metrics = new Metrics();
    const make = graphsInThread(
        file,
        { prometheusAddr: prometheusAddr.href, timeout, answerBytes },
        (outcome, seconds) => {
            metrics.countQuery(outcome, seconds);
        },
    );
    const server = http.createServer(app({ make, metrics, log, timeout, assets }));
    // Beyond that a connection is refused, so that no crowd can take the server's memory.
    server.maxConnections = 512;
    // Whoever takes longer to say what it wants is no client of a graph.
    server.headersTimeout = 10_000;
    server.requestTimeout = 15_000;

    server.on("error", (error) => {
        console.error(`cannot listen: ${error.message}`);
        process.exit(1);
    });
    server.listen(flags.bindAddr, () => {
        const { host, pathname } = prometheusAddr;
        const address = JSON.stringify(server.address());
        log(`Starting servicegraph service at ${address}, asking Prometheus at ${host}${pathname}`);
    });
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
        process.once(signal, () => {
            log(`Ending on ${signal}`);
            end(server);
        });
    }
}

/** How long answers that are under way have when the server ends, in milliseconds. */
const LAST_ANSWERS = 3000;

/** Accepts nothing more, lets answers that are under way reach whoever asked, and ends the program with code 0. */
function end(server: http.Server): void {
    server.close(() => process.exit(0));
    // A connection whose answer is done would be kept open for the next request.
    setInterval(() => {
        server.closeIdleConnections();
    }, 50);
    setTimeout(() => {
        server.closeAllConnections();
    }, LAST_ANSWERS);
}

/** What a flag stands for; where it makes no sense, the program ends with the reason. */
function orEnd<Value>(usage: string, read: () => Value): Value {
    try {
        return read();
    } catch (error) {
        console.error([(error as Error).message, usage].filter(Boolean).join("\n\n"));
        return process.exit(2);
    }
}

function log(message: string): void {
    console.log(`${new Date().toISOString()} ${message}`);
}
