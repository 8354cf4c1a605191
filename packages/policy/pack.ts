import type { PolicyConfigSchema, ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";
import { type Rule, type Settings, type StackRule, UNKNOWN } from "./rule";

/** A rule in the terms of Pulumi's policy SDK. */
export function policyOf(rule: Rule): ResourceValidationPolicy {
    return {
        name: rule.name,
        description: rule.description,
        enforcementLevel: rule.level,
        configSchema: rule.settings && configSchema(rule.settings),
        validateResource: (args, reportViolation) => {
            const settings = { ...defaults(rule), ...args.getConfig<Settings>() };
            const resource = { type: args.type, name: args.name, inputs: withoutProxies(args.props) };
            for (const message of rule.violations(resource, settings)) {
                reportViolation(message);
            }
        },
    };
}

/** A rule for a stack in the terms of Pulumi's policy SDK. */
export function stackPolicyOf({ name, description, level, violations }: StackRule): StackValidationPolicy {
    return {
        name,
        description,
        enforcementLevel: level,
        validateStack: ({ resources }, reportViolation) => {
            const declared = resources.map(({ type, name, urn, props }) => {
                return { type, name, urn, inputs: withoutProxies(props) };
            });
            for (const { of, message } of violations(declared)) {
                reportViolation(message, of.urn);
            }
        },
    };
}

/** A rule's default settings. */
export function defaults({ settings = {} }: Rule): Settings {
    return Object.fromEntries(Object.entries(settings).map(([key, setting]) => [key, setting.default]));
}

function configSchema(settings: NonNullable<Rule["settings"]>): PolicyConfigSchema {
    const lists = Object.entries(settings).map(([key, setting]) => [
        key,
        { type: "array" as const, items: { type: "string" as const }, ...setting },
    ]);
    return { properties: Object.fromEntries(lists) as PolicyConfigSchema["properties"] };
}

/**
 * Inputs as plain values. In the SDK they are proxies, which throw if a rule reads an unknown value. The SDK would then skip
 * the rule with a note, even if it could find something else.
 */
function withoutProxies(value: unknown): unknown {
    if (Array.isArray(value)) {
        return Array.from(value.keys(), (index) => read(value, index));
    }
    return typeof value === "object" && value !== null
        ? Object.fromEntries(Object.keys(value).map((key) => [key, read(value, key)]))
        : value;
}

function read(parent: object, key: PropertyKey): unknown {
    try {
        return withoutProxies(Reflect.get(parent, key));
    } catch {
        return UNKNOWN;
    }
}
