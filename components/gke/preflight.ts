import { accessSync, constants, readFileSync } from "node:fs";
import { homedir } from "node:os";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { AUTH_PLUGIN } from "./kubeconfig";

/** What the check needs of the machine. Tests bring their own. */
export interface Machine {
    env: Readonly<Record<string, string | undefined>>;
    platform: NodeJS.Platform;
    home: string;
    executable: (file: string) => boolean;
    /** Content of a text file; undefined where it cannot be read. */
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
 * Reports what this machine lacks to reach a GKE cluster, before anything is created: that would otherwise show ten minutes
 * later, when the cluster is there. A preview is only warned, for it can do without either as long as there is no cluster;
 * a run without an engine (rendering, unit tests) reaches none.
 *
 * @throws RunError in an update, with a line for each thing that is missing.
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
        void pulumi.log.warn(`pulumi up will need more than this machine has to reach the cluster:${lines}`);
    } else {
        throw new pulumi.RunError(
            `This machine lacks what it takes to reach the cluster. Nothing was deployed.${lines}`,
        );
    }
}

/** What a machine lacks, a sentence for each thing and what to do about it. */
export function missingOn(machine: Machine): string[] {
    const missing: string[] = [];
    if (!hasPlugin(machine)) {
        missing.push(
            `${AUTH_PLUGIN} is not on PATH. Run: gcloud components install ${AUTH_PLUGIN} ` +
                "(or install your system's package google-cloud-cli-gke-gcloud-auth-plugin)",
        );
    }
    const credentials = credentialsFault(machine);
    if (credentials !== undefined) {
        missing.push(`${credentials}. Run: gcloud auth application-default login`);
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
 * What is wrong with the application-default credentials, which are looked for where Google's libraries do
 * (https://cloud.google.com/docs/authentication/application-default-credentials): in the file that the environment names,
 * in gcloud's, and on a machine of Google's at its metadata server. Those that only the provider would take, such as
 * GOOGLE_CREDENTIALS or an access token, are of no use to the plugin.
 */
function credentialsFault(machine: Machine): string | undefined {
    const named = machine.env.GOOGLE_APPLICATION_CREDENTIALS;
    const file = named ? named : gcloudFile(machine);
    const content = machine.read(file);
    if (content !== undefined) {
        return isCredential(content) ? undefined : `${file} holds no credentials`;
    }
    if (named) {
        return `GOOGLE_APPLICATION_CREDENTIALS names ${named}, which cannot be read`;
    }
    return isGoogles(machine) ? undefined : `there are no application-default credentials (${file})`;
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

/** Credentials of any kind (user, service account, workload identity federation) are a JSON object with a `type`. */
function isCredential(content: string): boolean {
    try {
        return typeof (JSON.parse(content) as { type?: unknown } | null)?.type === "string";
    } catch {
        return false;
    }
}

/** Whether a metadata server is to be expected: on Compute Engine the firmware says so, elsewhere the environment does. */
function isGoogles({ env, read }: Machine): boolean {
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
