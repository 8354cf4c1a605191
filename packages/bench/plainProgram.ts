import type { DeclaredResource } from "../cli/program/declaration";

/** A resource in the engine's state, as far as this file reads it. */
interface StateResource {
    urn: string;
    type: string;
    custom: boolean;
    id?: string;
    parent?: string;
    provider?: string;
    dependencies?: string[];
    [key: string]: unknown;
}

/** The state of a stack, as `pulumi stack export --show-secrets` gives it. */
export interface StackState {
    version: number;
    deployment: { resources: StateResource[]; [key: string]: unknown };
}

const STACK = "pulumi:pulumi:Stack";
const PROVIDER = "pulumi:providers:kubernetes";
const RELEASE = "kubernetes:helm.sh/v3:Release";

/** What the comparisons declare, beside the provider. */
export const OBJECTS = (type: string) => type.startsWith("kubernetes:");
export const RELEASES = (type: string) => type === RELEASE;

/** What a plain program does not have, or what names resources that it does not have. */
const OWN_OF_COMPONENTS = new Set(["propertyDependencies", "deletedWith", "aliases"]);

/** The package's modules by group; those of Istio's kinds have none. */
const MODULES: Record<string, string> = {
    core: "core",
    apps: "apps",
    "rbac.authorization.k8s.io": "rbac",
    "helm.sh": "helm",
};

/**
 * A plain program in JavaScript that declares the same objects as this program, with the same options: without components,
 * config and functions, every value written out. The kubeconfig is in it.
 * @param declared what this program declares
 * @param state the state of this program's stack, which has the ids of objects that are only read
 * @param isPart whether the program has the resources of a type
 */
export function plainProgram(
    declared: readonly DeclaredResource[],
    state: StackState,
    isPart: (type: string) => boolean,
): string {
    const parts = declared.filter(({ type }) => type === PROVIDER || isPart(type));
    const variables = new Map(parts.map(({ urn }, index) => [urn, `r${index}`]));
    const provider = variables.get(parts.find(({ type }) => type === PROVIDER)?.urn ?? "") ?? "undefined";
    const ids = new Map(state.deployment.resources.map(({ urn, type, id }) => [`${type} ${nameOf(urn)}`, id]));
    const statements = parts.map(({ urn, type, name, read, inputs, dependencies, ignoreChanges }) => {
        const variable = variables.get(urn) ?? "";
        const json = (value: unknown) => JSON.stringify(value);
        if (type === PROVIDER) {
            const { kubeconfig, ...others } = inputs;
            const args = `{ ...${json(unquoted(others))}, kubeconfig: pulumi.secret(${json(kubeconfig)}) }`;
            return `const ${variable} = new k8s.Provider(${json(name)}, ${args});`;
        }
        const before = dependencies.flatMap((each) => variables.get(each) ?? []);
        const written = withNames(inputs, namesOf(dependencies, declared, ids));
        const opts = `{ provider: ${provider}, dependsOn: [${before.join(", ")}], ignoreChanges: ${json(ignoreChanges)} }`;
        return read
            ? `const ${variable} = ${classOf(type)}.get(${json(name)}, ${json(ids.get(`${type} ${name}`))}, ${opts});`
            : `const ${variable} = new ${classOf(type)}(${json(name)}, ${json(written)}, ${opts});`;
    });
    const imports = ["pulumi", "kubernetes"].map(
        (name) => `const ${name === "pulumi" ? "pulumi" : "k8s"} = require("@pulumi/${name}");`,
    );
    return [`"use strict";`, ...imports, ...statements, ""].join("\n");
}

/** The names in the cluster of objects that the program does not name, by the names that the test monitor gives them. */
function namesOf(
    urns: readonly string[],
    declared: readonly DeclaredResource[],
    ids: ReadonlyMap<string, string | undefined>,
): Map<string, string> {
    const unnamed = declared.filter(({ urn, type, inputs }) => {
        const { name } = (inputs.metadata ?? {}) as { name?: string };
        return urns.includes(urn) && OBJECTS(type) && type !== RELEASE && name === undefined;
    });
    return new Map(unnamed.map(({ type, name }) => [name, ids.get(`${type} ${name}`)?.split("/").at(-1) ?? name]));
}

/** Inputs with these names in place of those of the test monitor. */
function withNames(inputs: unknown, names: ReadonlyMap<string, string>): unknown {
    if (typeof inputs === "string") {
        return names.get(inputs) ?? inputs;
    }
    if (Array.isArray(inputs)) {
        return inputs.map((each) => withNames(each, names));
    }
    return typeof inputs === "object" && inputs !== null
        ? Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, withNames(value, names)]))
        : inputs;
}

/** The inputs of a provider as a program writes them. The SDK turns those that are not text into their JSON. */
function unquoted(inputs: Record<string, unknown>): Record<string, unknown> {
    const isFlag = (value: unknown) => value === "true" || value === "false";
    return Object.fromEntries(
        Object.entries(inputs).map(([key, value]) => [key, isFlag(value) ? value === "true" : value]),
    );
}

/** The state that the plain program would have if it had deployed the same objects. */
export function plainState(state: StackState, isPart: (type: string) => boolean): StackState {
    const { resources } = state.deployment;
    const stack = resources.find(({ type }) => type === STACK);
    const kept = resources.filter(({ type }) => type === PROVIDER || isPart(type));
    const urns = new Map(kept.map(({ urn, type }) => [urn, urnWithoutParents(urn, type)]));
    const known = (list: string[] = []) => list.flatMap((urn) => urns.get(urn) ?? []);
    const plain = kept.map((resource) => {
        const { urn, dependencies, provider } = resource;
        // A reference to a provider is its URN and its id.
        const [, providerUrn = "", providerId] = /^(.*)::([^:]*)$/.exec(provider ?? "") ?? [];
        const others = Object.entries(resource).filter(([key]) => !OWN_OF_COMPONENTS.has(key));
        return {
            ...(Object.fromEntries(others) as unknown as StateResource),
            urn: urns.get(urn) ?? urn,
            parent: stack?.urn,
            dependencies: known(dependencies),
            ...(provider === undefined ? {} : { provider: `${urns.get(providerUrn) ?? providerUrn}::${providerId}` }),
        };
    });
    return {
        ...state,
        deployment: { ...state.deployment, resources: [...(stack ? [{ ...stack, outputs: {} }] : []), ...plain] },
    };
}

function nameOf(urn: string): string {
    return urn.split("::").slice(3).join("::");
}

/** A URN has the types of the component that the resource is in. */
function urnWithoutParents(urn: string, type: string): string {
    const [prefix, project] = urn.split("::");
    return [prefix, project, type, nameOf(urn)].join("::");
}

/** The class of a type such as `kubernetes:core/v1:Service`. */
function classOf(type: string): string {
    const [, group = "", version = "", kind = ""] = /^kubernetes:(.+)\/(.+):(.+)$/.exec(type) ?? [];
    const module = MODULES[group];
    return module === undefined ? "k8s.apiextensions.CustomResource" : `k8s.${module}.${version}.${kind}`;
}
