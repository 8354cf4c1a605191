/** The source of a Helm release's chart, as `helm.v3.Release` takes it. */
export interface ChartSource {
    chart: string;
    version?: string;
    repositoryOpts?: { repo: string };
}

/**
 * The chart `name` in a repository: an HTTP repository (`https://...`), an OCI registry (`oci://...`), or a directory with
 * one folder for each chart. A directory has only one version of a chart, so Helm is not told a version.
 */
export function chartSource(repository: string, name: string, version: string): ChartSource {
    const root = repository.replace(/\/+$/, "");
    if (/^https?:\/\//.test(root)) {
        return { chart: name, version, repositoryOpts: { repo: root } };
    }
    return root.startsWith("oci://") ? { chart: `${root}/${name}`, version } : { chart: `${root}/${name}` };
}
