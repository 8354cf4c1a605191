/** What kubectl needs to find a cluster. */
export interface KubectlTarget {
    /** A kubeconfig; by default kubectl's own. */
    path?: string;
    context: string;
}

/** A word as one types it in a shell: in quotes if the shell gives one of its characters a meaning. */
export function shellWord(word: string): string {
    return /^[\w@%+=:,./-][\w@%+=:,./~-]*$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** A path as one types it in a shell. A `~/` at its beginning stays outside of the quotes, because the shell expands it. */
export function shellPath(path: string): string {
    return path.startsWith("~/") ? `~/${path === "~/" ? "" : shellWord(path.slice(2))}` : shellWord(path);
}

/** The start of a kubectl command for a cluster, without the verb. */
export function kubectlCommand({ path, context }: KubectlTarget): string {
    const kubeconfig = path === undefined ? [] : ["--kubeconfig", shellPath(path)];
    return ["kubectl", ...kubeconfig, "--context", shellWord(context)].join(" ");
}
