/**
 * Downloads charts before they are used: from repositories that want a user and a password, and those whose digest is known. Helm takes passwords by standard input only when it
 * logs in, and keeps them in a file of its own. So it logs in to a private folder, which is removed before charts are used.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ChartCredentials } from "../shared/chartCredentials";
import { run } from "../shared/childProcess";
import { UserError } from "../shared/errors";
import { chartArguments, errorOf, type Release } from "./helm";

/** A release whose chart needs credentials, or is compared with a digest. */
export interface PrivateChart {
    release: Release;
    credentials?: ChartCredentials;
    /** Of the archive: `sha256:` and 64 hexadecimal digits. */
    digest?: string;
}

/** Longest time for a login or a download, in milliseconds. */
const PATIENCE = 180_000;

/**
 * Downloads charts, and uses them until the work is done.
 * @param use gets the releases with the paths of their charts, in place of repositories
 * @throws UserError if a repository refuses the credentials, does not have the chart, or has another archive than the digest's
 */
export async function withPrivateCharts<T>(
    helm: string,
    charts: readonly PrivateChart[],
    stop: AbortSignal | undefined,
    use: (located: (release: Release) => Release) => Promise<T>,
): Promise<T> {
    if (charts.length === 0) {
        return use((release) => release);
    }
    const folder = mkdtempSync(path.join(memoryFolder(), "bookinfo-mesh-charts-"));
    const remove = () => {
        rmSync(folder, { recursive: true, force: true });
    };
    process.once("exit", remove);
    try {
        const paths = await download(helm, charts, folder, stop);
        return await use((release) => {
            const chart = paths.get(release.name);
            return chart === undefined ? release : { ...release, chart, version: undefined, repository: undefined };
        });
    } finally {
        process.off("exit", remove);
        remove();
    }
}

/** A folder that is in memory and only this user's, if the system has one; else the one for temporary files. */
function memoryFolder(): string {
    const runtime = process.env.XDG_RUNTIME_DIR;
    return runtime && existsSync(runtime) ? runtime : tmpdir();
}

/** @returns the path of each release's chart, by the release's name */
async function download(
    helm: string,
    charts: readonly PrivateChart[],
    folder: string,
    stop: AbortSignal | undefined,
): Promise<Map<string, string>> {
    const paths = new Map<string, string>();
    const logins = path.join(folder, "logins");
    mkdirSync(logins);
    try {
        const session = new Session(helm, logins, stop);
        for (const { release, credentials, digest } of charts) {
            const into = path.join(folder, release.name);
            mkdirSync(into);
            if (credentials) {
                const reference = await session.logIn(release, credentials);
                const version = release.version === undefined ? [] : ["--version", release.version];
                await session.helm(["pull", reference, ...version, "--destination", into], release);
            } else {
                await session.pullAsUser(release, into);
            }
            const [archive] = readdirSync(into).filter((file) => file.endsWith(".tgz"));
            if (archive === undefined) {
                throw new UserError(`helm has downloaded no chart ${release.chart}`);
            }
            compare(path.join(into, archive), release, digest);
            paths.set(release.name, path.join(into, archive));
        }
    } finally {
        rmSync(logins, { recursive: true, force: true });
    }
    return paths;
}

/** @throws UserError if an archive has another digest */
function compare(archive: string, { name, chart }: Release, digest: string | undefined): void {
    const found = `sha256:${createHash("sha256").update(readFileSync(archive)).digest("hex")}`;
    if (digest !== undefined && found !== digest) {
        throw new UserError(
            `the chart ${chart} of release ${name} has the digest ${found}, but its chartDigest in the config is ${digest}. ` +
                "Nothing was deployed. Find out who changed the chart, or correct the key if you trust this one.",
        );
    }
}

/** Calls of helm that share logins, apart from those of the user. */
class Session {
    private readonly loggedIn: { place: string; credentials: ChartCredentials }[] = [];
    private readonly env: NodeJS.ProcessEnv;

    constructor(
        private readonly program: string,
        folder: string,
        private readonly stop: AbortSignal | undefined,
    ) {
        const registries = path.join(folder, "registries.json");
        // Helm asks the system's keychain to keep passwords, unless its file has logins already.
        writeFileSync(registries, JSON.stringify({ auths: { "placeholder.invalid": {} } }), { mode: 0o600 });
        this.env = {
            ...process.env,
            HELM_REGISTRY_CONFIG: registries,
            HELM_REPOSITORY_CONFIG: path.join(folder, "repositories.yaml"),
            HELM_REPOSITORY_CACHE: path.join(folder, "cache"),
            // Helm's content cache. It would otherwise serve a chart without asking the repository.
            HELM_CACHE_HOME: path.join(folder, "cache"),
        };
    }

    /** Logs in to a release's repository, once. @returns what `helm pull` calls the chart */
    async logIn(release: Release, credentials: ChartCredentials): Promise<string> {
        const isRegistry = release.repository === undefined;
        const place = release.repository ?? /^oci:\/\/([^/]+)/.exec(release.chart)?.[1] ?? "";
        const known = this.loggedIn.findIndex(
            (login) =>
                login.place === place &&
                login.credentials.username === credentials.username &&
                login.credentials.password === credentials.password,
        );
        const index = known < 0 ? this.loggedIn.push({ place, credentials }) - 1 : known;
        const name = `charts-${index}`;
        if (known < 0) {
            const args = isRegistry ? ["registry", "login", place] : ["repo", "add", name, place];
            const user = ["--username", credentials.username, "--password-stdin"];
            await this.helm([...args, ...user], release, credentials.password);
        }
        return isRegistry ? release.chart : `${name}/${release.chart}`;
    }

    /** Downloads with the user's own logins, but not from a cache: that would not ask the repository. */
    pullAsUser(release: Release, into: string): Promise<void> {
        const { HELM_CACHE_HOME, HELM_REPOSITORY_CACHE } = this.env;
        const env = { ...process.env, HELM_CACHE_HOME, HELM_REPOSITORY_CACHE };
        return this.helm(["pull", ...chartArguments(release), "--destination", into], release, undefined, env);
    }

    async helm(args: readonly string[], release: Release, input?: string, env = this.env): Promise<void> {
        const { program, stop } = this;
        const { code, stderr } = await run(program, args, { env, stop, input, timeout: PATIENCE });
        if (code !== 0) {
            const from = release.repository === undefined ? "" : ` of ${release.repository}`;
            const words = this.loggedIn.reduce(
                (text, { credentials }) => text.replaceAll(credentials.password, "[secret]"),
                errorOf(stderr),
            );
            throw new UserError(`helm cannot download the chart ${release.chart}${from}: ${words}`);
        }
    }
}
