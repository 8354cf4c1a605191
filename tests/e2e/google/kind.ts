import type { UserError } from "./shapes";

export type Inputs = Record<string, unknown>;

/** What the stack's config says for the provider, the default of every resource. */
export interface Scope {
    project?: string;
    region?: string;
    zone?: string;
}

/** An object of a Google Cloud project. */
export interface CloudObject {
    /** As Google and the provider write it: `projects/p/global/networks/n`. */
    id: string;
    type: string;
    inputs: Inputs;
    /** What the provider shows of it: the inputs, defaults filled in, and what Google adds. */
    outputs: Inputs;
}

/** An object that another one refers to. It must be there; what happens to it matters as follows. */
export interface Reference {
    id: string;
    /**
     * What Google does when it is to be deleted before the one that refers to it: it refuses, deletes that one as well, or
     * leaves it with a reference to nothing.
     */
    onDelete: "refuse" | "cascade" | "ignore";
}

/** A kind of object, and how Google and its provider treat it. */
export interface Kind {
    /** Pulumi's type token. */
    type: string;
    /** Module of @pulumi/gcp that declares the inputs, such as `container/cluster`. */
    module: string;
    /** The service that must be enabled in the project. */
    api?: string;
    /** The field that the provider names after the resource, seven random digits added, where it is not set. */
    autoName?: { field: string; limit: number };
    /** Inputs that cannot be changed: another value makes another object. */
    immutable: readonly string[];
    /** Whether a change of another input takes a new object all the same. */
    needsNew?: (path: string, before: Inputs, after: Inputs) => boolean;
    /** To make what is there already is no error. */
    idempotent?: boolean;
    /** A replacement takes the place of the old object, which therefore goes first. */
    deleteFirst?: boolean;
    /** What is wrong with the inputs beyond their shape. */
    check?: (inputs: Inputs) => UserError[];
    /** Inputs with the provider's defaults filled in. */
    settle: (inputs: Inputs, scope: Scope) => Inputs;
    id: (settled: Inputs) => string;
    references: (settled: Inputs) => Reference[];
    /** Whether Google takes it. @throws Refusal if not */
    admit?: (settled: Inputs, others: CloudObject[]) => void;
    /** Whether the provider deletes it. @throws Refusal if not */
    release?: (outputs: Inputs) => void;
    /** What Google adds to the inputs. */
    computed: (settled: Inputs, id: string) => Inputs;
}

/** What Google's API answers to a request that it does not carry out. */
export class Refusal extends Error {}

/** @throws Refusal in the form in which the provider shows Google's errors */
export function refuse(status: number, reason: string): never {
    throw new Refusal(`googleapi: Error ${String(status)}: ${reason}`);
}

/** The string at a path of inputs; empty where there is none. */
export function text(inputs: unknown, path: string): string {
    const value = get(inputs, path);
    return typeof value === "string" ? value : "";
}

/** The value at a path of inputs. */
export function get(inputs: unknown, path: string): unknown {
    return path
        .split(".")
        .reduce<unknown>(
            (value, key) => (typeof value === "object" && value !== null ? (value as Inputs)[key] : undefined),
            inputs,
        );
}

/** The list at a path of inputs; empty where there is none. */
export function list(inputs: unknown, path: string): unknown[] {
    const value = get(inputs, path);
    return Array.isArray(value) ? (value as unknown[]) : [];
}

/** Fills in where the object is to be. @throws Refusal where neither the inputs nor the provider's config say it */
export function located(inputs: Inputs, scope: Scope, ...keys: (keyof Scope)[]): Inputs {
    const places = keys.map((key) => {
        const value = inputs[key] ?? scope[key];
        if (typeof value !== "string" || value === "") {
            throw new Refusal(`${key}: required field is not set`);
        }
        return [key, value];
    });
    return { ...inputs, ...(Object.fromEntries(places) as Inputs) };
}
