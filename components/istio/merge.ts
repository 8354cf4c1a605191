/** A tree of Helm values. */
export interface HelmValues {
    readonly [key: string]: unknown;
}

/**
 * Merges `overrides` into `base`, as Helm merges values files: objects key by key; anything else, lists included, is
 * replaced. A null stays in the result, because Helm removes the chart's default for it.
 */
export function mergeValues(base: HelmValues, overrides: HelmValues): HelmValues {
    const keys = new Set([...Object.keys(base), ...Object.keys(overrides)]);
    // fromEntries defines properties instead of assigning them: so a key named __proto__ stays a key.
    return Object.fromEntries([...keys].map((key) => [key, mergeKey(key, base, overrides)]));
}

function mergeKey(key: string, base: HelmValues, overrides: HelmValues): unknown {
    const [ours, theirs] = [base[key], overrides[key]];
    if (!Object.hasOwn(overrides, key)) {
        return ours;
    }
    return isTree(ours) && isTree(theirs) ? mergeValues(ours, theirs) : theirs;
}

function isTree(value: unknown): value is HelmValues {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
