import { type InputError, isObject } from "./shapes";

export type Inputs = Record<string, unknown>;

/** The provider's config, which is the default of every resource. */
export interface Scope {
    project?: string;
    region?: string;
    zone?: string;
}

/** An object of a Google Cloud project. */
export interface CloudObject {
    /** In Google's format: `projects/p/global/networks/n`. */
    id: string;
    type: string;
    inputs: Inputs;
    /** The inputs with defaults, and what Google adds. */
    outputs: Inputs;
}

/** A reference to another object, which must exist. */
export interface Reference {
    id: string;
    /**
     * What Google does if the other object is deleted first: it refuses, deletes the referring object too, or keeps that one
     * with a dangling reference.
     */
    onDelete: "refuse" | "cascade" | "ignore";
}

/** A kind of object, with the rules of Google and its provider. */
export interface Kind {
    /** Pulumi's type token. */
    type: string;
    /** Module of @pulumi/gcp that declares the inputs, such as `container/cluster`. */
    module: string;
    /** The API that must be enabled in the project. */
    api?: string;
    /** The field that the provider fills with the resource's name and seven random digits, if it is not set. */
    autoName?: { field: string; limit: number };
    /** Inputs that cannot be changed: another value takes a new object. */
    immutable: readonly string[];
    /** Whether a change of another input takes a new object too. */
    forcesReplacement?: (path: string, before: Inputs, after: Inputs) => boolean;
    /** Whether creating an existing object is allowed. */
    idempotent?: boolean;
    /** Whether the old object is deleted before its replacement is created. */
    deleteFirst?: boolean;
    /** Errors in the inputs, apart from their shape. */
    check?: (inputs: Inputs) => InputError[];
    /** Fills in the project and the location from the provider's config. */
    resolve: (inputs: Inputs, scope: Scope) => Inputs;
    id: (resolved: Inputs) => string;
    references: (resolved: Inputs) => Reference[];
    /** @throws RequestError if Google does not accept the object */
    validate?: (resolved: Inputs, others: CloudObject[]) => void;
    /** @throws RequestError if the provider does not delete the object */
    checkDelete?: (outputs: Inputs) => void;
    /** The inputs that Google still reports when an object is read. Default: all. */
    reported?: (inputs: Inputs) => Inputs;
    /** What Google adds to the inputs. */
    computed: (resolved: Inputs, id: string) => Inputs;
}

/** A request that Google or its provider rejects. */
export class RequestError extends Error {}

/** @throws RequestError in the format in which the provider shows an error of Google's API */
export function throwApiError(status: number, reason: string): never {
    throw new RequestError(`googleapi: Error ${String(status)}: ${reason}`);
}

/** The string at a path of inputs; empty if there is none. */
export function stringAt(inputs: unknown, path: string): string {
    const value = valueAt(inputs, path);
    return typeof value === "string" ? value : "";
}

/** The value at a path of inputs. */
export function valueAt(inputs: unknown, path: string): unknown {
    return path.split(".").reduce((value, key) => (isObject(value) ? value[key] : undefined), inputs);
}

/** The list at a path of inputs; empty if there is none. */
export function listAt(inputs: unknown, path: string): unknown[] {
    const value = valueAt(inputs, path);
    return Array.isArray(value) ? (value as unknown[]) : [];
}

/** Fills in keys from the provider's config. @throws RequestError if neither the inputs nor the config have them */
export function withScope(inputs: Inputs, scope: Scope, ...keys: (keyof Scope)[]): Inputs {
    const filled = keys.map((key) => {
        const value = inputs[key] ?? scope[key];
        if (typeof value !== "string" || value === "") {
            throw new RequestError(`${key}: required field is not set`);
        }
        return [key, value];
    });
    return { ...inputs, ...(Object.fromEntries(filled) as Inputs) };
}
