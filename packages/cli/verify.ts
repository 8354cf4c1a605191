/** `verify`: whether a deployed mesh does what it should. */
import { addTargetOptions, commandOf } from "./terminal/commandLine";
import { runCommand } from "./terminal/runCommand";
import type { StackOptions } from "./stack/stack";
import { UserError } from "../shared/errors";
import { findDeployedCluster } from "./mesh/deployedCluster";
import { readMesh } from "./mesh/mesh";
import { webAddress } from "./terminal/optionValues";
import { MovingLine } from "./terminal/progress";
import { runChecks } from "./verify/check";
import { CHECKS } from "./verify/checks";
import { checkReport } from "./verify/report";

interface Options extends StackOptions {
    url?: string;
    json?: boolean;
}

async function verify({ url, json, ...where }: Options, stop: AbortSignal): Promise<void> {
    const cluster = await findDeployedCluster(where);
    // A cluster that cannot be reached is an error, not a failed check.
    await cluster.api.identity();
    const mesh = { ...(await readMesh(cluster)), pageUrl: url };

    const waiting = new Set(CHECKS.map(({ name }) => name));
    const line = new MovingLine(process.stderr, () => `checking ${[...waiting].join(", ")}`);
    line.start();
    const results = await runChecks(mesh, CHECKS, {
        stop,
        onResult: ({ name }) => {
            waiting.delete(name);
        },
    }).finally(() => {
        line.end();
    });

    const { name: stack } = cluster.stack;
    console.log(
        json
            ? JSON.stringify({ stack, switches: mesh.source, checks: results }, undefined, 2)
            : `Stack "${stack}"; what is on: ${mesh.source}\n\n${checkReport(results)}`,
    );
    const failed = results.filter(({ status }) => status === "failed").length;
    if (failed > 0) {
        throw new UserError(`${failed} of ${results.filter(({ status }) => status !== "off").length} checks failed`);
    }
}

export const command = addTargetOptions(
    commandOf("verify").description("Checks a deployed mesh, and says what to do about what fails."),
)
    .option("--url <url>", "the product page (default: at the ingress gateway's address)", webAddress)
    .option("--json", "print the results as JSON (after npm run: with `npm run --silent`)")
    .action((options: Options) => runCommand((stop) => verify(options, stop)));
