import { UserError } from "../../shared/errors";
import { findDeployedCluster } from "../mesh/deployedCluster";
import { readMesh } from "../mesh/mesh";
import { type CertificateOptions, readClientCertificate } from "../mesh/pageClient";
import type { StackOptions } from "../stack/stack";
import { MovingLine } from "../terminal/progress";
import { runCommand } from "../terminal/runCommand";
import { furtherGrant } from "../preflight/permissions";
import { applicable, NOT_ALLOWED, runChecks } from "./check";
import { CHECKS } from "./checks";
import { checkReport } from "./report";

export interface VerifyOptions extends StackOptions, CertificateOptions {
    url?: string;
    json?: boolean;
}

/** Runs `verify` to its end, and exits. */
export function verify(options: VerifyOptions): Promise<void> {
    return runCommand((stop) => check(options, stop));
}

async function check({ url, json, cert, key, ...where }: VerifyOptions, stop: AbortSignal): Promise<void> {
    const certificate = readClientCertificate({ cert, key });
    const cluster = await findDeployedCluster(where);
    // A cluster that cannot be reached is an error, not a failed check.
    await cluster.api.identity();
    const mesh = { ...(await readMesh(cluster)), pageUrl: url, ...(certificate && { certificate }) };

    const checks = await applicable(mesh, CHECKS);
    const waiting = new Set(checks.map(({ name }) => name));
    const line = new MovingLine(process.stderr, () => `checking ${[...waiting].join(", ")}`);
    line.start();
    const results = await runChecks(mesh, checks, {
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
        const isForbidden = results.some(({ remedy }) => remedy === NOT_ALLOWED);
        const grant = isForbidden ? await furtherGrant(cluster.stack, cluster.api) : undefined;
        const count = `${failed} of ${results.filter(({ status }) => status !== "off").length} checks failed`;
        throw new UserError([count, ...(grant ?? [])].join("\n"));
    }
}
