import { unwrapSecrets } from "../../shared/secrets";
import { resolveStackConfig } from "./stackConfig";

const projectFile = {
    config: {
        cluster: { type: "object" },
        istio: { type: "object", default: {} },
        count: { type: "integer", default: 1 },
        "pulumi:disable-default-providers": { value: ["kubernetes"] },
    },
};
const resolve = (config?: object, overrides?: Record<string, unknown>) =>
    resolveStackConfig({ project: "mesh", stack: "dev", projectFile, stackFile: config && { config }, overrides });

describe("the config of a stack", () => {
    it("has the stack's values, and defaults for the rest, in the program's form", () => {
        expect(resolve({ "mesh:cluster": { kind: "kubeconfig" }, istio: { version: "1.31.0" }, other: true })).toEqual({
            faults: [],
            config: {
                "mesh:cluster": '{"kind":"kubeconfig"}',
                "mesh:istio": '{"version":"1.31.0"}',
                "mesh:count": "1",
                "mesh:other": "true",
                "pulumi:disable-default-providers": '["kubernetes"]',
            },
        });
    });

    it("has the overrides in place of the stack's values", () => {
        const { config } = resolve({ "mesh:cluster": { context: "a" } }, { cluster: { context: "b" } });
        expect(config["mesh:cluster"]).toBe('{"context":"b"}');
    });

    it("has the keys of objects in the engine's order, but lists as they are", () => {
        const { config } = resolve({ cluster: { b: [{ d: 1, c: 2 }, "a"], a: { z: null, y: "" } } });
        expect(config["mesh:cluster"]).toBe('{"a":{"y":"","z":null},"b":[{"c":2,"d":1},"a"]}');
    });

    it("accepts numbers as text, like the engine", () => {
        expect(resolve({ cluster: {}, count: "3" }).faults).toEqual([]);
    });

    it("names all values that are missing, of the wrong type or encrypted", () => {
        expect(resolve({ istio: "on", count: 1.5, deep: { list: [{ secure: "v1:abc" }] } }).faults).toEqual([
            'mesh:cluster: has no value in stack "dev", and no default',
            "mesh:istio: must be of type object, not a text",
            "mesh:count: must be of type integer, not 1.5",
            "mesh:deep: is encrypted; only the Pulumi CLI can read it",
        ]);
    });

    it("A3: shows no text, list or object of the wrong type, which can have a password", () => {
        for (const istio of ["marker", ["marker"]]) {
            expect(resolve({ cluster: {}, istio }).faults.join()).not.toContain("marker");
        }
        expect(resolve({ cluster: {}, count: { password: "marker" } }).faults).toEqual([
            "mesh:count: must be of type integer, not an object",
        ]);
    });

    it("needs no stack file", () => {
        expect(resolve(undefined, { cluster: {} }).faults).toEqual([]);
    });
});

describe("secrets in Pulumi's protocol", () => {
    const signature = "4dabf18193072939515e22adb298388d";
    const secret = (value: unknown) => ({ [signature]: "1b47061264138c4ac30d75fd1eb44270", value });

    it("are unwrapped, and their paths are listed", () => {
        expect(unwrapSecrets({ a: 1, b: { c: secret("x") }, d: [secret({ e: "y" })] })).toEqual({
            value: { a: 1, b: { c: "x" }, d: [{ e: "y" }] },
            secrets: ["b.c", "d[0]"],
        });
        expect(unwrapSecrets(secret("all"))).toEqual({ value: "all", secrets: [""] });
    });

    it("are not confused with other special values", () => {
        expect(() => unwrapSecrets({ file: { [signature]: "c44067f5952c0a294b673a41bacd8c17" } })).toThrow(
            "file is an asset",
        );
    });
});
