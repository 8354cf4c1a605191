import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { cloneDirectory } from "../paths";
import { istioVersion } from "../settings";
import { canBeAssembled, catalog } from "./catalog";
import { originOf } from "./origin";

interface LocalStack {
    config: { "bookinfo-mesh:istio": Record<string, unknown> };
}

const stack = parse(fs.readFileSync(path.join(cloneDirectory, "Pulumi.local.yaml"), "utf8")) as LocalStack;
const istio = stack.config["bookinfo-mesh:istio"];
const sections = Object.entries(istio) as [string, { enabled?: boolean; image?: string; version?: string }][];
const images = sections.filter(([, { image }]) => image !== undefined);
const find = (image: string | undefined) => catalog.find(({ name }) => name === image);

describe("the catalog", () => {
    it.each(images)("has the image of the stack local for %s", (_, { image }) => {
        expect(find(image)).toBeDefined();
    });

    it("can assemble the image of each add-on that the stack local enables, if no registry is reachable", () => {
        const enabled = images.filter(([, { enabled = true }]) => enabled);
        expect(enabled.map(([name]) => name).sort()).toEqual(["prometheus", "servicegraph", "tracing"]);
        for (const [, { image }] of enabled) {
            expect(find(image)).toHaveProperty("layers");
        }
    });

    it("has Istio and Kiali in the versions of the stack local", () => {
        expect(istio.version).toBe(istioVersion);
        expect(find(`quay.io/kiali/kiali:v${(istio.kiali as { version: string }).version}`)).toBeDefined();
    });

    it("names each image once, with registry and tag", () => {
        const names = catalog.map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
        for (const name of names) {
            expect(name).toMatch(/^[a-z0-9.]+\/[a-z/0-9-]+:[\w.-]+$/);
        }
    });
});

describe("originOf", () => {
    const only = (part: string) => catalog.filter(({ name }) => name.includes(part));
    const nothing = { pulled: [], assembled: [], absent: [] };

    it("distinguishes built images from stand-ins", () => {
        const assembled = [...only("prometheus"), ...only("productpage")].filter(canBeAssembled);
        expect(originOf({ ...nothing, assembled })).toMatch(
            /^prometheus:v[\d.]+ assembled .*; STAND-INS of this project: examples-bookinfo-productpage-v1:[\d.]+$/,
        );
    });

    it("names absent images", () => {
        expect(originOf({ ...nothing, pulled: only("istio"), absent: only("grafana") })).toMatch(
            /^\d+ pulled; absent, because they can only be pulled: grafana:[\d.]+$/,
        );
    });
});
