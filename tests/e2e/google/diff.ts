/** A value that differs between the old inputs and the new ones. */
export interface Change {
    /** Such as `nodeConfig.oauthScopes[0]`. */
    path: string;
    kind: "add" | "delete" | "update";
}

/** The leaves in which two values differ. Null counts as absent, as in the real provider. */
export function changes(before: unknown, after: unknown, path = ""): Change[] {
    if ((before ?? undefined) === undefined && (after ?? undefined) === undefined) {
        return [];
    }
    const [old, now] = [branches(before, path), branches(after, path)];
    if (old === undefined && now === undefined) {
        return before === after ? [] : [{ path, kind: kindOf(before, after) }];
    }
    if (old !== undefined && now !== undefined) {
        return [...new Set([...old.keys(), ...now.keys()])].flatMap((key) => changes(old.get(key), now.get(key), key));
    }
    // One side is a tree, the other a leaf or absent: the changes are the leaves of the tree.
    const below = [...(old ?? now ?? new Map<string, unknown>())].flatMap(([key, value]) =>
        old ? changes(value, undefined, key) : changes(undefined, value, key),
    );
    return below.length > 0 ? below : [{ path, kind: kindOf(before, after) }];
}

/** Whether a path is one of a list or below one. Indexes in the path are ignored. */
export function isAmong(paths: readonly string[], path: string): boolean {
    const bare = path.replace(/\[\d+\]/g, "");
    return paths.some((listed) => bare === listed || bare.startsWith(`${listed}.`));
}

/** The items of a list or an object by path; undefined for a leaf. */
function branches(value: unknown, path: string): Map<string, unknown> | undefined {
    if (Array.isArray(value)) {
        return new Map(value.map((item, index) => [`${path}[${String(index)}]`, item]));
    }
    return typeof value === "object" && value !== null
        ? new Map(Object.entries(value).map(([key, item]) => [path === "" ? key : `${path}.${key}`, item]))
        : undefined;
}

function kindOf(before: unknown, after: unknown): Change["kind"] {
    if ((before ?? undefined) === undefined) {
        return "add";
    }
    return (after ?? undefined) === undefined ? "delete" : "update";
}
