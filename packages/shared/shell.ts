/** What kubectl needs to find a cluster. */
export interface KubectlTarget {
    /** Path of a kubeconfig. Default: the one that kubectl finds itself. */
    path?: string;
    context: string;
}

/** A word as a person types it in a shell: in quotes if one of its characters has a special meaning there. */
export function shellWord(word: string): string {
    return /^[\w@%+=:,./-][\w@%+=:,./~-]*$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** A path as a person types it in a shell. A leading `~/` stays outside the quotes, so that the shell expands it. */
export function shellPath(path: string): string {
    return path.startsWith("~/") ? `~/${path === "~/" ? "" : shellWord(path.slice(2))}` : shellWord(path);
}

/** The start of a kubectl command for a cluster, without the verb. */
export function kubectlCommand({ path, context }: KubectlTarget): string {
    const kubeconfig = path === undefined ? [] : ["--kubeconfig", shellPath(path)];
    return ["kubectl", ...kubeconfig, "--context", shellWord(context)].join(" ");
}
