import { closest, distance } from "fastest-levenshtein";
import type { z } from "zod";
import { shellPath, shellWord } from "../packages/shared/shell";
import { alternatives, type Key, keyAt, keyHolding, ROOT } from "./keys";

/** Something wrong with one setting. */
export interface Fault {
    path: string[];
    /** The key as `pulumi config` takes it, where it is not one of this program. */
    key?: string;
    /** What is set; undefined where nothing is. */
    value: unknown;
    /** What is wrong with it, as the end of a sentence. */
    problem: string;
    /** What may be written instead, and where that is known what was probably meant. */
    allowed: string;
    /** What to do. */
    remedy: string;
}

/** Every fault of a config, a line for each. */
export class ConfigError extends Error {
    override readonly name = "ConfigError";

    constructor(readonly faults: Fault[]) {
        const count = faults.length === 1 ? "a fault" : `${String(faults.length)} faults`;
        super([`The configuration has ${count}. Nothing was deployed.`, ...faults.map(line)].join("\n"));
    }
}

function line({ path, key = inPulumi(path), value, problem, allowed, remedy }: Fault): string {
    const set = value === undefined ? "is not set" : `= ${excerpt(value)}`;
    return `  ${key} ${set}: ${problem}; allowed: ${allowed}. ${remedy}`;
}

/**
 * A fault of a key's value. It is mended by a value that is allowed or, where none can be named, by leaving the key out.
 * What the schema says of the key holds unless `better` knows better.
 */
export function badValue(
    path: string[],
    value: unknown,
    problem: string,
    better: { allowed?: string; example?: string } = {},
): Fault {
    const { allowed, example } = { ...keyHolding(path), ...better };
    return {
        path,
        value,
        problem,
        allowed: allowed ?? "another value",
        remedy: example ? setCommand(path, example) : removeCommand(path),
    };
}

/** A fault of a key that does not exist among its `siblings`, with the one that was probably meant. */
export function unknownKey(path: string[], value: unknown, siblings?: string[]): Fault {
    const parent = path.slice(0, -1);
    const name = path.at(-1) ?? "";
    const known = siblings ?? (keyAt(parent) ?? ROOT).children.map(nameOf);
    const like = spelledLike(name, known);
    const meant = like === undefined ? elsewhere(name) : [...parent, like];
    return {
        path,
        value,
        problem: `there is no such key${meant ? `, did you mean ${inPulumi(meant)}?` : ""}`,
        allowed: alternatives(known),
        remedy: removeCommand(path),
    };
}

/** What zod found, as faults. `raw` is what was parsed, `at` is where in the config it stands. */
export function faultsOf(error: z.ZodError, raw: unknown, at: string[]): Fault[] {
    return error.issues.flatMap((issue) => {
        const path = [...at, ...issue.path.map(String)];
        const value = valueAt(raw, issue.path);
        if (issue.code === "unrecognized_keys") {
            return issue.keys.map((key) => unknownKey([...path, key], valueAt(value, [key])));
        }
        return [badValue(path, value, problemOf(issue, value))];
    });
}

/** zod's types, in words. */
const TYPES: Record<string, string> = {
    object: "an object",
    record: "an object",
    array: "a list",
    string: "a string",
    boolean: "a boolean",
    number: "a number",
    int: "a whole number",
};

function problemOf(issue: z.core.$ZodIssue, value: unknown): string {
    if (value === undefined) {
        return "it is required";
    }
    if (issue.code === "invalid_type") {
        const type = value === null ? "null" : Array.isArray(value) ? "a list" : TYPES[typeof value];
        const expected = TYPES[issue.expected] ?? issue.expected;
        const quotes = issue.expected === "string" ? ", in YAML it needs quotes" : "";
        return `it is ${type ?? typeof value} and not ${expected}${quotes}`;
    }
    if (issue.code === "invalid_key") {
        return issue.issues[0]?.message ?? issue.message;
    }
    // A union is one of several kinds of object, by a key that says which.
    return issue.code === "invalid_value" || issue.code === "invalid_union" ? "there is no such choice" : issue.message;
}

function spelledLike(name: string, known: string[]): string | undefined {
    const nearest = closest(name, known);
    return distance(name, nearest) <= Math.max(1, Math.floor(nearest.length / 4)) ? nearest : undefined;
}

/** The first key of that very name, at whatever depth it stands. */
function elsewhere(name: string, from: Key = ROOT): string[] | undefined {
    const here = from.children.find((key) => nameOf(key).toLowerCase() === name.toLowerCase());
    return here?.path ?? from.children.map((key) => elsewhere(name, key)).find((path) => path !== undefined);
}

function nameOf(key: Key): string {
    return key.path.at(-1) ?? "";
}

/** What stands at a path in a tree, undefined where it ends before. */
export function valueAt(tree: unknown, path: PropertyKey[]): unknown {
    return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | null | undefined)?.[key], tree);
}

function excerpt(value: unknown): string {
    const json = JSON.stringify(value);
    return json.length > 60 ? `${json.slice(0, 57)}...` : json;
}

function setCommand(path: string[], value: string): string {
    return `Run: pulumi config set --path ${shellWord(inPulumi(path))} ${shellPath(value)}`;
}

function removeCommand(path: string[]): string {
    return `Run: pulumi config rm --path ${shellWord(inPulumi(path))}`;
}

/** A path as `pulumi config --path` takes it: in brackets the places in lists, and names with odd characters. */
export function inPulumi(path: string[]): string {
    return path
        .map((name, index) => {
            if (/^\d+$/.test(name)) {
                return `[${name}]`;
            }
            return /^[\w-]+$/.test(name) ? (index === 0 ? name : `.${name}`) : `[${JSON.stringify(name)}]`;
        })
        .join("");
}
