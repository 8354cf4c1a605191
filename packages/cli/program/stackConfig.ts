/**
 * The config of a stack as the engine gives it to the program: the values of Pulumi.<stack>.yaml, and the schema and
 * defaults of Pulumi.yaml. Only runs of the program without the engine need it.
 */

/** Config as the program gets it: qualified keys, and JSON for objects and lists. */
export type StackConfig = Record<string, string>;

export interface StackConfigSources {
    /** Name of the project, which is the namespace of keys without one. */
    project: string;
    stack: string;
    /** Content of Pulumi.yaml. */
    projectFile: unknown;
    /** Content of Pulumi.<stack>.yaml; undefined without such a file. */
    stackFile?: unknown;
    /** Values that replace the file's, by unqualified or qualified key. */
    overrides?: Record<string, unknown>;
}

type Mapping = Record<string, unknown>;

/** What the schema's types accept: like the engine, also text for numbers and for true and false. */
const ACCEPTS: Record<string, (value: unknown) => boolean> = {
    string: (value) => typeof value === "string",
    integer: (value) => Number.isInteger(value) || (typeof value === "string" && /^-?\d+$/.test(value)),
    number: (value) => typeof value === "number" || (typeof value === "string" && !Number.isNaN(Number(value))),
    boolean: (value) => typeof value === "boolean" || value === "true" || value === "false",
    array: (value) => Array.isArray(value),
    object: isMapping,
};

/**
 * The config of a stack, and all its problems: missing values, values of the wrong type, and encrypted values, which only
 * the engine can read.
 */
export function resolveStackConfig(sources: StackConfigSources): { config: StackConfig; faults: string[] } {
    const qualify = (key: string) => (key.includes(":") ? key : `${sources.project}:${key}`);
    const entries = (mapping: unknown) =>
        Object.entries(isMapping(mapping) ? mapping : {}).map(([key, value]) => [qualify(key), value] as const);
    const section = (file: unknown) => (isMapping(file) ? file.config : undefined);

    const faults: string[] = [];
    const values = new Map([...entries(section(sources.stackFile)), ...entries(sources.overrides)]);

    for (const [key, declared] of entries(section(sources.projectFile))) {
        const schema: Mapping = isMapping(declared) ? declared : { value: declared };
        if (!values.has(key)) {
            const preset = schema.value ?? schema.default;
            if (preset !== undefined) {
                values.set(key, preset);
            } else if (schema.type !== undefined) {
                faults.push(`${key}: has no value in stack "${sources.stack}", and no default`);
            }
        }
        const value = values.get(key);
        const accepts = ACCEPTS[String(schema.type)];
        if (value !== undefined && accepts && !accepts(value) && !isEncrypted(value)) {
            faults.push(`${key}: must be of type ${String(schema.type)}, not ${describe(value)}`);
        }
    }

    const config: StackConfig = {};
    for (const [key, value] of values) {
        if (isEncrypted(value)) {
            faults.push(`${key}: is encrypted; only the Pulumi CLI can read it`);
        }
        config[key] = textOf(value);
    }
    return { config, faults };
}

/** A value as the engine passes it on: text as it is, and all else as JSON, with the keys of each object sorted. */
function textOf(value: unknown): string {
    const sorted = (_: string, each: unknown) =>
        isMapping(each)
            ? Object.fromEntries(Object.entries(each).sort(([one], [other]) => (one < other ? -1 : 1)))
            : each;
    return typeof value === "string" ? value : JSON.stringify(value, sorted);
}

/** Whether `pulumi config set --secret` wrote the value, or any value inside it. */
export function isEncrypted(value: unknown): boolean {
    return isSecret(value) || (typeof value === "object" && value !== null && Object.values(value).some(isEncrypted));
}

/** Whether `pulumi config set --secret` wrote the value itself. */
export function isSecret(value: unknown): boolean {
    return isMapping(value) && Object.keys(value).join() === "secure";
}

function isMapping(value: unknown): value is Mapping {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value of a wrong type. Texts, lists and objects are not quoted, because they can have passwords. */
function describe(value: unknown): string {
    if (typeof value === "string") {
        return "a text";
    }
    return Array.isArray(value) ? "a list" : isMapping(value) ? "an object" : JSON.stringify(value);
}
