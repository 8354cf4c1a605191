/** Keys with which Pulumi marks special values on the wire (`runtime/rpc.ts` in its Node.js SDK). */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/**
 * Removes the wrappers of secrets from a value that Pulumi has serialized.
 * @returns the value, and the paths of its secrets; the path "" is the whole value
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
        throw new Error(
            `${path || "the value"} is an asset, archive or resource, and a Kubernetes object cannot contain one`,
        );
    }
    return Object.fromEntries(
        Object.entries(mapping).map(([key, inner]) => [key, unwrap(inner, path ? `${path}.${key}` : key, secrets)]),
    );
}
