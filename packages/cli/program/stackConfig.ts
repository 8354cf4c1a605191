/**
 * The config of a stack as the engine would hand it to the program: the schema and defaults of Pulumi.yaml under the
 * values of Pulumi.<stack>.yaml. For runs of the program without the engine; with it, all of this is the engine's.
 */

/** Config as the program receives it: qualified keys, and JSON for whatever is not a plain value. */
export type StackConfig = Record<string, string>;

export interface StackConfigSources {
    /** Project name: the namespace of keys that have none. */
    project: string;
    stack: string;
    /** Content of Pulumi.yaml. */
    projectFile: unknown;
    /** Content of Pulumi.<stack>.yaml; undefined where there is none. */
    stackFile?: unknown;
    /** Values that win over the file's, by unqualified or qualified key. */
    overrides?: Record<string, unknown>;
}

type Mapping = Record<string, unknown>;

/** What the schema's types accept; text is accepted for numbers and truth values, as the engine does. */
const ACCEPTS: Record<string, (value: unknown) => boolean> = {
    string: (value) => typeof value === "string",
    integer: (value) => Number.isInteger(value) || (typeof value === "string" && /^-?\d+$/.test(value)),
    number: (value) => typeof value === "number" || (typeof value === "string" && !Number.isNaN(Number(value))),
    boolean: (value) => typeof value === "boolean" || value === "true" || value === "false",
    array: (value) => Array.isArray(value),
    object: isMapping,
};

/**
 * The config of a stack, and everything that is wrong with it: missing values, values of another type than the schema
 * says, and encrypted ones, which only the engine can read.
 */
export function resolveStackConfig(sources: StackConfigSources): { config: StackConfig; faults: string[] } {
    const qualify = (key: string) => (key.includes(":") ? key : `${sources.project}:${key}`);
    const entries = (mapping: unknown) =>
        Object.entries(isMapping(mapping) ? mapping : {}).map(([key, value]) => [qualify(key), value] as const);
    const section = (file: unknown) => (isMapping(file) ? file.config : undefined);

    const faults: string[] = [];
    const values = new Map<string, unknown>([
        ...entries(section(sources.stackFile)),
        ...entries(sources.overrides ?? {}),
    ]);

    for (const [key, declared] of entries(section(sources.projectFile))) {
        const schema: Mapping = isMapping(declared) ? declared : { value: declared };
        if (!values.has(key)) {
            const preset = schema.value ?? schema.default;
            if (preset !== undefined) {
                values.set(key, preset);
            } else if (schema.type !== undefined) {
                faults.push(`${key}: stack "${sources.stack}" has no value for it, and it has no default`);
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
        config[key] = typeof value === "string" ? value : JSON.stringify(value);
    }
    return { config, faults };
}

/** Whether a value, or any value inside of it, was written by `pulumi config set --secret`. */
function isEncrypted(value: unknown): boolean {
    if (Array.isArray(value)) {
        return value.some(isEncrypted);
    }
    if (!isMapping(value)) {
        return false;
    }
    const keys = Object.keys(value);
    return (keys.length === 1 && keys[0] === "secure") || Object.values(value).some(isEncrypted);
}

function isMapping(value: unknown): value is Mapping {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
    return typeof value === "string" ? `the text "${value}"` : JSON.stringify(value);
}
