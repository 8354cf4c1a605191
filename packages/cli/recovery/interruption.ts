import type { ReleaseName } from "../../kubernetes/releases";
import type { KubernetesObject, ObjectMetadata } from "../../kubernetes/object";
import { apiTypeOf } from "../../kubernetes/pulumiId";

const STACK_TYPE = "pulumi:pulumi:Stack";

/** A resource in the engine's state, as far as it is looked at here. */
export interface StateResource {
    urn: string;
    type: string;
    id?: string;
    created?: string;
    inputs?: Record<string, unknown>;
    outputs?: Record<string, unknown>;
    /** Whether it is only read. */
    external?: boolean;
}

/** What is asked for of a resource, whoever says so. */
export type Declared = Pick<StateResource, "type" | "inputs">;

/** What `pulumi stack export` gives. */
export interface StackState {
    deployment?: {
        resources?: StateResource[];
        pending_operations?: { type: string; resource: StateResource }[];
    };
}

/** What may be in the cluster although the state does not know of it. */
export interface Creations {
    objects: KubernetesObject[];
    /** Objects of which some fields were being set for the first time. */
    patches: KubernetesObject[];
    releases: ReleaseName[];
}

/** What a killed engine was about to do, and no later run takes up by itself. */
export interface Interruption {
    /** How many operations were under way. */
    operations: number;
    /** What was being created. */
    created: Creations;
    /** Objects that were being deleted: they may be about to go. */
    deleted: KubernetesObject[];
    /** Releases that the state knows. */
    knownReleases: ReleaseName[];
}

/** Reads from a state what was interrupted. */
export function interruptionOf(state: StackState): Interruption {
    const { resources = [], pending_operations: operations = [] } = state.deployment ?? {};
    const known = knownIn(state);
    const under = (type: string) =>
        operations
            .filter((each) => each.type === type && each.resource.type.startsWith("kubernetes:"))
            .map(({ resource }) => resource);
    // Of a replacement, the state may know the predecessor, which has the same name.
    const created = under("creating").filter((resource) => !known.has(`${resource.type} ${idOf(resource)}`));
    return {
        operations: operations.length,
        created: creationsOf(created),
        deleted: under("deleting").filter(isObject).map(objectOf),
        knownReleases: resources.filter(isRelease).map(releaseOf),
    };
}

/** When a stack was begun: what is older, it cannot have made. Undefined where the state holds nothing. */
export function beginningOf({ deployment }: StackState): Date | undefined {
    const { created } = deployment?.resources?.find(({ type }) => type === STACK_TYPE) ?? {};
    return created === undefined ? undefined : new Date(created);
}

/** Type and id of every resource that the state holds. */
export function knownIn({ deployment }: StackState): Set<string> {
    return new Set(deployment?.resources?.map(({ type, id }) => `${type} ${id ?? ""}`));
}

/**
 * The objects that the state holds, with the UID and the generation that the provider has seen last; without releases and
 * patches, and without what the program only reads.
 */
export function objectsIn({ deployment }: StackState): KubernetesObject[] {
    return (deployment?.resources ?? [])
        .filter(
            ({ type, inputs, external }) =>
                external !== true && type.startsWith("kubernetes:") && inputs?.metadata !== undefined,
        )
        .filter(isObject)
        .map((resource) => {
            const object = objectOf(resource);
            const { uid, generation } = (resource.outputs?.metadata ?? {}) as Partial<ObjectMetadata>;
            return { ...object, metadata: { ...object.metadata, uid, generation } };
        });
}

/** Names under which the provider has set the fields of what the state holds. */
export function managersIn({ deployment }: StackState): Set<unknown> {
    return new Set(deployment?.resources?.map(({ outputs }) => outputs?.__fieldManager));
}

/** Resources of Pulumi's Kubernetes provider as what they are in the cluster. */
export function creationsOf(resources: readonly Declared[]): Creations {
    return {
        objects: resources.filter(isObject).map(objectOf),
        patches: resources.filter(isPatch).map(objectOf),
        releases: resources.filter(isRelease).map(releaseOf),
    };
}

function isPatch({ type }: Declared): boolean {
    return type.endsWith("Patch");
}

function isObject(resource: Declared): boolean {
    return !isRelease(resource) && !isPatch(resource);
}

function isRelease({ type }: Declared): boolean {
    return type === "kubernetes:helm.sh/v3:Release";
}

/** The id that Pulumi's Kubernetes provider gives a resource. */
export function idOf(resource: Declared): string {
    const { namespace, name } = isRelease(resource) ? releaseOf(resource) : objectOf(resource).metadata;
    return namespace === undefined ? name : `${namespace}/${name}`;
}

function objectOf({ type, inputs }: Declared): KubernetesObject {
    const { metadata } = inputs as { metadata: KubernetesObject["metadata"] };
    // A CustomResource has a type of its own only with its provider: what it is, its inputs tell.
    return { ...apiTypeOf(type), ...inputs, metadata };
}

function releaseOf({ inputs }: Declared): ReleaseName {
    const { name, namespace } = inputs as Partial<ReleaseName>;
    return { name: name ?? "", namespace: namespace ?? "default" };
}
