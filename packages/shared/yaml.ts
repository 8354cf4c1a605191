import { stringify } from "yaml";

/** Keys that readers look for first; the rest follows in alphabetical order. */
const FIRST = ["apiVersion", "kind", "metadata", "name", "namespace"];

/** A value as YAML: the same bytes for the same content, whatever order its keys were set in. */
export function toYaml(value: unknown): string {
    return stringify(value, {
        sortMapEntries: (a, b) => compareKeys(String(a.key), String(b.key)),
        // Anchors are set before the entries are sorted: an alias could come to stand before its anchor.
        aliasDuplicateObjects: false,
        lineWidth: 0,
    });
}

function compareKeys(a: string, b: string): number {
    const rank = (key: string) => (FIRST.includes(key) ? FIRST.indexOf(key) : FIRST.length);
    return rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0);
}
