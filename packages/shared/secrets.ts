/** Keys by which Pulumi marks special values on the wire (`runtime/rpc.ts` in its Node.js SDK). */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/**
 * A value as Pulumi serializes it, without its wrappers of secrets, and the paths at which these were.
 * A path of "" means the whole value.
 */
export function unwrapSecrets(serialized: unknown): { value: unknown; secrets: string[] } {
    const secrets: string[] = [];
    return { value: unwrap(serialized, "", secrets), secrets };
}

function unwrap(value: unknown, path: string, secrets: string[]): unknown {
    if (Array.isArray(value)) {
        return value.map((item, index) => unwrap(item, `${path}[${index}]`, secrets));
    }
    if (typeof value !== "object" || value === null) {
        return value;
    }
    const mapping = value as Record<string, unknown>;
    const signature = mapping[SIGNATURE];
    if (signature === SECRET) {
        secrets.push(path);
        return unwrap(mapping.value, path, secrets);
    }
    if (signature !== undefined) {
        throw new Error(`${path || "the value"} is an asset, archive or resource, which no Kubernetes object can hold`);
    }
    return Object.fromEntries(
        Object.entries(mapping).map(([key, inner]) => [key, unwrap(inner, path ? `${path}.${key}` : key, secrets)]),
    );
}
