import type { ClusterApi } from "../../kubernetes/api";
import { unlessForbidden } from "../../kubernetes/apiError";
import type { KubernetesObject } from "../../kubernetes/object";
import type { KnownCluster } from "../mesh/platform";

/** What a cluster says of itself. What the user may not read is missing. */
export interface ClusterFacts extends KnownCluster {
    groups: readonly string[];
}

/** Enough to see which kinds of nodes there are; a large cluster has thousands of nodes. */
const NODES = "500";

export async function readFacts(api: ClusterApi): Promise<ClusterFacts> {
    const [version, groups, nodes] = await Promise.all([
        api.ask<{ gitVersion?: string; major?: string; minor?: string }>("/version"),
        api.ask<{ groups?: { name: string }[] }>("/apis"),
        unlessForbidden(() => api.listMetadata("v1", "Node", { limit: NODES })),
    ]);
    const { gitVersion, major, minor } = version ?? {};
    return {
        version: gitVersion ?? (major && minor ? `${major}.${minor}` : undefined),
        groups: (groups?.groups ?? []).map(({ name }) => name),
        nodes: nodes ?? [],
    };
}

/** The value of a node's label; empty without it. */
export function label({ metadata }: KubernetesObject, key: string): string {
    return metadata.labels?.[key] ?? "";
}
