import { apiTypeOf } from "../cluster/read";
import type { KubernetesObject } from "../cluster/object";

const STACK_TYPE = "pulumi:pulumi:Stack";

/** A resource in the engine's state, as far as it is looked at here. */
interface StateResource {
    urn: string;
    type: string;
    id?: string;
    created?: string;
    inputs?: Record<string, unknown>;
}

/** What `pulumi stack export` gives. */
export interface StackState {
    deployment?: {
        resources?: StateResource[];
        pending_operations?: { type: string; resource: StateResource }[];
    };
}

/** Whether a state holds nothing. */
export function isEmpty({ deployment }: StackState): boolean {
    return (deployment?.resources ?? []).length === 0;
}

/** Name and namespace of a Helm release. */
export interface ReleaseName {
    namespace: string;
    name: string;
}

/** What a killed engine was about to do, and no later run takes up by itself. */
export interface Interruption {
    /** How many operations were under way. */
    operations: number;
    /** When the stack was begun: what is older, it cannot have made. */
    begun: Date;
    /** Objects that were being created: they may be there, but the state does not know of them. */
    objects: KubernetesObject[];
    /** Objects of which some fields were being set for the first time. */
    patches: KubernetesObject[];
    /** Releases that were being installed. */
    releases: ReleaseName[];
    /** Objects that were being deleted: they may be about to go. */
    deleted: KubernetesObject[];
    /** Releases that the state knows. */
    knownReleases: ReleaseName[];
}

/** Reads from a state what was interrupted. */
export function interruptionOf(state: StackState): Interruption {
    const { resources = [], pending_operations: operations = [] } = state.deployment ?? {};
    const known = new Set(resources.map(({ type, id }) => `${type} ${id ?? ""}`));
    const under = (type: string) =>
        operations
            .filter((each) => each.type === type && each.resource.type.startsWith("kubernetes:"))
            .map(({ resource }) => resource);
    // Of a replacement, the state may know the predecessor, which has the same name.
    const created = under("creating").filter((resource) => !known.has(`${resource.type} ${idOf(resource)}`));
    const isPatch = ({ type }: StateResource) => type.endsWith("Patch");
    const isObject = (resource: StateResource) => !isRelease(resource) && !isPatch(resource);
    return {
        operations: operations.length,
        begun: new Date(resources.find(({ type }) => type === STACK_TYPE)?.created ?? 0),
        objects: created.filter(isObject).map(objectOf),
        patches: created.filter(isPatch).map(objectOf),
        releases: created.filter(isRelease).map(releaseOf),
        deleted: under("deleting").filter(isObject).map(objectOf),
        knownReleases: resources.filter(isRelease).map(releaseOf),
    };
}

function isRelease({ type }: StateResource): boolean {
    return type === "kubernetes:helm.sh/v3:Release";
}

function idOf(resource: StateResource): string {
    const { namespace, name } = isRelease(resource) ? releaseOf(resource) : objectOf(resource).metadata;
    return namespace === undefined ? name : `${namespace}/${name}`;
}

function objectOf({ type, inputs }: StateResource): KubernetesObject {
    const { metadata } = inputs as { metadata: KubernetesObject["metadata"] };
    // A CustomResource has a type of its own only with its provider: what it is, its inputs tell.
    return { ...apiTypeOf(type), ...inputs, metadata };
}

function releaseOf({ inputs }: StateResource): ReleaseName {
    const { name, namespace } = inputs as Partial<ReleaseName>;
    return { name: name ?? "", namespace: namespace ?? "default" };
}
