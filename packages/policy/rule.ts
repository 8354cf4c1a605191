/** A resource with its inputs for the provider. */
export interface Declared {
    /** Type token, such as `kubernetes:core/v1:Service`. */
    type: string;
    /** Name in the program. */
    name: string;
    /** Plain values; `UNKNOWN` for a value that a preview does not know yet. */
    inputs: unknown;
}

/** A rule's settings in a policy config file (`--policy-pack-config`). */
export type Settings = Record<string, string[]>;

interface Described {
    name: string;
    /** What is required, and why. */
    description: string;
    /** A violation of a `mandatory` rule stops the update; one of an `advisory` rule is only reported. */
    level: "mandatory" | "advisory";
}

/** A requirement for a stack, if one resource does not show whether it is met. */
export interface StackRule extends Described {
    /** A sentence for each violation, with what to change, and the resource that it is about. */
    violations: <T extends Declared>(resources: readonly T[]) => { of: T; message: string }[];
}

/** A requirement for every resource. */
export interface Rule extends Described {
    /** Lists of strings that a stack can set, by name. */
    settings?: Record<string, { description: string; default: string[] }>;
    /** A sentence for each violation, with what to change; empty if the rule does not apply to the resource. */
    violations: (resource: Declared, settings: Settings) => string[];
}

/** A value that a preview does not know yet. Rules accept it, because the update checks them again with the value. */
export const UNKNOWN = Symbol("unknown");

/** The value at a path of inputs, such as `spec.template`; `UNKNOWN` if the value, or an object around it, is unknown. */
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

/** Whether the value at a path is the wanted one, or is unknown. */
export function mayBe(inputs: unknown, path: string, wanted: unknown): boolean {
    const value = at(inputs, path);
    return value === wanted || value === UNKNOWN;
}

/** The items of the list at a path; empty if it is not a list. */
export function items(inputs: unknown, path: string): unknown[] {
    const value = at(inputs, path);
    return Array.isArray(value) ? (value as unknown[]) : [];
}

/** The violation, if the condition is not fulfilled. */
export function requireThat(condition: boolean, violation: string): string[] {
    return condition ? [] : [violation];
}

/** Every leaf of a tree, with its path. */
export function leaves(tree: unknown, path: readonly string[] = []): { path: readonly string[]; value: unknown }[] {
    return typeof tree === "object" && tree !== null
        ? Object.entries(tree).flatMap(([key, value]) => leaves(value, [...path, key]))
        : [{ path, value: tree }];
}
