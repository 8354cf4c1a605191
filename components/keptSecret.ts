import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { Secret } from "./kubernetes";

export interface KeptSecretArgs {
    metadata: k8s.types.input.meta.v1.ObjectMeta;
    /** Default: Opaque. */
    type?: string;
    /** Values by key, in plain text. Each run of the program may generate others. */
    values: Readonly<Record<string, string>>;
}

/** A Secret that keeps the values of the first deployment. */
export function keptSecret(
    name: string,
    { metadata, type, values }: KeptSecretArgs,
    opts?: pulumi.CustomResourceOptions,
): Secret {
    const encoded = Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
    return new Secret(
        name,
        {
            metadata,
            ...(type !== undefined && { type }),
            // Not in `stringData`: Kubernetes never returns that, so a refresh would remove it from the state.
            data: Object.fromEntries(encoded) as Record<string, string>,
        },
        // Each run of the program generates other values, but only the first ones are used.
        { ...opts, ignoreChanges: ["data"] },
    );
}
