import type { ClusterApi } from "./api";
import type { KubernetesObject } from "./object";

/**
 * Reads the live object of a Pulumi resource, as the provider does; undefined if it does not exist.
 * @param type Pulumi type token, such as `kubernetes:core/v1:Service`
 * @param id `namespace/name`, or `name`
 */
export function readByPulumiId(api: ClusterApi, type: string, id: string): Promise<KubernetesObject | undefined> {
    const [name = id, namespace] = id.split("/").reverse();
    return api.read({ ...apiTypeOf(type), metadata: { name, namespace } });
}

/** API version and kind of a Pulumi type token: `kubernetes:core/v1:Service` is `v1` and `Service`. */
export function apiTypeOf(type: string): { apiVersion: string; kind: string } {
    const [, version = "", kind = ""] = type.split(":");
    return { apiVersion: version.replace(/^core\//, ""), kind };
}
