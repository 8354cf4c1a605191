import type { ClusterApi } from "../../kubernetes/api";
import type { KubernetesObject, ObjectMetadata } from "../../kubernetes/object";
import type { Declaration, DeclaredResource } from "../program/declaration";
import type { Declared } from "../engine/state";
import { type Creations, creationsOf, idOf, type Snapshot } from "./snapshot";

/** The provider's annotation on objects with a generated name: the resource's name, a hyphen and eight random digits. */
const AUTONAMED = "pulumi.com/autonamed";
const RANDOM_SUFFIX = /^-[0-9a-f]{8}$/;

/**
 * What the program declares, but the state does not have (`known`). It may be in the cluster if the provider ended before it
 * could tell the engine. The engine then records the operation as failed, not as pending.
 */
export async function missingFromState(
    { resources }: Declaration,
    known: Snapshot["known"],
    api: ClusterApi,
): Promise<Creations> {
    const declared = resources.filter(({ custom, read, type }) => custom && !read && type.startsWith("kubernetes:"));
    const named = declared.filter(hasName);
    const autonamed = await Promise.all(
        declared.filter((resource) => !hasName(resource)).map((resource) => findAutonamed(resource, api)),
    );
    const created = creationsOf(
        [...named, ...autonamed.flat()].filter((each) => !known.has(`${each.type} ${idOf(each)}`)),
    );
    // A lost patch stays in force beside its successor.
    return { ...created, patches: creationsOf(named).patches };
}

export function isAutonamed({ metadata: { annotations = {} } }: KubernetesObject): boolean {
    return annotations[AUTONAMED] === "true";
}

function hasName({ inputs }: Declared): boolean {
    const { name, metadata } = inputs as { name?: string; metadata?: { name?: string } };
    return (name ?? metadata?.name) !== undefined;
}

/** The objects of a resource for which the provider generates names. */
async function findAutonamed({ type, name, inputs }: DeclaredResource, api: ClusterApi): Promise<Declared[]> {
    const { apiVersion = "", kind = "" } = inputs as Partial<KubernetesObject>;
    const metadata = (inputs.metadata ?? {}) as Partial<ObjectMetadata>;
    const labels = Object.entries(metadata.labels ?? {}).map(([key, value]) => `${key}=${value}`);
    const live = await api.list(apiVersion, kind, { labelSelector: labels.join(",") });
    return live
        .filter(
            (object) =>
                isAutonamed(object) &&
                object.metadata.name.startsWith(name) &&
                RANDOM_SUFFIX.test(object.metadata.name.slice(name.length)) &&
                object.metadata.namespace === metadata.namespace,
        )
        .map((object) => ({ type, inputs: { ...inputs, metadata: { ...metadata, name: object.metadata.name } } }));
}
