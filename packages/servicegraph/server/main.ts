import * as http from "node:http";
import * as path from "node:path";
import { app } from "./app";
import { assetsIn } from "./assets";
import { CONNECTION_OPTIONS, guardConnections } from "./connections";
import { asksForHelp, parseFlags, USAGE } from "./flags";
import { Metrics } from "./metrics";
import { graphsInProcess, serveGraphs, WORKER } from "./worker";

/* The program in the container: it reads the flags, listens, and ends on SIGTERM. */

if (process.argv[2] === WORKER) {
    serveGraphs();
} else if (asksForHelp(process.argv.slice(2))) {
    console.log(USAGE);
} else {
    main(path.resolve(process.argv[1] ?? ""));
}

function main(file: string): void {
    const ownFolder = path.dirname(file);
    const flags = orEnd(USAGE, () => parseFlags(process.argv.slice(2), ownFolder));
    const assets = orEnd("", () =>
        assetsIn(flags.assetDir, ownFolder, (names) => {
            log(`--assetDir ${flags.assetDir} has no ${names.join(", ")}: the server's own files replace them`);
        }),
    );
    const { prometheusAddr, prometheusTimeout: timeout, prometheusAnswerBytes: answerBytes } = flags;
    const metrics = new Metrics();
    const make = graphsInProcess(
        file,
        { prometheusAddr: prometheusAddr.href, timeout, answerBytes },
        (outcome, seconds) => {
            metrics.countQuery(outcome, seconds);
        },
    );
    const server = http.createServer(CONNECTION_OPTIONS, app({ make, metrics, log, assets }));
    guardConnections(server);

    server.on("error", (error) => {
        console.error(`cannot listen: ${error.message}`);
        process.exit(1);
    });
    server.listen(flags.bindAddr, () => {
        const { host, pathname } = prometheusAddr;
        const address = JSON.stringify(server.address());
        log(`Starting servicegraph service at ${address}, querying Prometheus at ${host}${pathname}`);
    });
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
        process.once(signal, () => {
            log(`Ending on ${signal}`);
            end(server);
        });
    }
}

/** How long running answers may take after the signal, in milliseconds. */
const LAST_ANSWERS = 3000;

/** Refuses new requests, completes running answers, and ends the program with code 0. */
function end(server: http.Server): void {
    server.close(() => process.exit(0));
    // Connections stay open for their next request.
    setInterval(() => {
        server.closeIdleConnections();
    }, 50);
    setTimeout(() => {
        server.closeAllConnections();
    }, LAST_ANSWERS);
}

/** Ends the program with code 2 and the reason if reading fails. */
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
