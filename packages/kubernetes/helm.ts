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
    /** Whether to wait until what it deploys is ready. */
    wait: boolean;
}

/** What helm says of a release that an operation was interrupted on. */
const INTERRUPTED = "another operation (install/upgrade/rollback) is in progress";

/** A chart that is a relative path is relative to the project, as it is for Pulumi. */
const HELM_RUN = { cwd: PROJECT_FOLDER };

/** Time that helm gets beyond a release's own timeout before it is interrupted, in milliseconds. */
const GRACE = 60_000;

/** Path of helm: from `PATH`, else from the running sandbox; undefined where there is none. */
export function findHelm(): string | undefined {
    return findExecutable("helm", [...searchPath(), SANDBOX_BINARIES]);
}

/** Path of helm. @throws UserError where there is none */
export function requireHelm(): string {
    const helm = findHelm();
    if (helm === undefined) {
        throw new UserError("helm is needed and was not found on PATH; see https://helm.sh/docs/intro/install/");
    }
    return helm;
}

/** Options that name the chart and where it comes from. */
export function chartArguments(release: Release): string[] {
    return [
        release.chart,
        ...(release.repository === undefined ? [] : ["--repo", release.repository]),
        ...(release.version === undefined ? [] : ["--version", release.version]),
    ];
}

/** `helm template`: the manifest that a release would install. */
export function templateArguments(release: Release, valuesFile: string): string[] {
    return [
        ...["template", release.name, ...chartArguments(release)],
        ...["--namespace", release.namespace, "--include-crds", "--values", valuesFile],
    ];
}

/** `helm upgrade --install`: installs a release, or brings an existing one to this chart and these values. */
export function upgradeArguments(release: Release, valuesFile: string, cluster: ClusterAddress): string[] {
    return [
        ...["upgrade", "--install", release.name, ...chartArguments(release)],
        ...["--namespace", release.namespace, "--values", valuesFile],
        ...(release.wait ? ["--wait", "--timeout", `${release.timeout}s`] : []),
        ...clusterArguments(cluster),
    ];
}

/** `helm uninstall`, which waits until what the release deployed is gone, load balancers included. */
export function uninstallArguments(release: Release, cluster: ClusterAddress): string[] {
    return [
        ...["uninstall", release.name, "--namespace", release.namespace],
        ...["--ignore-not-found", "--wait", "--timeout", `${release.timeout}s`],
        ...clusterArguments(cluster),
    ];
}

function clusterArguments(cluster: ClusterAddress): string[] {
    return ["--kubeconfig", cluster.kubeconfig, "--kube-context", cluster.context];
}

/** Helm, for one cluster. */
export class Helm {
    constructor(
        private readonly program: string,
        private readonly cluster: ClusterAddress,
    ) {}

    /** Installs or upgrades a release and waits for it as the release says. */
    async upgrade(release: Release, valuesFile: string, stop?: AbortSignal): Promise<void> {
        const upgrade = () => this.helm(release, upgradeArguments(release, valuesFile, this.cluster), stop);
        try {
            await upgrade();
        } catch (error) {
            if (!(error instanceof UserError && error.message.includes(INTERRUPTED))) {
                throw error;
            }
            await this.clear(release, stop);
            await upgrade();
        }
    }

    /** Uninstalls a release; that there is none is fine. */
    async uninstall(release: Release, stop?: AbortSignal): Promise<void> {
        await this.helm(release, uninstallArguments(release, this.cluster), stop);
    }

    /** Brings a release back to an earlier revision, without waiting for it. */
    async rollBack(release: Pick<Release, "name" | "namespace" | "timeout">, revision: number, stop?: AbortSignal) {
        const { name, namespace } = release;
        const where = ["--namespace", namespace, ...clusterArguments(this.cluster)];
        await this.helm(release, ["rollback", name, String(revision), ...where], stop);
    }

    /** Takes a release out of the state in which a killed helm left it: back to what was there before. */
    private async clear(release: Release, stop?: AbortSignal): Promise<void> {
        const where = ["--namespace", release.namespace, ...clusterArguments(this.cluster)];
        const status = await this.helm(release, ["status", release.name, "--output", "json", ...where], stop);
        const { info } = JSON.parse(status) as { info?: { status?: string } };
        if (info?.status === "pending-install") {
            await this.uninstall(release, stop);
        } else {
            await this.helm(release, ["rollback", release.name, ...where], stop);
        }
    }

    private async helm(
        release: Pick<Release, "name" | "timeout">,
        args: string[],
        stop?: AbortSignal,
    ): Promise<string> {
        const timeout = release.timeout * 1000 + GRACE;
        const { code, stdout, stderr } = await run(this.program, args, { ...HELM_RUN, stop, timeout });
        if (code !== 0) {
            throw new UserError(`helm ${args[0] ?? ""} ${release.name}: ${errorOf(stderr)}`);
        }
        return stdout;
    }
}

/** Templates a release. @throws UserError where helm cannot, such as where the chart repository cannot be reached */
export async function templateRelease(
    helm: string,
    release: Release,
    valuesFile: string,
    stop?: AbortSignal,
): Promise<string> {
    const { code, stdout, stderr } = await run(helm, templateArguments(release, valuesFile), { ...HELM_RUN, stop });
    if (code !== 0) {
        const from = release.repository ? ` of ${release.repository}` : "";
        throw new UserError(`helm cannot template ${release.name} (chart ${release.chart}${from}): ${errorOf(stderr)}`);
    }
    return stdout;
}

/** The last line that helm wrote, without "Error:"; warnings stand before it. */
function errorOf(stderr: string): string {
    const lines = stderr.trim().split("\n");
    const start = lines.findIndex((line) => line.startsWith("Error:"));
    return lines
        .slice(Math.max(0, start))
        .join("\n")
        .replace(/^Error: /, "");
}
