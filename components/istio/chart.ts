/** Where a Helm release takes its chart from, in the terms of `helm.v3.Release`. */
export interface ChartSource {
    chart: string;
    version?: string;
    repositoryOpts?: { repo: string };
}

/**
 * The chart `name` of a repository: an HTTP repository (`https://...`), an OCI registry (`oci://...`) or else a directory
 * with one folder for each chart. A directory holds one version of a chart, so Helm is not told which one to look for.
 */
export function chartSource(repository: string, name: string, version: string): ChartSource {
    const root = repository.replace(/\/+$/, "");
    if (/^https?:\/\//.test(root)) {
        return { chart: name, version, repositoryOpts: { repo: root } };
    }
    return root.startsWith("oci://") ? { chart: `${root}/${name}`, version } : { chart: `${root}/${name}` };
}
