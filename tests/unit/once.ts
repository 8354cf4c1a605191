/** Creates a value at its first use, for instance a run that several tests check. */
export function once<T>(create: () => T): () => T {
    let created: { value: T } | undefined;
    return () => (created ??= { value: create() }).value;
}
