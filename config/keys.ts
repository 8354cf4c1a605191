import * as z from "zod";
import { SECTIONS } from "./schema";

/** A key of the config, at any depth. */
export interface Key {
    path: string[];
    /** What is allowed, in words. */
    allowed: string;
    /** The default, in words; undefined for a required key. */
    fallback?: string;
    /** A value for a command that sets the key. */
    example?: string;
    description: string;
    /** Whether its value must never be shown. */
    secret: boolean;
    /** Whether a command reads its value from a file. */
    fromFile: boolean;
    /** The keys below this one. An object with arbitrary content, such as Helm values, has no children. */
    children: Key[];
}

interface Node {
    type?: string;
    enum?: unknown[];
    default?: unknown;
    properties?: Record<string, Node>;
    required?: string[];
    /** The kinds of objects that are possible here. */
    oneOf?: Node[];
    allowed?: string;
    fallback?: string;
    example?: unknown;
    description?: string;
    secret?: boolean;
    fromFile?: boolean;
}

let known: Key | undefined;

/** The root of all keys, from the schema. It is made only if it is needed, because most configs have no error. */
export function root(): Key {
    return (known ??= keyOf([], z.toJSONSchema(z.strictObject(SECTIONS), { io: "input" }) as Node, true));
}

/** Every key without children, in the order of the schema. */
export function leaves(key = root()): Key[] {
    return key.children.length === 0 ? [key] : key.children.flatMap(leaves);
}

/** The key at a path; undefined if the config has no such key. */
export function keyAt(path: string[]): Key | undefined {
    return path.reduce<Key | undefined>((key, name) => key?.children.find(({ path }) => path.at(-1) === name), root());
}

/** The key at a path, or the key of the list or object whose entry the path is. */
export function keyHolding(path: string[]): Key | undefined {
    const whole = keyAt(path.slice(0, -1));
    return keyAt(path) ?? (whole?.children.length === 0 ? whole : undefined);
}

function keyOf(path: string[], node: Node, required: boolean): Key {
    const fallback = node.fallback ?? (node.default === undefined ? undefined : inWords(node.default));
    return {
        path,
        allowed: node.allowed ?? allowedBy(node),
        fallback: fallback ?? (required ? undefined : "none"),
        // `pulumi config set` accepts neither objects nor lists.
        example: /^(?:object|array)$/.test(node.type ?? "") ? undefined : inWords(node.example ?? node.default ?? ""),
        description: node.description ?? "",
        secret: node.secret ?? false,
        fromFile: node.fromFile ?? false,
        children: childrenOf(path, node),
    };
}

/** The keys below a node: those of all kinds of objects that are possible there. A common key is listed once. */
function childrenOf(path: string[], node: Node): Key[] {
    const own = Object.entries(node.properties ?? {}).map(([name, child]) =>
        keyOf([...path, name], child, node.required?.includes(name) ?? false),
    );
    const all = [...own, ...(node.oneOf ?? []).flatMap((kind) => childrenOf(path, kind))];
    return all.filter((key, index) => all.findIndex((other) => other.path.at(-1) === key.path.at(-1)) === index);
}

function allowedBy({ enum: values, type }: Node): string {
    if (values) {
        return alternatives(values.map(String));
    }
    return type === "boolean" ? "true or false" : (type ?? "anything");
}

function inWords(value: unknown): string {
    return typeof value === "string" ? value : JSON.stringify(value);
}

/** `a`, `a or b`, `a, b or c`. */
export function alternatives(values: string[]): string {
    return values.length < 2 ? values.join() : `${values.slice(0, -1).join(", ")} or ${values.at(-1) ?? ""}`;
}
