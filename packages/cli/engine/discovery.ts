import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { findExecutable, run, searchPath } from "../../shared/childProcess";
import { PROJECT_FOLDER } from "../../shared/project";

/** Longest time for one download, in milliseconds. */
const DOWNLOAD_TIMEOUT = 5 * 60_000;

const EXTENSION = process.platform === "win32" ? ".exe" : "";
const CLI = `pulumi${EXTENSION}`;
const PROVIDER = `pulumi-resource-kubernetes${EXTENSION}`;

/** A Pulumi CLI that can deploy this program. */
export interface Engine {
    /** Path of the CLI. Its folder also has the language hosts. */
    cli: string;
    /** Such as `v3.265.0`. */
    version: string;
}

export type Discovery = { engine: Engine } | { missing: string };

/**
 * Finds the Pulumi CLI and the Kubernetes provider. Downloads the CLI with npm's package `pulumi`, and the provider with the
 * CLI, if they are missing.
 */
export async function findEngine(stop?: AbortSignal): Promise<Discovery> {
    const home = process.env.PULUMI_HOME ?? path.join(homedir(), ".pulumi");
    const pinned = versionOf("pulumi");
    const cli = findCli(searchPath(), home, pinned) ?? (await downloadCli(home, pinned, stop));
    if (cli === undefined) {
        return { missing: `the Pulumi CLI is not on PATH, and ${pinned} cannot be downloaded` };
    }

    const { code, stdout, stderr } = await run(cli, ["version"], { env: engineEnvironment(cli), stop });
    if (code !== 0) {
        return { missing: `the Pulumi CLI at ${cli} does not run: ${stderr.trim()}` };
    }
    const provider = versionOf("@pulumi/kubernetes");
    if (!hasProvider(searchPath(), home, provider)) {
        const args = ["plugin", "install", "resource", "kubernetes", provider];
        const download = await run(cli, args, { env: engineEnvironment(cli), stop, timeout: DOWNLOAD_TIMEOUT });
        if (download.code !== 0) {
            return { missing: `Pulumi's Kubernetes provider ${provider} cannot be downloaded` };
        }
    }
    return { engine: { cli, version: stdout.trim() } };
}

/**
 * Path of the CLI: on `PATH`, else in the folder where npm's package keeps its download. The package's own command in
 * node_modules, which npm puts on `PATH`, is only a downloader.
 */
export function findCli(folders: readonly string[], home: string, pinned: string): string | undefined {
    const installed = folders.filter((folder) => path.basename(path.dirname(folder)) !== "node_modules");
    return findExecutable(CLI, [...installed, path.join(home, "versions", pinned, "bin")]);
}

/** Whether the CLI finds the provider without a download. */
export function hasProvider(folders: readonly string[], home: string, version: string): boolean {
    const plugin = path.join(home, "plugins", `resource-kubernetes-v${version}`);
    return existsSync(plugin) || findExecutable(PROVIDER, folders) !== undefined;
}

/**
 * The environment in which the CLI finds its language hosts, does not mention newer versions, and downloads nothing. It
 * would look for the providers of all packages in node_modules, used or not; without network, that costs seconds each time.
 */
export function engineEnvironment(cli: string, env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
    return {
        ...env,
        PATH: [path.dirname(cli), env.PATH].filter(Boolean).join(path.delimiter),
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    };
}

async function downloadCli(home: string, pinned: string, stop?: AbortSignal): Promise<string | undefined> {
    const downloader = path.join(PROJECT_FOLDER, "node_modules", "pulumi", "run.js");
    await run(process.execPath, [downloader, "version"], { stop, timeout: DOWNLOAD_TIMEOUT });
    return findCli([], home, pinned);
}

function versionOf(npmPackage: string): string {
    const file = path.join(PROJECT_FOLDER, "node_modules", npmPackage, "package.json");
    return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
