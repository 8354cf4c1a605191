/** The section `cluster`: a new cluster on Google Cloud, or an existing one. */
import type { KubeconfigClusterArgs } from "../components/cluster";
import { CLUSTER_KEYS } from "./clusterSchema";
import { kubeconfigOf } from "./crossFieldChecks";
import type { Files } from "./files";
import { type GkeConfig, gkeConfig, type GoogleConfig } from "./gke";
import { type ConfigIssue, unknownKey } from "./issues";
import type { Parsed } from "./section";

export type ClusterConfig = ({ kind: "kubeconfig" } & KubeconfigClusterArgs) | GkeConfig;

type Kind = keyof typeof CLUSTER_KEYS;

/**
 * The section in its final form, with the issues that its schema does not find.
 *
 * @param raw The user's setting.
 * @param parsed What the schema made of it.
 */
export function resolveCluster(
    raw: unknown,
    { value, sound }: Parsed<"cluster">,
    { files, google }: { files: Files; google: GoogleConfig },
): { config?: ClusterConfig; issues: ConfigIssue[] } {
    const { kind, context } = (raw ?? {}) as { kind?: unknown; context?: unknown };
    if (kind === "gke") {
        const { config, issues } = gkeConfig(value?.kind === kind ? value : undefined, google);
        return { config, issues: [...checkKeys(kind, raw), ...issues] };
    }
    const { path } = sound as { path?: string };
    const { kubeconfig, issues } = kubeconfigOf({ path, context }, files);
    return {
        config: value?.kind === "kubeconfig" && kubeconfig !== undefined ? { ...value, kubeconfig } : undefined,
        issues: [...(kind === "kubeconfig" ? checkKeys(kind, raw) : []), ...issues],
    };
}

/** Issues of keys that this kind of cluster does not have. */
function checkKeys(kind: Kind, raw: unknown): ConfigIssue[] {
    const other: Kind = kind === "gke" ? "kubeconfig" : "gke";
    return Object.entries(raw as object)
        .filter(([key]) => !CLUSTER_KEYS[kind].includes(key))
        .map(([key, value]) => {
            const issue = unknownKey(["cluster", key], value, CLUSTER_KEYS[kind]);
            return CLUSTER_KEYS[other].includes(key)
                ? { ...issue, problem: `it is for clusters of kind ${other}` }
                : issue;
        });
}

/** Whether a namespace was there before the stack, which then uses it, and leaves it. `default` is in every cluster. */
export function existsBefore(cluster: ClusterConfig, namespace: string): boolean {
    const existing = cluster.kind === "kubeconfig" ? cluster.existingNamespaces : [];
    return namespace === "default" || existing.includes(namespace);
}
