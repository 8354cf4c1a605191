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
    it("is the stack's values over the defaults, in the program's form", () => {
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

    it("lets overrides win", () => {
        const { config } = resolve({ "mesh:cluster": { context: "a" } }, { cluster: { context: "b" } });
        expect(config["mesh:cluster"]).toBe('{"context":"b"}');
    });

    it("takes numbers as text, as the engine does", () => {
        expect(resolve({ cluster: {}, count: "3" }).faults).toEqual([]);
    });

    it("names everything that is missing, of another type or encrypted", () => {
        expect(resolve({ istio: "on", count: 1.5, deep: { list: [{ secure: "v1:abc" }] } }).faults).toEqual([
            'mesh:cluster: stack "dev" has no value for it, and it has no default',
            'mesh:istio: must be of type object, not the text "on"',
            "mesh:count: must be of type integer, not 1.5",
            "mesh:deep: is encrypted; only the Pulumi CLI can read it",
        ]);
    });

    it("does without a stack file", () => {
        expect(resolve(undefined, { cluster: {} }).faults).toEqual([]);
    });
});

describe("secrets on Pulumi's wire", () => {
    const signature = "4dabf18193072939515e22adb298388d";
    const secret = (value: unknown) => ({ [signature]: "1b47061264138c4ac30d75fd1eb44270", value });

    it("are unwrapped, and their places told", () => {
        expect(unwrapSecrets({ a: 1, b: { c: secret("x") }, d: [secret({ e: "y" })] })).toEqual({
            value: { a: 1, b: { c: "x" }, d: [{ e: "y" }] },
            secrets: ["b.c", "d[0]"],
        });
        expect(unwrapSecrets(secret("all"))).toEqual({ value: "all", secrets: [""] });
    });

    it("are not mistaken for other special values", () => {
        expect(() => unwrapSecrets({ file: { [signature]: "c44067f5952c0a294b673a41bacd8c17" } })).toThrow(
            "file is an asset",
        );
    });
});
