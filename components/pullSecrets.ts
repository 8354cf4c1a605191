import * as pulumi from "@pulumi/pulumi";
import { Secret } from "./kubernetes";
import { PULL_SECRET } from "./names";

/** Credentials for the registries of images. */
export interface ImageCredentials {
    /** Names of pull secrets that exist in the namespaces of all pods. */
    pullSecrets: readonly string[];
    /** JSON with `auths`, as in Docker's config.json. It must be a secret. */
    dockerConfig?: pulumi.Output<string>;
}

/** Names of pull secrets, for pods of the same namespace. Undefined if images need no credentials. */
export type PullSecrets = pulumi.Input<string>[] | undefined;

/**
 * The pull secrets for the pods of a namespace. If there is a `dockerConfig`, one of them is made here, and what uses the
 * names waits for it: a node that does not find a pull secret asks the registry without it.
 */
export function pullSecretsIn(
    name: string,
    namespace: pulumi.Input<string>,
    { pullSecrets, dockerConfig }: ImageCredentials,
    opts: pulumi.CustomResourceOptions,
): PullSecrets {
    if (dockerConfig === undefined) {
        return pullSecrets.length === 0 ? undefined : [...pullSecrets];
    }
    const secret = new Secret(
        `${name}-pull-secret`,
        {
            metadata: { name: PULL_SECRET, namespace },
            type: "kubernetes.io/dockerconfigjson",
            // Not in `stringData`: Kubernetes never returns that, so a refresh would remove it from the state.
            data: { ".dockerconfigjson": dockerConfig.apply((json) => Buffer.from(json).toString("base64")) },
        },
        opts,
    );
    return [...pullSecrets, secret.metadata.name];
}

/** The field `imagePullSecrets` of a pod; nothing without credentials. */
export function imagePullSecrets(names: PullSecrets) {
    return names && { imagePullSecrets: names.map((name) => ({ name })) };
}
