import { ISTIO_NAMESPACE } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import { unlessForbidden } from "../../kubernetes/apiError";
import type { KubernetesObject } from "../../kubernetes/object";
import type { KnownCluster } from "../mesh/platform";
import type { Stack } from "../stack/stack";

/** What a cluster says of itself, read once for all checks. What the user may not read is missing. */
export interface ClusterFacts extends KnownCluster {
    groups: readonly string[];
    /** The stack's namespaces, and `TYPICAL_NAMESPACES`. */
    namespaces: Namespaces;
    /** Metadata of the CRDs; undefined if the user may not list them. */
    definitions?: readonly KubernetesObject[];
    /** Metadata of the DaemonSets; undefined if the user may not list them. */
    daemonSets?: readonly KubernetesObject[];
}

/** Namespaces by name: undefined if there is none of that name. Those that the user may not read are missing. */
export type Namespaces = ReadonlyMap<string, KubernetesObject | undefined>;

/** Every cluster has these namespaces. The first one without a Pod Security label shows what a new namespace will be like. */
export const TYPICAL_NAMESPACES = ["default", "kube-public"] as const;

/** Enough to see which kinds of nodes there are; a large cluster has thousands of nodes. */
const NODES = "500";

export async function readFacts(api: ClusterApi, { appNamespace }: Pick<Stack, "appNamespace">): Promise<ClusterFacts> {
    const [version, groups, nodes, namespaces, definitions, daemonSets] = await Promise.all([
        api.ask<{ gitVersion?: string; major?: string; minor?: string }>("/version"),
        api.ask<{ groups?: { name: string }[] }>("/apis"),
        unlessForbidden(() => api.list("v1", "Node", { limit: NODES })),
        readNamespaces(api, [ISTIO_NAMESPACE, appNamespace, ...TYPICAL_NAMESPACES]),
        readDefinitions(api),
        listMetadata(api, "apps/v1", "DaemonSet"),
    ]);
    const { gitVersion, major, minor } = version ?? {};
    return {
        version: gitVersion ?? (major && minor ? `${major}.${minor}` : undefined),
        groups: (groups?.groups ?? []).map(({ name }) => name),
        nodes: nodes ?? [],
        namespaces,
        definitions,
        daemonSets,
    };
}

export async function readNamespaces(api: ClusterApi, names: readonly string[]): Promise<Namespaces> {
    const read = async (name: string) => {
        const reference = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
        const answer = await unlessForbidden(async () => ({ namespace: await api.read(reference) }));
        return answer ? [[name, answer.namespace] as const] : [];
    };
    return new Map((await Promise.all([...new Set(names)].map(read))).flat());
}

/** Metadata of the CRDs; undefined if the user may not list them. */
export function readDefinitions(api: ClusterApi): Promise<KubernetesObject[] | undefined> {
    return listMetadata(api, "apiextensions.k8s.io/v1", "CustomResourceDefinition");
}

async function listMetadata(api: ClusterApi, apiVersion: string, kind: string) {
    const found = await unlessForbidden(() => api.listMetadata(apiVersion, kind, {}));
    return found?.map((object) => ({ ...object, apiVersion, kind }));
}

/** The value of a node's label; empty without it. */
export function label({ metadata }: KubernetesObject, key: string): string {
    return metadata.labels?.[key] ?? "";
}
