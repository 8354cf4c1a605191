import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { findExecutable, run, searchPath } from "../../shared/childProcess";
import { writableByOthers } from "../../shared/privateFiles";
import { PROJECT_FOLDER } from "../../shared/project";
import { CLI_RELEASE, downloadCli, providerChecksum } from "./download";
import { sudoUser, environmentOf } from "../../shared/sudoUser";

const EXTENSION = process.platform === "win32" ? ".exe" : "";
const CLI = `pulumi${EXTENSION}`;
const PROVIDER = `pulumi-resource-kubernetes${EXTENSION}`;

/** Longest time for a download by the CLI, in milliseconds. */
const DOWNLOAD_TIMEOUT = 5 * 60_000;

/** A Pulumi CLI that can deploy this program. */
export interface Engine {
    /** Path of the CLI. Its folder also has the language hosts. */
    cli: string;
    /** Such as `v3.265.0`. */
    version: string;
}

export type Discovery = { engine: Engine } | { missing: string };

/**
 * Finds the Pulumi CLI and the Kubernetes provider. Downloads the CLI, if it is missing and its SHA-256 is known, and the
 * provider with the CLI. As root, nothing is downloaded, or run from Pulumi's folder, that others could have put there.
 */
export async function findEngine(stop?: AbortSignal): Promise<Discovery> {
    const user = sudoUser([PROJECT_FOLDER]);
    const home = process.env.PULUMI_HOME ?? path.join(user?.home ?? homedir(), ".pulumi");
    const isRoot = user === undefined && process.getuid?.() === 0;
    const others = isRoot ? writableByOthers(home) : undefined;
    if (others !== undefined) {
        return { missing: `root runs no Pulumi CLI of ${home}, because others than root can write to ${others}` };
    }
    const { version: pinned } = CLI_RELEASE;
    let cli = findCli(searchPath(), home, pinned);
    if (cli === undefined) {
        // Root writes nothing into a folder that another user can change.
        const why = user
            ? `sudo does not download it; ${user.name} installs it (https://www.pulumi.com/docs/install/)`
            : await downloadCli(home, {}, stop);
        cli = findCli([], home, pinned);
        if (cli === undefined) {
            return {
                missing: `the Pulumi CLI is not on PATH, and ${pinned} cannot be downloaded: ${why ?? "it is incomplete"}`,
            };
        }
    }

    const env = environmentOf(user, engineEnvironment(cli));
    const { code, stdout, stderr } = await run(cli, ["version"], { env, user, stop });
    if (code !== 0) {
        return { missing: `the Pulumi CLI at ${cli} does not run: ${stderr.trim()}` };
    }
    const provider = versionOf("@pulumi/kubernetes");
    if (!hasProvider(searchPath(), home, provider)) {
        const checksum = providerChecksum();
        const install = ["plugin", "install", "resource", "kubernetes", provider];
        if (checksum === undefined && isRoot) {
            return {
                missing:
                    `Pulumi's Kubernetes provider ${provider} is missing, and root runs no download without a known SHA-256: ` +
                    `install it with \`pulumi ${install.join(" ")}\``,
            };
        }
        const args = [...install, ...(checksum === undefined ? [] : ["--checksum", checksum])];
        const download = await run(cli, args, { env, user, stop, timeout: DOWNLOAD_TIMEOUT });
        if (download.code !== 0) {
            return { missing: `Pulumi's Kubernetes provider ${provider} cannot be downloaded` };
        }
    }
    return { engine: { cli, version: stdout.trim() } };
}

/**
 * Path of the CLI: on `PATH`, else in the folder of downloads, which Pulumi's Automation API uses too. A command of that name in
 * node_modules is npm's downloader, which runs a script from the folder of temporary files.
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

function versionOf(npmPackage: string): string {
    const file = path.join(PROJECT_FOLDER, "node_modules", npmPackage, "package.json");
    return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
