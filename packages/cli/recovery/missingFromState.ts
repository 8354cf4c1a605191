import type { ClusterApi } from "../../kubernetes/api";
import type { KubernetesObject } from "../../kubernetes/object";
import type { Declaration, DeclaredResource } from "../program/declaration";
import { type Creations, creationsOf, type Declared, idOf, knownIn, type StackState } from "./interruption";

/** The provider's mark on what it has named itself: the resource's name, a hyphen and eight random digits. */
const AUTONAMED = "pulumi.com/autonamed";
const RANDOM_SUFFIX = /^-[0-9a-f]{8}$/;

/**
 * What the program declares and the state does not hold: it may be in the cluster all the same, if the provider ended before
 * it could tell the engine. The engine then takes the operation for failed, and not for one that never ended.
 */
export async function unrecordedOf({ resources }: Declaration, state: StackState, api: ClusterApi): Promise<Creations> {
    const known = knownIn(state);
    const declared = resources.filter(({ custom, read, type }) => custom && !read && type.startsWith("kubernetes:"));
    const named = declared.filter(hasName);
    const autonamed = await Promise.all(
        declared.filter((resource) => !hasName(resource)).map((resource) => findAutonamed(resource, api)),
    );
    const created = creationsOf(
        [...named, ...autonamed.flat()].filter((each) => !known.has(`${each.type} ${idOf(each)}`)),
    );
    // One that was lost stays in force beside the one that came after it.
    return { ...created, patches: creationsOf(named).patches };
}

export function isAutonamed({ metadata: { annotations = {} } }: KubernetesObject): boolean {
    return annotations[AUTONAMED] === "true";
}

function hasName({ inputs }: Declared): boolean {
    const { name, metadata } = inputs as { name?: string; metadata?: { name?: string } };
    return (name ?? metadata?.name) !== undefined;
}

/** What the cluster has of a resource that the program leaves the naming of to the provider. */
async function findAutonamed(resource: DeclaredResource, api: ClusterApi): Promise<Declared[]> {
    const { type, name, inputs } = resource;
    const { apiVersion, kind, metadata = {} } = inputs as Partial<KubernetesObject>;
    const labels = Object.entries((metadata as Partial<KubernetesObject["metadata"]>).labels ?? {});
    const labelSelector = labels.map(([key, value]) => `${key}=${value}`).join(",");
    const live = await api.list(apiVersion ?? "", kind ?? "", { labelSelector });
    return live
        .filter(
            (object) =>
                isAutonamed(object) &&
                object.metadata.name.startsWith(name) &&
                RANDOM_SUFFIX.test(object.metadata.name.slice(name.length)) &&
                object.metadata.namespace === (metadata as Partial<KubernetesObject["metadata"]>).namespace,
        )
        .map(({ metadata: { name: liveName } }) => ({
            type,
            inputs: { ...inputs, metadata: { ...metadata, name: liveName } },
        }));
}
