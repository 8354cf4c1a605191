/** A resource as a rule looks at it: its inputs, as they go to the provider. */
export interface Declared {
    /** Type token, such as `kubernetes:core/v1:Service`. */
    type: string;
    /** Name in the program. */
    name: string;
    /** Plain values; `UNKNOWN` wherever a preview does not know one yet. */
    inputs: unknown;
}

/** What the rules can be told in a policy config file (`--policy-pack-config`). */
export type Settings = Record<string, string[]>;

/** One thing that is asked of every resource. */
export interface Rule {
    name: string;
    /** What is asked, and why. */
    description: string;
    /** `mandatory` stops the update; `advisory` is only said. */
    level: "mandatory" | "advisory";
    /** Lists of strings that a stack may set, by name, with what each is for and what it is by default. */
    settings?: Record<string, { description: string; default: string[] }>;
    /** What is wrong with the resource and what to change, a sentence each; empty where all is well, or not the rule's business. */
    violations: (resource: Declared, settings: Settings) => string[];
}

/** Stands for a value that a preview does not know yet. Rules let it pass: the update asks them again, with the value. */
export const UNKNOWN = Symbol("unknown");

/**
 * The value at a path of inputs, such as `spec.template`; undefined where there is none, `UNKNOWN` where it, or what it
 * is a part of, is not known.
 */
export function at(inputs: unknown, path: string): unknown {
    let value = inputs;
    for (const key of path.split(".")) {
        if (value === UNKNOWN) {
            return UNKNOWN;
        }
        value = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
    }
    return value;
}

/** Whether the value at a path is the wanted one, or may turn out to be. */
export function mayBe(inputs: unknown, path: string, wanted: unknown): boolean {
    const value = at(inputs, path);
    return value === wanted || value === UNKNOWN;
}

/** The items of the list at a path; none where there is no list. */
export function items(inputs: unknown, path: string): unknown[] {
    const value = at(inputs, path);
    return Array.isArray(value) ? (value as unknown[]) : [];
}

/** Every value in a tree that is not itself a tree, with its path. */
export function leaves(tree: unknown, path: readonly string[] = []): { path: readonly string[]; value: unknown }[] {
    return typeof tree === "object" && tree !== null
        ? Object.entries(tree).flatMap(([key, value]) => leaves(value, [...path, key]))
        : [{ path, value: tree }];
}
