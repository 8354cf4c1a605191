/** A Kubernetes object as plain JSON. */
export interface KubernetesObject extends ObjectReference {
    metadata: ObjectMetadata;
    [field: string]: unknown;
}

/** The fields that identify an object in a cluster. */
export interface ObjectReference {
    apiVersion: string;
    kind: string;
    metadata: { name: string; namespace?: string };
}

export interface ObjectMetadata {
    name: string;
    namespace?: string;
    uid?: string;
    generation?: number;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    deletionTimestamp?: string;
    ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string }[];
    [field: string]: unknown;
}

/** The name of an object in messages: `Deployment default/productpage-v1`. */
export function displayName(object: ObjectReference): string {
    const { namespace, name } = object.metadata;
    return `${object.kind} ${namespace ? `${namespace}/` : ""}${name}`;
}
