import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { findExecutable, run, searchPath } from "../../shared/childProcess";
import { PROJECT_FOLDER } from "../../shared/project";

/** Longest time for a download of the CLI or of the provider, in milliseconds. */
const DOWNLOAD_TIMEOUT = 5 * 60_000;

const CLI = process.platform === "win32" ? "pulumi.exe" : "pulumi";
const PROVIDER = process.platform === "win32" ? "pulumi-resource-kubernetes.exe" : "pulumi-resource-kubernetes";

/** A Pulumi CLI that can deploy this program. */
export interface Engine {
    /** Path of the CLI. Its folder holds the language hosts too. */
    cli: string;
    /** Such as `v3.265.0`. */
    version: string;
}

/** The engine, or why there is none. */
export type Discovery = { engine: Engine } | { missing: string };

/**
 * Looks for the Pulumi CLI and the Kubernetes provider, and has them downloaded where they are not there: the CLI by
 * npm's package `pulumi`, the provider by the CLI.
 */
export async function findEngine(stop?: AbortSignal): Promise<Discovery> {
    const home = pulumiHome();
    const pinned = versionOf("pulumi");
    const cli = findCli(searchPath(), home, pinned) ?? (await downloadCli(home, pinned, stop));
    if (cli === undefined) {
        return { missing: `the Pulumi CLI is not on PATH, and ${pinned} cannot be downloaded` };
    }

    const { code, stdout, stderr } = await run(cli, ["version"], { env: engineEnvironment(cli), stop });
    if (code !== 0) {
        return { missing: `the Pulumi CLI at ${cli} does not run: ${stderr.trim()}` };
    }
    const engine = { cli, version: stdout.trim() };
    const provider = versionOf("@pulumi/kubernetes");
    return hasProvider(searchPath(), home, provider) || (await downloadProvider(cli, provider, stop))
        ? { engine }
        : { missing: `Pulumi's Kubernetes provider ${provider} cannot be downloaded` };
}

/**
 * Path of the CLI: on `PATH`, else where npm's package keeps the one that it has downloaded. The package's own command
 * in node_modules, which npm puts on `PATH`, is only a downloader.
 */
export function findCli(folders: readonly string[], home: string, pinned: string): string | undefined {
    const installed = folders.filter((folder) => path.basename(path.dirname(folder)) !== "node_modules");
    return findExecutable(CLI, [...installed, path.join(home, "versions", pinned, "bin")]);
}

/** Whether the CLI would find the provider without a download. */
export function hasProvider(folders: readonly string[], home: string, version: string): boolean {
    const plugin = path.join(home, "plugins", `resource-kubernetes-v${version}`);
    return existsSync(plugin) || findExecutable(PROVIDER, folders) !== undefined;
}

/**
 * The environment in which the CLI finds its language hosts, keeps quiet about newer versions, and downloads nothing by
 * itself: `findEngine` has seen to the provider that a cluster of a kubeconfig needs. The CLI would look for those of all
 * packages in node_modules, used or not, and where it cannot get one, try again for seconds in each operation.
 */
export function engineEnvironment(cli: string, env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
    return {
        ...env,
        PATH: [path.dirname(cli), env.PATH].filter(Boolean).join(path.delimiter),
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    };
}

function pulumiHome(env: NodeJS.ProcessEnv = process.env): string {
    return env.PULUMI_HOME ?? path.join(homedir(), ".pulumi");
}

async function downloadCli(home: string, pinned: string, stop?: AbortSignal): Promise<string | undefined> {
    const downloader = path.join(PROJECT_FOLDER, "node_modules", "pulumi", "run.js");
    await run(process.execPath, [downloader, "version"], { stop, timeout: DOWNLOAD_TIMEOUT });
    return findCli([], home, pinned);
}

async function downloadProvider(cli: string, version: string, stop?: AbortSignal): Promise<boolean> {
    const args = ["plugin", "install", "resource", "kubernetes", version];
    const { code } = await run(cli, args, { env: engineEnvironment(cli), stop, timeout: DOWNLOAD_TIMEOUT });
    return code === 0;
}

/** Version of an npm package that is installed here. */
function versionOf(npmPackage: string): string {
    const file = path.join(PROJECT_FOLDER, "node_modules", npmPackage, "package.json");
    return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
