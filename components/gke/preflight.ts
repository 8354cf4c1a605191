import { accessSync, constants, readFileSync } from "node:fs";
import { homedir } from "node:os";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { AUTH_PLUGIN, TOKEN_VARIABLE } from "../../packages/shared/gcloudPlugin";
import { parseJson } from "../../packages/shared/json";

/** What the check needs of the machine. Tests replace it. */
export interface Machine {
    env: Readonly<Record<string, string | undefined>>;
    platform: NodeJS.Platform;
    home: string;
    executable: (file: string) => boolean;
    /** Content of a text file; undefined if it cannot be read. */
    read: (file: string) => string | undefined;
}

const thisMachine: Machine = {
    env: process.env,
    platform: process.platform,
    home: homedir(),
    executable: (file) => can(file, constants.X_OK),
    read: (file) => (can(file, constants.R_OK) ? readFileSync(file, "utf8") : undefined),
};

/**
 * Reports what this machine lacks to reach a GKE cluster, before anything is created. Otherwise the user would learn it ten
 * minutes later, when the cluster exists. A preview only warns, because it works without it while there is no cluster. A run
 * without an engine (rendering, unit tests) reaches no cluster, so it is not checked.
 *
 * @throws RunError in an update, with a line for each missing thing.
 */
export function checkMachine(machine = thisMachine): void {
    if (pulumi.runtime.getEngine() === undefined) {
        return;
    }
    const missing = missingOn(machine);
    if (missing.length === 0) {
        return;
    }
    const lines = missing.map((line) => `\n  ${line}`).join("");
    if (pulumi.runtime.isDryRun()) {
        void pulumi.log.warn(`pulumi up will not be able to reach the cluster from this machine:${lines}`);
    } else {
        throw new pulumi.RunError(`This machine cannot reach the cluster. Nothing was deployed.${lines}`);
    }
}

/** What a machine lacks, and what to do: one line for each thing. */
export function missingOn(machine: Machine): string[] {
    const missing: string[] = [];
    if (!hasPlugin(machine)) {
        missing.push(
            `${AUTH_PLUGIN} is not on PATH. Run: gcloud components install ${AUTH_PLUGIN} ` +
                "(or install your system's package google-cloud-cli-gke-gcloud-auth-plugin)",
        );
    }
    const problem = credentialsProblem(machine);
    if (problem !== undefined) {
        const remedy = machine.env.GOOGLE_OAUTH_ACCESS_TOKEN
            ? `The plugin does not read GOOGLE_OAUTH_ACCESS_TOKEN. Set ${TOKEN_VARIABLE} to the same token`
            : "Run: gcloud auth application-default login";
        missing.push(`${problem}. ${remedy}`);
    }
    return missing;
}

function hasPlugin({ env, platform, executable }: Machine): boolean {
    const windows = platform === "win32";
    const paths = windows ? path.win32 : path.posix;
    const names = windows ? [`${AUTH_PLUGIN}.exe`, `${AUTH_PLUGIN}.cmd`] : [AUTH_PLUGIN];
    const folders = (env.PATH ?? env.Path ?? "").split(paths.delimiter).filter((folder) => folder !== "");
    return folders.some((folder) => names.some((name) => executable(paths.join(folder, name))));
}

/**
 * What is wrong with the credentials: an access token for gcloud, else the application-default credentials. The search order of those is
 * that of Google's libraries (https://cloud.google.com/docs/authentication/application-default-credentials): the file in the
 * environment, gcloud's file, and the metadata server on Google's machines. The plugin cannot use GOOGLE_CREDENTIALS or
 * GOOGLE_OAUTH_ACCESS_TOKEN, which only the provider reads.
 */
function credentialsProblem(machine: Machine): string | undefined {
    if (machine.env[TOKEN_VARIABLE]) {
        return undefined;
    }
    const named = machine.env.GOOGLE_APPLICATION_CREDENTIALS;
    const file = named || gcloudFile(machine);
    const content = machine.read(file);
    if (content !== undefined) {
        return isCredential(content) ? undefined : `${file} has no credentials`;
    }
    if (named) {
        return `GOOGLE_APPLICATION_CREDENTIALS names ${named}, which cannot be read`;
    }
    return hasMetadataServer(machine) ? undefined : `there are no application-default credentials (${file})`;
}

function gcloudFile({ env, platform, home }: Machine): string {
    const file = "application_default_credentials.json";
    if (env.CLOUDSDK_CONFIG) {
        return path.join(env.CLOUDSDK_CONFIG, file);
    }
    return platform === "win32"
        ? path.win32.join(env.APPDATA ?? home, "gcloud", file)
        : path.posix.join(home, ".config/gcloud", file);
}

/** All kinds of credentials (user, service account, workload identity federation) are JSON objects with a `type`. */
function isCredential(content: string): boolean {
    return typeof (parseJson(content) as { type?: unknown } | null | undefined)?.type === "string";
}

/** Whether to expect a metadata server: the firmware shows it on Compute Engine, the environment elsewhere. */
function hasMetadataServer({ env, read }: Machine): boolean {
    const firmware = read("/sys/class/dmi/id/product_name")?.trim();
    return Boolean(env.GCE_METADATA_HOST) || firmware === "Google" || firmware === "Google Compute Engine";
}

function can(file: string, mode: number): boolean {
    try {
        accessSync(file, mode);
        return true;
    } catch {
        return false;
    }
}
