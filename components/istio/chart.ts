import type * as pulumi from "@pulumi/pulumi";
import type { ChartCredentials } from "../../packages/shared/chartCredentials";

/** The source of a Helm release's chart, as `helm.v3.Release` takes it. */
export interface ChartSource {
    chart: string;
    version?: string;
    repositoryOpts?: { repo?: string; username?: pulumi.Output<string>; password?: pulumi.Output<string> };
}

/** Options of a release with credentials of a repository: they are not shown in its outputs either. */
export function secretOutputs(credentials: pulumi.Output<ChartCredentials> | undefined) {
    return credentials && { additionalSecretOutputs: ["repositoryOpts"] };
}

/**
 * The chart `name` in a repository: an HTTP repository (`https://...`), an OCI registry (`oci://...`), or a directory with
 * one folder for each chart. A directory has only one version of a chart, so Helm is not told a version.
 * @param credentials of the repository. They stay secrets.
 */
export function chartSource(
    repository: string,
    name: string,
    version: string,
    credentials?: pulumi.Output<ChartCredentials>,
): ChartSource {
    const root = repository.replace(/\/+$/, "");
    const login = credentials && { username: credentials.username, password: credentials.password };
    if (/^https?:\/\//.test(root)) {
        return { chart: name, version, repositoryOpts: { repo: root, ...login } };
    }
    return root.startsWith("oci://")
        ? { chart: `${root}/${name}`, version, ...(login && { repositoryOpts: login }) }
        : { chart: `${root}/${name}` };
}
