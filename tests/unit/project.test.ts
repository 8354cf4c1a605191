import { readFileSync } from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { parseConfig } from "../../config";
import { localFiles } from "../../config/files";
import { keyAt, leaves, root } from "../../config/keys";
import { onGoogle, runProgram } from "./program";

const read = (file: string) =>
    parse(readFileSync(path.join(__dirname, "../..", file), "utf8")) as Record<string, unknown>;

describe("Pulumi.yaml", () => {
    const project = read("Pulumi.yaml");
    const config = project.config as Record<string, unknown>;

    it("declares the keys of the schema, and no others", () => {
        const declared = Object.entries(config).filter(([key]) => !key.includes(":"));
        expect(Object.fromEntries(declared)).toEqual(
            Object.fromEntries(
                root().children.map(({ path, description, fallback }) => [
                    path.join("."),
                    {
                        type: "object",
                        description,
                        // Without a default the engine refuses a stack that does not set the key.
                        ...(fallback === undefined ? {} : { default: {} }),
                    },
                ]),
            ),
        );
    });

    it("disables the default provider of Kubernetes", () => {
        expect(config["pulumi:disable-default-providers"]).toEqual({ value: ["kubernetes"] });
    });

    it("starts the program without a compiler", () => {
        expect(project).toMatchObject({
            name: "bookinfo-mesh",
            runtime: {
                name: "nodejs",
                options: {
                    typescript: false,
                    nodeargs: expect.stringContaining("--require ./packages/compile/host.js ") as string,
                },
            },
        });
    });
});

describe("pulumi new", () => {
    const { config: asked } = read("Pulumi.yaml").template as {
        config: Record<string, { description: string; default?: string }>;
    };
    const { config: preset } = read("Pulumi.dev.yaml") as { config: Record<string, unknown> };

    it("asks for keys without a default, and only for keys that the program reads", () => {
        const read = ["gcp:project", "gcp:zone", "gcp:region", ...root().children.map(({ path }) => path.join("."))];
        for (const [key, { description }] of Object.entries(asked)) {
            expect(read).toContain(key);
            expect(description).toMatch(/^[A-Z].+[^.]$/);
        }
        const withoutDefault = Object.entries(asked).filter(([, question]) => question.default === undefined);
        expect(withoutDefault.map(([key]) => key)).toEqual(["gcp:project"]);
    });

    it("asks for everything else: Pulumi.dev.yaml sets all other keys without a default", () => {
        const unset = root().children.filter(({ path, fallback }) => {
            const key = path.join(".");
            return fallback === undefined && !(key in asked) && !(`bookinfo-mesh:${key}` in preset);
        });
        expect(unset).toEqual([]);
        const raw = Object.entries(preset).map(([key, value]) => [
            key.replace("bookinfo-mesh:", ""),
            JSON.stringify(value),
        ]);
        const google = { project: "bookinfo-test", zone: asked["gcp:zone"]?.default };
        const { cluster, app } = parseConfig(Object.fromEntries(raw) as Record<string, string>, { google });
        expect(cluster).toMatchObject({ kind: "gke", location: { name: "us-central1-a" } });
        expect(app.namespace).toBe("default");
    });

    it("has the same default zone as the program", () => {
        expect(asked["gcp:zone"]?.default).toBe(keyAt(["cluster", "location"])?.fallback?.split(" ").at(-1));
    });
});

test("the stack's README uses only existing outputs", async () => {
    const readme = readFileSync(path.join(__dirname, "../../Pulumi.README.md"), "utf8");
    const named = [...readme.matchAll(/\$\{outputs\.(\w+)\}/g)].map(([, name]) => name ?? "");
    expect(named.length).toBeGreaterThan(0);
    const { outputs } = await runProgram(onGoogle());
    expect(Object.keys(outputs)).toEqual(expect.arrayContaining(named));
    expect(named.filter((name) => outputs[name]?.secret)).toEqual([]);
    expect(outputs.readme?.value).toBe(readme);
});

test("every key has a description", () => {
    for (const { path, description, allowed } of leaves()) {
        expect([path, description]).toEqual([path, expect.stringMatching(/^[A-Za-z].+\.$/)]);
        expect([path, allowed]).toEqual([path, expect.stringMatching(/.+/)]);
    }
});

test("Pulumi.local.yaml is a valid config of the sandbox", () => {
    const kubeconfig = `
        clusters: [{ name: c, cluster: { server: https://198.51.100.10:6443 } }]
        contexts: [{ name: bookinfo-mesh, context: { cluster: c } }]`;
    const published = "/run/bookinfo-mesh/";
    const files = {
        ...localFiles,
        read: (file: string) => (file === `${published}kubeconfig` ? kubeconfig : ""),
        exists: (file: string) => file.startsWith(`${published}charts/`),
    };
    const { config } = read("Pulumi.local.yaml") as { config: Record<string, unknown> };
    const raw = Object.entries(config).map(([key, value]) => [
        key.replace("bookinfo-mesh:", ""),
        JSON.stringify(value),
    ]);
    const { cluster, istio } = parseConfig(Object.fromEntries(raw) as Record<string, string>, { files });

    expect(cluster).toMatchObject({ kind: "kubeconfig", context: "bookinfo-mesh" });
    expect(istio).toMatchObject({ tag: "1.31.0", chartRepository: "/run/bookinfo-mesh/charts" });
    // Helm writes these into environment variables, so they must be strings.
    expect(istio.values.istiod).toMatchObject({
        pilot: { env: { PILOT_ENABLE_ALPN_FILTER: "false", PILOT_ENABLE_METADATA_EXCHANGE: "false" } },
    });
});
