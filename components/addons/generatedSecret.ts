import { randomBytes } from "node:crypto";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

export interface GeneratedSecretArgs {
    namespace: pulumi.Input<string>;
    /** Name of the Secret, which people and charts refer to. */
    secret: string;
    /** The key in it that holds the value. */
    key: string;
    labels: Record<string, string>;
}

/**
 * A Secret with 32 random characters, which need no quoting anywhere. It is made up when it is first deployed, and the
 * same from then on.
 */
export function generatedSecret(name: string, args: GeneratedSecretArgs, opts?: pulumi.CustomResourceOptions) {
    return new k8s.core.v1.Secret(
        name,
        {
            metadata: { name: args.secret, namespace: args.namespace, labels: args.labels },
            // In `data`, for Kubernetes never gives back `stringData`: after a refresh it would be gone from the state.
            data: { [args.key]: Buffer.from(randomBytes(24).toString("base64url")).toString("base64") },
        },
        // Each run of the program makes up another value; only that of the first is ever used.
        { ...opts, ignoreChanges: ["data"] },
    );
}
