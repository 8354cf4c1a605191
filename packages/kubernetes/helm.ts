import { findExecutable, run, searchPath } from "../shared/childProcess";
import type { ClusterAddress } from "./address";
import { UserError } from "../shared/errors";
import { PROJECT_FOLDER, SANDBOX_BINARIES } from "../shared/project";

/** A Helm release. */
export interface Release {
    name: string;
    namespace: string;
    /** Name of a chart in the repository, an `oci://` address, or a folder. */
    chart: string;
    version?: string;
    /** Address of the chart repository. */
    repository?: string;
    values: Record<string, unknown>;
    /** Longest time for one operation, in seconds. */
    timeout: number;
    /** Whether to wait until its objects are ready. */
    wait: boolean;
}

/** The part of a release that an operation on an existing release needs. */
type Operand = Pick<Release, "name" | "namespace" | "timeout">;

/** What helm says of a release whose last operation was interrupted. */
const INTERRUPTED = "another operation (install/upgrade/rollback) is in progress";

/** The path of a chart may be relative to the project, as for Pulumi. */
const HELM_RUN = { cwd: PROJECT_FOLDER };

/** Time after a release's own timeout before helm is interrupted, in milliseconds. */
const GRACE = 60_000;

/** Longest time for helm to say its version, in milliseconds. Helm 2 asks the cluster for it. */
const VERSION_TIMEOUT = 20_000;

/** The major versions of Helm whose options are known here. */
const MAJORS = [3, 4] as const;

/** A helm that can be used. */
export interface HelmProgram {
    path: string;
    major: (typeof MAJORS)[number];
}

/** helm from `PATH`, else from the running sandbox; undefined if neither has it, or it is of another major version. */
export async function findHelm(): Promise<HelmProgram | undefined> {
    const path = pathOfHelm();
    return path === undefined ? undefined : await programAt(path).catch(ignoring(UserError));
}

/** @throws UserError if helm is not found, or is of another major version */
export async function requireHelm(): Promise<HelmProgram> {
    const path = pathOfHelm();
    if (path === undefined) {
        throw new UserError("helm is required but was not found on PATH; see https://helm.sh/docs/intro/install/");
    }
    return programAt(path);
}

function pathOfHelm(): string | undefined {
    return findExecutable("helm", [...searchPath(), SANDBOX_BINARIES]);
}

async function programAt(path: string): Promise<HelmProgram> {
    const { code, stdout, stderr } = await run(path, ["version", "--template", "{{.Version}}"], {
        timeout: VERSION_TIMEOUT,
    });
    const version = stdout.trim();
    const found = Number(/^v(\d+)\./.exec(version)?.[1]);
    const major = MAJORS.find((known) => known === found);
    if (code !== 0 || major === undefined) {
        const what = code === 0 ? `is version ${version}` : `does not tell its version (${errorOf(stderr)})`;
        throw new UserError(
            `${path} ${what}, but Helm ${MAJORS.join(" or ")} is required; see https://helm.sh/docs/intro/install/`,
        );
    }
    return { path, major };
}

function ignoring(kind: typeof UserError): (error: unknown) => undefined {
    return (error) => {
        if (!(error instanceof kind)) {
            throw error;
        }
    };
}

/** The chart, its repository and its version. */
export function chartArguments(release: Release): string[] {
    return [
        release.chart,
        ...(release.repository === undefined ? [] : ["--repo", release.repository]),
        ...(release.version === undefined ? [] : ["--version", release.version]),
    ];
}

/** `helm template`: prints the manifest that a release would install. */
export function templateArguments(release: Release, valuesFile: string): string[] {
    return [
        ...["template", release.name, ...chartArguments(release)],
        ...["--namespace", release.namespace, "--include-crds", "--values", valuesFile],
    ];
}

/**
 * Helm 4 waits by other rules than Helm 3, and so not for the address of a load balancer. This is Helm 3's way in both.
 */
function waitArguments({ timeout }: Operand, major: HelmProgram["major"]): string[] {
    return [major === 4 ? "--wait=legacy" : "--wait", "--timeout", `${timeout}s`];
}

/**
 * By default, Helm 4 applies objects on the server. That fails at a field which something else has changed, such as a webhook
 * that istiod or AKS has edited. Helm 3 and Pulumi's provider know only the other way, and so can continue a release of Helm 4.
 */
function applyArguments(major: HelmProgram["major"]): string[] {
    return major === 4 ? ["--server-side=false"] : [];
}

/** `helm upgrade --install`: installs a release, or brings an existing one to this chart and these values. */
export function upgradeArguments(
    release: Release,
    valuesFile: string,
    cluster: ClusterAddress,
    major: HelmProgram["major"] = 3,
): string[] {
    return [
        ...["upgrade", "--install", release.name, ...chartArguments(release)],
        ...["--namespace", release.namespace, "--values", valuesFile],
        ...(release.wait ? waitArguments(release, major) : []),
        ...applyArguments(major),
        ...clusterArguments(cluster),
    ];
}

/** `helm uninstall`, which waits until all objects of the release are gone, including load balancers. */
export function uninstallArguments(
    release: Release,
    cluster: ClusterAddress,
    major: HelmProgram["major"] = 3,
): string[] {
    return [
        ...["uninstall", release.name, "--namespace", release.namespace],
        ...["--ignore-not-found", ...waitArguments(release, major)],
        ...clusterArguments(cluster),
    ];
}

function clusterArguments(cluster: ClusterAddress): string[] {
    return ["--kubeconfig", cluster.kubeconfig, "--kube-context", cluster.context];
}

/** Runs Helm for one cluster. */
export class Helm {
    constructor(
        private readonly program: HelmProgram,
        private readonly cluster: ClusterAddress,
    ) {}

    /** Installs or upgrades a release, and waits until it is ready if the release says so. */
    async upgrade(release: Release, valuesFile: string, stop?: AbortSignal): Promise<void> {
        const upgrade = () =>
            this.helm(release, upgradeArguments(release, valuesFile, this.cluster, this.program.major), stop);
        try {
            await upgrade();
        } catch (error) {
            if (!(error instanceof UserError && error.message.includes(INTERRUPTED))) {
                throw error;
            }
            await this.recover(release, stop);
            await upgrade();
        }
    }

    /** Uninstalls a release, if it exists. */
    async uninstall(release: Release, stop?: AbortSignal): Promise<void> {
        await this.helm(release, uninstallArguments(release, this.cluster, this.program.major), stop);
    }

    /** Returns a release to an earlier revision (default: the previous one), without waiting for its objects. */
    async rollBack(release: Operand, revision?: number, stop?: AbortSignal): Promise<void> {
        const revisions = revision === undefined ? [] : [String(revision)];
        const rollback = ["rollback", release.name, ...revisions, ...applyArguments(this.program.major)];
        await this.helm(release, [...rollback, ...this.place(release)], stop);
    }

    /** Returns a release to its state before an operation that was killed. */
    private async recover(release: Release, stop?: AbortSignal): Promise<void> {
        const args = ["status", release.name, "--output", "json", ...this.place(release)];
        const { info } = JSON.parse(await this.helm(release, args, stop)) as { info?: { status?: string } };
        if (info?.status === "pending-install") {
            await this.uninstall(release, stop);
        } else {
            await this.rollBack(release, undefined, stop);
        }
    }

    private place({ namespace }: Operand): string[] {
        return ["--namespace", namespace, ...clusterArguments(this.cluster)];
    }

    private async helm(release: Operand, args: string[], stop?: AbortSignal): Promise<string> {
        const timeout = release.timeout * 1000 + GRACE;
        const { code, stdout, stderr } = await run(this.program.path, args, { ...HELM_RUN, stop, timeout });
        if (code !== 0) {
            throw new UserError(`helm ${args[0] ?? ""} ${release.name}: ${errorOf(stderr)}`);
        }
        return stdout;
    }
}

/** Templates a release. @throws UserError if helm fails, for example because it cannot reach the chart repository */
export async function templateRelease(
    helm: HelmProgram,
    release: Release,
    valuesFile: string,
    stop?: AbortSignal,
): Promise<string> {
    const { code, stdout, stderr } = await run(helm.path, templateArguments(release, valuesFile), {
        ...HELM_RUN,
        stop,
    });
    if (code !== 0) {
        const from = release.repository ? ` of ${release.repository}` : "";
        throw new UserError(`helm cannot template ${release.name} (chart ${release.chart}${from}): ${errorOf(stderr)}`);
    }
    return stdout;
}

/** Helm's error message, without its "Error:" and the warnings before it. */
export function errorOf(stderr: string): string {
    const message = stderr.slice(Math.max(0, stderr.search(/^Error:/m))).trim();
    return message.replace(/^Error: /, "");
}
