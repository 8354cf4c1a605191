import { readFileSync } from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { parseConfig } from "../../config";
import { localFiles } from "../../config/files";
import { leaves, ROOT } from "../../config/keys";

const read = (file: string) =>
    parse(readFileSync(path.join(__dirname, "../..", file), "utf8")) as Record<string, unknown>;

describe("Pulumi.yaml", () => {
    const project = read("Pulumi.yaml");
    const config = project.config as Record<string, unknown>;

    it("declares the keys of the schema, and no others", () => {
        const declared = Object.entries(config).filter(([key]) => !key.includes(":"));
        expect(Object.fromEntries(declared)).toEqual(
            Object.fromEntries(
                ROOT.children.map(({ path, description, fallback }) => [
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

    it("leaves no Kubernetes resource to the default provider", () => {
        expect(config["pulumi:disable-default-providers"]).toEqual({ value: ["kubernetes"] });
    });

    it("starts the program without a type check", () => {
        expect(project).toMatchObject({
            name: "bookinfo-mesh",
            runtime: { name: "nodejs", options: { tsconfig: "tsconfig.pulumi.json" } },
        });
    });
});

test("every key is described", () => {
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

    expect(cluster.context).toBe("bookinfo-mesh");
    expect(istio).toMatchObject({ tag: "1.31.0", chartRepository: "/run/bookinfo-mesh/charts" });
    // Helm writes these into environment variables, which are strings.
    expect(istio.values.istiod).toMatchObject({
        pilot: { env: { PILOT_ENABLE_ALPN_FILTER: "false", PILOT_ENABLE_METADATA_EXCHANGE: "false" } },
    });
});
