/** API version and kind of a Pulumi type token: `kubernetes:core/v1:Service` is `v1` and `Service`. */
export function apiTypeOf(type: string): { apiVersion: string; kind: string } {
    const [, version = "", kind = ""] = type.split(":");
    return { apiVersion: version.replace(/^core\//, ""), kind };
}
