import { closest, distance } from "fastest-levenshtein";
import type { z } from "zod";
import { shellPath, shellWord } from "../packages/shared/shell";
import { hasPemKey } from "./certificates";
import { alternatives, type Key, keyAt, keyHolding, leaves, root } from "./keys";
import { valueAt } from "./valueAt";

/** Something wrong with one setting. */
export interface ConfigIssue {
    path: string[];
    /** The key as `pulumi config` takes it, if it is not one of this program. */
    key?: string;
    /** What is set; undefined if nothing is. */
    value: unknown;
    /** What is wrong, as the end of a sentence about the key. */
    problem: string;
    /** What is allowed instead. */
    allowed: string;
    /** What to do. */
    remedy: string;
}

/** All issues of a config, one line for each. */
export class ConfigError extends Error {
    override readonly name = "ConfigError";

    constructor(readonly issues: ConfigIssue[]) {
        const count = issues.length === 1 ? "an error" : `${String(issues.length)} errors`;
        super([`The configuration has ${count}. Nothing was deployed.`, ...issues.map(line)].join("\n"));
    }
}

/** Stands for a value that must not be shown. */
export const SECRET = "[secret]";

function line({ path, key = inPulumi(path), value, problem, allowed, remedy }: ConfigIssue): string {
    const set = value === undefined ? "is not set" : `= ${excerpt(mayBeCredential(path, value) ? SECRET : value)}`;
    return `  ${key} ${set}: ${problem}; allowed: ${allowed}. ${remedy}`;
}

/**
 * The issue of an invalid value. The remedy sets the example value, asks for a secret, or removes the key.
 *
 * @param better What is allowed and an example, if more is known than what the schema says of the key.
 */
export function invalidValue(
    path: string[],
    value: unknown,
    problem: string,
    better: { allowed?: string; example?: string } = {},
): ConfigIssue {
    const { allowed = "another value", example } = { ...keyHolding(path), ...better };
    const key = keyAt(path);
    const word = shellWord(inPulumi(path));
    const option = key?.secret ? "--secret " : "";
    const remedy =
        key?.secret || key?.fromFile
            ? `Run: pulumi config set ${option}--path ${word}${key.fromFile ? " < FILE" : ""}`
            : example
              ? `Run: pulumi config set --path ${word} ${shellPath(example)}`
              : removeCommand(path);
    return { path, value, problem, allowed, remedy };
}

/** The issue of a key that does not exist among its `siblings`. It suggests the key that the user probably meant. */
export function unknownKey(path: string[], value: unknown, siblings?: string[]): ConfigIssue {
    const parent = path.slice(0, -1);
    const name = path.at(-1) ?? "";
    const known = siblings ?? (keyAt(parent) ?? root()).children.map(nameOf);
    const similar = similarTo(name, known);
    const meant = similar === undefined ? elsewhere(name) : [...parent, similar];
    return {
        path,
        value,
        problem: `there is no such key${meant ? `, did you mean ${inPulumi(meant)}?` : ""}`,
        allowed: alternatives(known),
        remedy: removeCommand(path),
    };
}

/** The issues that zod found. `raw` is what was parsed, `at` its path in the config. */
export function issuesOf(error: z.ZodError, raw: unknown, at: string[]): ConfigIssue[] {
    return error.issues.flatMap((issue) => {
        const path = [...at, ...issue.path.map(String)];
        const value = valueAt(raw, issue.path);
        if (issue.code === "unrecognized_keys") {
            return issue.keys.map((key) => unknownKey([...path, key], valueAt(value, [key])));
        }
        return [invalidValue(path, value, problemOf(issue, value))];
    });
}

/** Names of zod's types. */
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
    // A union has several kinds of objects, and one key that tells them apart.
    return issue.code === "invalid_value" || issue.code === "invalid_union" ? "there is no such choice" : issue.message;
}

function similarTo(name: string, known: string[]): string | undefined {
    const nearest = closest(name, known);
    return distance(name, nearest) <= Math.max(1, Math.floor(nearest.length / 4)) ? nearest : undefined;
}

/** The first key with exactly this name, at any depth. */
function elsewhere(name: string, from = root()): string[] | undefined {
    // A password of something else is not one of ours.
    const here = from.children.find((key) => !key.secret && nameOf(key).toLowerCase() === name.toLowerCase());
    return here?.path ?? from.children.map((key) => elsewhere(name, key)).find((path) => path !== undefined);
}

function nameOf(key: Key): string {
    return key.path.at(-1) ?? "";
}

/**
 * Names of keys with credentials. A misspelt key of ours, and a chart's value, is recognized only by its name; a key for
 * signatures by its type (RFC 7517), because the private ones look like the public ones.
 */
const CREDENTIAL = /passw|token|credential|dockerconfig|secret$|^auths?$|^kty$/i;

/** Texts with a key for signatures: JSON with a key's type, or PEM. */
const KEY_IN_TEXT = /"kty"|PRIVATE KEY/;

/** Keys of ours with such a name, whose values are no credentials. */
const NO_CREDENTIAL = ["istio.gateway.tls.secret"];

/** Whether a value is a credential or may contain one: such as a text in place of an object that has secret keys. */
function mayBeCredential(path: string[], value: unknown): boolean {
    const key = keyAt(path);
    const isSecret = typeof value === "string" && key !== undefined && leaves(key).some(({ secret }) => secret);
    const isKey = typeof value === "string" && KEY_IN_TEXT.test(value);
    return isSecret || isKey || isSecretByName(path, value) || hasPemKey(JSON.stringify(value));
}

/** Whether the name of a key, or of one inside its value, is that of a credential. */
function isSecretByName(path: string[], value: unknown): boolean {
    const inner = typeof value === "object" && value !== null ? Object.entries(value) : [];
    const isNamed = !NO_CREDENTIAL.includes(path.join(".")) && path.some((name) => CREDENTIAL.test(name));
    return isNamed || inner.some(([name, each]) => isSecretByName([...path, name], each));
}

/** A value in short, without the user and the password in a URL. */
function excerpt(value: unknown): string {
    const json = JSON.stringify(value)
        .replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s"]*@(?!sha256:)/gi, "$1***@")
        .replace(/^"[^/\s"]*@(?!sha256:)/, '"***@');
    return json.length > 60 ? `${json.slice(0, 57)}...` : json;
}

export function removeCommand(path: string[]): string {
    return `Run: pulumi config rm --path ${shellWord(inPulumi(path))}`;
}

/** A path as `pulumi config --path` takes it: indexes, and names with special characters, in brackets. */
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
