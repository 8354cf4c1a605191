/** The section `cluster`: a cluster to be made on Google Cloud, or one that exists already. */
import { kubeconfigOf } from "./crossFieldChecks";
import { CLUSTER_KEYS } from "./clusterSchema";
import { type Fault, unknownKey } from "./faults";
import type { Files } from "./files";
import { type GkeConfig, gkeConfig, type GoogleConfig } from "./gke";
import type { Parsed } from "./section";

export interface KubeconfigConfig {
    kind: "kubeconfig";
    /** The kubeconfig's path, as it was set. */
    path: string;
    context: string;
    /** The kubeconfig of that context alone, as YAML. It holds credentials. */
    kubeconfig: string;
}

export type ClusterConfig = KubeconfigConfig | GkeConfig;

type Kind = keyof typeof CLUSTER_KEYS;

/**
 * The section in its final form, with the faults that its schema does not see.
 *
 * @param raw What was set.
 * @param parsed What the schema made of it.
 */
export function clusterConfig(
    raw: unknown,
    { value, sound }: Parsed<"cluster">,
    { files, google }: { files: Files; google: GoogleConfig },
): { config?: ClusterConfig; faults: Fault[] } {
    const { kind, context } = (raw ?? {}) as { kind?: unknown; context?: unknown };
    if (kind === "gke") {
        const { config, faults } = gkeConfig(value?.kind === kind ? value : undefined, google);
        return { config, faults: [...ofOtherKind(kind, raw), ...faults] };
    }
    const { path } = sound as { path?: string };
    const { kubeconfig, faults } = kubeconfigOf({ path, context }, files);
    return {
        config: value?.kind === "kubeconfig" && kubeconfig !== undefined ? { ...value, kubeconfig } : undefined,
        faults: [...(kind === "kubeconfig" ? ofOtherKind(kind, raw) : []), ...faults],
    };
}

/** Faults of keys that this kind of cluster has not got. */
function ofOtherKind(kind: Kind, raw: unknown): Fault[] {
    const other: Kind = kind === "gke" ? "kubeconfig" : "gke";
    return Object.entries(raw as object)
        .filter(([key]) => !CLUSTER_KEYS[kind].includes(key))
        .map(([key, value]) => {
            const fault = unknownKey(["cluster", key], value, CLUSTER_KEYS[kind]);
            return CLUSTER_KEYS[other].includes(key)
                ? { ...fault, problem: `it is for clusters of kind ${other}` }
                : fault;
        });
}
