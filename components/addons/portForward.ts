import { type AddonName, ADDONS, ISTIO_NAMESPACE } from "../../names";

/** What kubectl is told to find a cluster. */
export interface KubectlTarget {
    /** A kubeconfig; by default kubectl's own. */
    path?: string;
    context: string;
}

/** For each add-on that is on a command which makes its page reachable, at its port on this machine. */
export function portForwardCommands(
    on: Record<AddonName, boolean>,
    cluster: KubectlTarget,
): Partial<Record<AddonName, string>> {
    const names = (Object.keys(ADDONS) as AddonName[]).filter((name) => on[name]);
    return Object.fromEntries(names.map((name) => [name, portForwardCommand(name, cluster)]));
}

function portForwardCommand(addon: AddonName, { path, context }: KubectlTarget): string {
    const { port } = ADDONS[addon];
    return [
        "kubectl",
        ...(path === undefined ? [] : ["--kubeconfig", quoted(path)]),
        ...["--context", quoted(context)],
        ...["--namespace", ISTIO_NAMESPACE, "port-forward", `deployment/${addon}`, `${port}:${port}`],
    ].join(" ");
}

/** A word for a shell. A `~` at its beginning, which the shell expands, stays outside of the quotes. */
function quoted(word: string): string {
    const [, home = "", rest = ""] = /^(~\/)?(.*)$/s.exec(word) ?? [];
    return home + (/^[\w./:@+=-]+$/.test(rest) ? rest : `'${rest.replaceAll("'", `'\\''`)}'`);
}
