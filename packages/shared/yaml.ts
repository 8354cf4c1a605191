import { stringify } from "yaml";

/** Keys that readers look for first. The other keys follow in alphabetical order. */
const FIRST = ["apiVersion", "kind", "metadata", "name", "namespace"];

/** A value as YAML. The same content gives the same bytes, in whichever order its keys were set. */
export function toYaml(value: unknown): string {
    return stringify(value, {
        sortMapEntries: (a, b) => compareKeys(String(a.key), String(b.key)),
        // The library sets anchors before it sorts the entries, so an alias could come before its anchor.
        aliasDuplicateObjects: false,
        lineWidth: 0,
    });
}

function compareKeys(a: string, b: string): number {
    const rank = (key: string) => (FIRST.includes(key) ? FIRST.indexOf(key) : FIRST.length);
    return rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0);
}
