/** The value at a path of a tree; undefined if the tree does not have the path. */
export function valueAt(tree: unknown, path: PropertyKey[]): unknown {
    return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | null | undefined)?.[key], tree);
}
