import type { z } from "zod";
import { type ConfigIssue, issuesOf } from "./issues";
import { type Section, type SectionName, SECTIONS } from "./schema";

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
    const sound = without(raw, result.error);
    return { value: schema.safeParse(sound).data, sound, issues: issuesOf(result.error, raw, [name]) };
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
            const path = inList < 0 ? place : place.slice(0, inList);
            const parent = path
                .slice(0, -1)
                .reduce((at, key) => at[key] as typeof at, copy as Record<PropertyKey, unknown>);
            // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- the copy is ours
            delete parent[path.at(-1) ?? ""];
        }
    }
    return copy;
}
