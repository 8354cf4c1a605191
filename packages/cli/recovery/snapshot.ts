import { ISTIO_NAMESPACE } from "../../../components/names";
import type { KubernetesObject, ObjectMetadata } from "../../kubernetes/object";
import { apiTypeOf } from "../../kubernetes/pulumiId";
import type { ReleaseName } from "../../kubernetes/releases";
import type { Declared, StackState } from "../engine/state";

const STACK_TYPE = "pulumi:pulumi:Stack";

/** A namespace that a stack has created, or that it patches because it was there before. */
const NAMESPACE_TYPE = /^kubernetes:core\/v1:Namespace(?:Patch)?$/;

/** What may be in the cluster although the state does not have it. */
export interface Creations {
    objects: KubernetesObject[];
    /** Objects of which some fields were being set for the first time. */
    patches: KubernetesObject[];
    releases: ReleaseName[];
}

/** One look at the engine's state of a stack. */
export interface Snapshot {
    /** Operations that a killed engine has begun, and that no later engine continues by itself. */
    pending: NonNullable<NonNullable<StackState["deployment"]>["pending_operations"]>;
    /** What these operations were creating. */
    created: Creations;
    /** Objects that these operations were deleting: they may still be going. */
    deleted: KubernetesObject[];
    /** When the stack was created: it cannot have made anything older. Undefined if the state is empty. */
    begun: Date | undefined;
    /** Type and id of every resource. */
    known: ReadonlySet<string>;
    /** The objects, with the UID and the generation that the provider saw last; without patches and reads. */
    objects: KubernetesObject[];
    releases: ReleaseName[];
    /** Names under which the provider has set fields. */
    managers: ReadonlySet<unknown>;
    /** UID of Istio's namespace, with which every stack begins; undefined if the state does not have it yet. */
    mesh: string | undefined;
    /** Name of the stack; undefined if the state is empty. */
    stack: string | undefined;
}

/** Reads everything that recovery needs from a state; default: an empty one. */
export function snapshotOf({ deployment = {} }: StackState = {}): Snapshot {
    const { resources = [], pending_operations: pending = [] } = deployment;
    const known = new Set(resources.map(({ type, id }) => `${type} ${id ?? ""}`));
    const under = (operation: string) =>
        pending
            .filter(({ type, resource }) => type === operation && resource.type.startsWith("kubernetes:"))
            .map(({ resource }) => resource);
    const root = resources.find(({ type }) => type === STACK_TYPE);
    const begun = root?.created;
    const mesh = resources.find(({ type, id }) => NAMESPACE_TYPE.test(type) && id === ISTIO_NAMESPACE);
    return {
        pending,
        // During a replacement, the state may have the old resource, which has the same name.
        created: creationsOf(under("creating").filter((resource) => !known.has(`${resource.type} ${idOf(resource)}`))),
        deleted: under("deleting").filter(isObject).map(objectOf),
        begun: begun === undefined ? undefined : new Date(begun),
        known,
        objects: resources
            .filter(({ type, external }) => external !== true && type.startsWith("kubernetes:"))
            .filter((resource) => resource.inputs?.metadata !== undefined && isObject(resource))
            .map((resource) => {
                const object = objectOf(resource);
                const { uid, generation } = (resource.outputs?.metadata ?? {}) as Partial<ObjectMetadata>;
                return { ...object, metadata: { ...object.metadata, uid, generation } };
            }),
        releases: resources.filter(isRelease).map(releaseOf),
        managers: new Set(resources.map(({ outputs }) => outputs?.__fieldManager)),
        mesh: (mesh?.outputs?.metadata as { uid?: string } | undefined)?.uid,
        stack: /^urn:pulumi:([^:]*)::/.exec(root?.urn ?? "")?.[1],
    };
}

/** Resources of Pulumi's Kubernetes provider as objects and releases of the cluster. */
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
    // The type token of a CustomResource may be generic; its inputs have the real kind.
    return { ...apiTypeOf(type), ...inputs, metadata };
}

function releaseOf({ inputs }: Declared): ReleaseName {
    const { name, namespace } = inputs as Partial<ReleaseName>;
    return { name: name ?? "", namespace: namespace ?? "default" };
}
