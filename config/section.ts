import type { z } from "zod";
import { type ConfigIssue, issuesOf } from "./issues";
import { type Section, type SectionName, SECTIONS } from "./schema";
import { valueAt } from "./valueAt";

/** What the schema made of one section of the config. */
export interface Parsed<Name extends SectionName> {
    /** The section, without its invalid values: so the rest of it can be checked too. */
    value: Section<Name> | undefined;
    /** The settings without the invalid ones. */
    sound: unknown;
    issues: ConfigIssue[];
}

/** Checks a section against its schema. */
export function parseSection<Name extends SectionName>(name: Name, raw: unknown): Parsed<Name> {
    const schema: z.ZodType<Section<Name>> = SECTIONS[name] as never;
    const result = schema.safeParse(raw);
    if (result.success) {
        return { value: result.data, sound: raw ?? {}, issues: [] };
    }
    const { value, sound } = soundPart(schema, without(raw, result.error));
    return { value, sound, issues: issuesOf(result.error, raw, [name]) };
}

/** What is left if an object goes too that lacks a required value, because that was invalid. */
function soundPart<T>(schema: z.ZodType<T>, rest: unknown): { value: T | undefined; sound: unknown } {
    const { data, error } = schema.safeParse(rest);
    const lacking = error?.issues.map(({ path }) => path.slice(0, -1)).filter(({ length }) => length > 0) ?? [];
    const incomplete = lacking.filter((path) => valueAt(rest, path) !== undefined);
    if (!error || incomplete.length === 0) {
        return { value: data, sound: rest };
    }
    const copy: unknown = structuredClone(rest);
    incomplete.forEach((path) => {
        remove(copy, path);
    });
    return soundPart(schema, copy);
}

/** A copy of a tree without everything that an error is about. */
function without(raw: unknown, error: z.ZodError): unknown {
    if (error.issues.some(({ path, code }) => path.length === 0 && code !== "unrecognized_keys")) {
        return {};
    }
    const copy: unknown = structuredClone(raw);
    for (const issue of error.issues) {
        const places =
            issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
        for (const place of places) {
            // A list is removed as a whole: without one of its entries it would mean something else.
            const inList = place.findIndex((key) => typeof key === "number");
            remove(copy, inList < 0 ? place : place.slice(0, inList));
        }
    }
    return copy;
}

/** Takes the value at a path out of a tree of ours. */
function remove(tree: unknown, path: PropertyKey[]): void {
    const parent = valueAt(tree, path.slice(0, -1)) as Record<PropertyKey, unknown> | undefined;
    if (parent) {
        // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- the tree is ours
        delete parent[path.at(-1) ?? ""];
    }
}
