import { readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

/**
 * The shape of a resource's inputs, read from the type declarations of the installed @pulumi/gcp. They are generated from the schema
 * with which the real provider checks its inputs.
 */
export type Shape =
    | { kind: "string" | "number" | "boolean" | "any" }
    | { kind: "list" | "map"; of: Shape }
    | { kind: "object"; fields: () => Fields };

/** The fields of an object, by name. */
export type Fields = ReadonlyMap<string, { required: boolean; shape: Shape }>;

/** How the engine encodes an unknown value (@pulumi/pulumi, runtime/rpc: unknownValue). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** An error in an input of a resource. */
export interface InputError {
    property: string;
    reason: string;
}

const SDK = path.dirname(require.resolve("@pulumi/gcp/package.json"));

/**
 * The inputs of a resource.
 * @param module such as `container/cluster`, whose declarations hold the interface `ClusterArgs`
 */
export function inputFields(module: string): Fields {
    const read = inputs.get(module) ?? readInputs(module);
    inputs.set(module, read);
    return read;
}

const inputs = new Map<string, Fields>();

function readInputs(module: string): Fields {
    const name = path.basename(module);
    const source = readFileSync(path.join(SDK, `${module}.d.ts`), "utf8");
    const args = `${name.charAt(0).toUpperCase()}${name.slice(1)}Args`.toLowerCase();
    const declaration = parse(source).statements.find(
        (statement): statement is ts.InterfaceDeclaration =>
            ts.isInterfaceDeclaration(statement) && statement.name.text.toLowerCase() === args,
    );
    if (!declaration) {
        throw new Error(`@pulumi/gcp declares no inputs in ${module}.d.ts`);
    }
    return fieldsOf(declaration);
}

/** The errors in the shape of inputs. */
export function checkFields(fields: Fields, values: Record<string, unknown>, at = ""): InputError[] {
    const property = (name: string) => (at === "" ? name : `${at}.${name}`);
    const missing = [...fields]
        .filter(([name, field]) => field.required && (values[name] ?? undefined) === undefined)
        .map(([name]) => ({ property: property(name), reason: `Missing required argument: "${name}" is required` }));
    const given = Object.entries(values).flatMap(([name, value]) => {
        const field = fields.get(name);
        return field
            ? checkValue(field.shape, value, property(name))
            : [{ property: property(name), reason: "Invalid or unknown key" }];
    });
    return [...missing, ...given];
}

function checkValue(shape: Shape, value: unknown, property: string): InputError[] {
    if (value === null || value === undefined || value === UNKNOWN || shape.kind === "any") {
        return [];
    }
    switch (shape.kind) {
        case "list":
            return Array.isArray(value)
                ? value.flatMap((item, index) => checkValue(shape.of, item, `${property}[${String(index)}]`))
                : [wrongType("a list", value, property)];
        case "map":
            return isObject(value)
                ? Object.entries(value).flatMap(([key, item]) => checkValue(shape.of, item, `${property}.${key}`))
                : [wrongType("a map", value, property)];
        case "object":
            return isObject(value)
                ? checkFields(shape.fields(), value, property)
                : [wrongType("an object", value, property)];
        default:
            return typeof value === shape.kind ? [] : [wrongType(`a ${shape.kind}`, value, property)];
    }
}

function wrongType(wanted: string, value: unknown, property: string): InputError {
    return { property, reason: `Expected ${wanted}, got ${JSON.stringify(value)}` };
}

export function isObject(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fieldsOf(declaration: ts.InterfaceDeclaration): Fields {
    return new Map(
        declaration.members
            .filter(ts.isPropertySignature)
            .map((member) => [
                (member.name as ts.Identifier).text,
                { required: member.questionToken === undefined, shape: shapeOf(member.type) },
            ]),
    );
}

/** The shape of a type in the SDK, such as `pulumi.Input<pulumi.Input<inputs.container.Taint>[] | undefined>`. */
function shapeOf(type: ts.TypeNode | undefined): Shape {
    if (type === undefined) {
        return { kind: "any" };
    }
    if (ts.isUnionTypeNode(type)) {
        return shapeOf(type.types.find(({ kind }) => kind !== ts.SyntaxKind.UndefinedKeyword));
    }
    if (ts.isArrayTypeNode(type)) {
        return { kind: "list", of: shapeOf(type.elementType) };
    }
    if (ts.isTypeLiteralNode(type)) {
        const [index] = type.members;
        return { kind: "map", of: shapeOf(index && ts.isIndexSignatureDeclaration(index) ? index.type : undefined) };
    }
    if (ts.isTypeReferenceNode(type)) {
        const name = type.typeName.getText();
        if (name === "pulumi.Input") {
            return shapeOf(type.typeArguments?.[0]);
        }
        const [, module, nested] = /^inputs\.(\w+)\.(\w+)$/.exec(name) ?? [];
        return module && nested ? { kind: "object", fields: () => nestedFields(module, nested) } : { kind: "any" };
    }
    switch (type.kind) {
        case ts.SyntaxKind.StringKeyword:
            return { kind: "string" };
        case ts.SyntaxKind.NumberKeyword:
            return { kind: "number" };
        case ts.SyntaxKind.BooleanKeyword:
            return { kind: "boolean" };
        default:
            return { kind: "any" };
    }
}

const nested = new Map<string, Map<string, ts.InterfaceDeclaration>>();

function nestedFields(module: string, name: string): Fields {
    const declarations = nested.get(module) ?? readNested(module);
    nested.set(module, declarations);
    const declaration = declarations.get(name);
    if (!declaration) {
        throw new Error(`@pulumi/gcp does not declare inputs.${module}.${name}`);
    }
    return fieldsOf(declaration);
}

/** The declarations of a module's nested inputs. Only these are parsed, because the whole file has 6 MB. */
function readNested(module: string): Map<string, ts.InterfaceDeclaration> {
    const all = readFileSync(path.join(SDK, "types", "input.d.ts"), "utf8");
    const head = `export declare namespace ${module} {\n`;
    const start = all.indexOf(head);
    const end = all.indexOf("\n}\n", start);
    const declarations = parse(all.slice(start + head.length, end)).statements.filter(ts.isInterfaceDeclaration);
    return new Map(declarations.map((declaration) => [declaration.name.text, declaration]));
}

function parse(text: string): ts.SourceFile {
    const { ParseNone: jsDocParsingMode } = ts.JSDocParsingMode;
    return ts.createSourceFile(
        "inputs.d.ts",
        text,
        { languageVersion: ts.ScriptTarget.Latest, jsDocParsingMode },
        true,
    );
}
