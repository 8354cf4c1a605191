/** What kubectl is told to find a cluster. */
export interface KubectlTarget {
    /** A kubeconfig; by default kubectl's own. */
    path?: string;
    context: string;
}

/** How one runs kubectl on a cluster, without the arguments. */
export function kubectlCommand({ path, context }: KubectlTarget): string {
    return [
        "kubectl",
        ...(path === undefined ? [] : ["--kubeconfig", quoted(path)]),
        "--context",
        quoted(context),
    ].join(" ");
}

/** A word for a shell. A `~` at its beginning, which the shell expands, stays outside of the quotes. */
function quoted(word: string): string {
    const [, home = "", rest = ""] = /^(~\/)?(.*)$/s.exec(word) ?? [];
    return home + (/^[\w./:@+=-]+$/.test(rest) ? rest : `'${rest.replaceAll("'", `'\\''`)}'`);
}
