import { parseConfig } from "../../config";
import type { Files } from "../../config/files";
import type { StackFile } from "./program";
import { issueLines } from "./issueLines";

/* Credentials in the config: what is accepted, and that no error shows one. The config of a company with its own mirror. */

const files: Files = {
    read: () => "clusters: [{name: c, cluster: {server: s}}]\ncontexts: [{name: here, context: {cluster: c}}]",
    exists: () => true,
    home: "/home/me",
};
const cluster = { kind: "kubeconfig", path: "~/config", context: "here" };
const PASSWORD = "hunter2-marker";
const charts = "https://charts.example.com/istio";

function parse(stackFile: StackFile, secret: string[] = []) {
    const raw = Object.entries({ cluster, ...stackFile }).map(([key, value]) => [key, JSON.stringify(value)]);
    return parseConfig(Object.fromEntries(raw) as Record<string, string>, { files, secret });
}

/** The lines of the error, one for each issue. */
function issues(stackFile: StackFile, secret?: string[]): string[] {
    return issueLines(() => parse(stackFile, secret));
}

const encoded = (text: string) => Buffer.from(text).toString("base64");

describe("A3: credentials in a URL", () => {
    const chartCredentials = /--secret --path istio\.chartCredentials\.password/;

    it.each<[string, StackFile, string, RegExp]>([
        [
            "a chart repository",
            { istio: { chartRepository: `https://me:${PASSWORD}@charts.example.com/istio` } },
            "istio.chartRepository",
            chartCredentials,
        ],
        [
            "a token without a user",
            { istio: { chartRepository: `https://${PASSWORD}@charts.example.com/istio` } },
            "istio.chartRepository",
            chartCredentials,
        ],
        [
            "an OCI registry",
            { istio: { chartRepository: `oci://me:${PASSWORD}@charts.example.com/istio` } },
            "istio.chartRepository",
            chartCredentials,
        ],
        [
            "Kiali's repository",
            { istio: { kiali: { chartRepository: `http://me:${PASSWORD}@charts.example.com` } } },
            "istio.kiali.chartRepository",
            /--secret --path istio\.kiali\.chartCredentials\.password/,
        ],
        [
            "a mirror",
            { images: { mirror: `me:${PASSWORD}@mirror.example.com/docker` } },
            "images.mirror",
            /--secret --path images\.dockerConfig < FILE/,
        ],
        [
            "a mirror with a scheme",
            { images: { mirror: `https://me:${PASSWORD}@mirror.example.com` } },
            "images.mirror",
            /images\.dockerConfig/,
        ],
        ["a hub", { istio: { hub: `me:${PASSWORD}@mirror.example.com/istio` } }, "istio.hub", /images\.dockerConfig/],
        [
            "an image",
            { istio: { grafana: { image: `me:${PASSWORD}@mirror.example.com/grafana/grafana:1` } } },
            "istio.grafana.image",
            /images\.dockerConfig/,
        ],
        [
            "a Helm value",
            { istio: { values: { kiali: { external_services: { url: `http://me:${PASSWORD}@prometheus` } } } } },
            "istio.values.kiali.external_services.url",
            /--secret --path istio\.values\.kiali\.external_services\.url/,
        ],
    ])("are refused in %s, with the key that takes them", (_, stackFile, key, remedy) => {
        const [line = "", ...others] = issues(stackFile);
        expect(others).toEqual([]);
        expect(line).toContain(`  ${key} = "[secret]": it has a user or a password in it`);
        expect(line).toMatch(remedy);
        expect(line).toContain("Then replace the password");
        expect(line).not.toContain(PASSWORD);
    });

    it("are accepted in Helm values that are secrets", () => {
        const values = { kiali: { external_services: { url: `http://me:${PASSWORD}@prometheus` } } };
        expect(issues({ istio: { values } }, ["istio"])).toEqual([]);
    });

    it("are not shown by other errors about the same value", () => {
        // The slash ends the host, so this is no URL.
        const broken = issues({ istio: { chartRepository: `https://me:${PASSWORD}/x@charts.example.com` } });
        expect(broken).toEqual([
            expect.stringContaining('"https://***@charts.example.com": it is neither a URL nor a'),
        ]);
    });

    it("are not confused with a digest, a path or a label", () => {
        const image = `registry.example:5000/grafana/grafana:1@sha256:${"0".repeat(64)}`;
        const rules = [{ name: "g", rules: [{ alert: "A", expr: "a:b@5", annotations: { see: "https://wiki/@me" } }] }];
        const istio = {
            grafana: { image },
            chartRepository: "https://charts.example/@team/istio",
            prometheus: { rules },
        };
        expect(issues({ istio })).toEqual([]);
    });
});

describe("A3: credentials of a chart repository", () => {
    const chartCredentials = { username: "me", password: PASSWORD };

    it("are accepted for repositories of one's own", () => {
        const kiali = { chartRepository: "oci://charts.example.com/kiali", chartCredentials };
        const { istio } = parse({ istio: { chartRepository: charts, chartCredentials, kiali } });
        expect(istio.chartCredentials).toEqual(chartCredentials);
        expect(istio.kiali.chartCredentials).toEqual(chartCredentials);
    });

    it.each<[string, object, string, RegExp]>([
        ["a directory", { chartRepository: "/charts", chartCredentials }, "istio.chartCredentials", /wants no cred/],
        ["the public repository", { chartCredentials }, "istio.chartCredentials", /the public one, which must not get/],
        [
            "Kiali's public repository",
            { kiali: { chartCredentials } },
            "istio.kiali.chartCredentials",
            /istio\.kiali\.chartRepository is the public one/,
        ],
        [
            "no password",
            { chartRepository: charts, chartCredentials: { username: "me" } },
            "istio.chartCredentials.password",
            /is not set: it is required; .*Run: pulumi config set --secret --path istio\.chartCredentials\.password$/,
        ],
        [
            "a name with a colon",
            { chartRepository: charts, chartCredentials: { ...chartCredentials, username: `me:${PASSWORD}` } },
            "istio.chartCredentials.username",
            /has a colon/,
        ],
        [
            "a number",
            { chartRepository: charts, chartCredentials: { username: "me", password: 4711 } },
            "istio.chartCredentials.password",
            /in YAML it needs quotes/,
        ],
        [
            "a text instead of an object",
            { chartRepository: charts, chartCredentials: `me:${PASSWORD}` },
            "istio.chartCredentials",
            /it is a string and not an object/,
        ],
        [
            "a misspelt key",
            { chartRepository: charts, chartCredentails: chartCredentials },
            "istio.chartCredentails",
            /did you mean istio\.chartCredentials/,
        ],
    ])("are refused with %s", (_, istio, key, message) => {
        const [line = "", ...others] = issues({ istio });
        expect(others).toEqual([]);
        expect(line).toContain(`  ${key} `);
        expect(line).toMatch(message);
        expect(line).not.toMatch(new RegExp(`${PASSWORD}|4711`));
    });

    it("are not shown if a whole section is a text", () => {
        const lines = issues({ istio: `password ${PASSWORD}`, images: `{"auths": "${PASSWORD}"}` });
        expect(lines).toHaveLength(2);
        expect(lines.join()).not.toContain(PASSWORD);
    });
});

describe("A4: credentials for images", () => {
    const read = (dockerConfig: unknown) => parse({ images: { dockerConfig } }).images.dockerConfig;
    const entry = { username: "me", password: PASSWORD };

    it("are the auths of a Docker config, as text or as an object, and nothing else of it", () => {
        const auths = {
            "mirror.example.com": entry,
            "https://index.docker.io/v1/": { auth: encoded(`me:${PASSWORD}`) },
        };
        const config = {
            auths: { ...auths, "empty.example.com": {} },
            proxies: { default: {} },
            credsStore: "desktop",
        };
        expect(JSON.parse(read(JSON.stringify(config)) ?? "")).toEqual({ auths });
        expect(JSON.parse(read(config) ?? "")).toEqual({ auths });
    });

    const host = "mirror.example.com";
    it.each<[string, unknown, RegExp]>([
        ["text that is not JSON", PASSWORD, /it is not a JSON object/],
        ["a list", `["${PASSWORD}"]`, /it is not a JSON object/],
        ["no auths", { HttpHeaders: { Authorization: PASSWORD } }, /it has no auths/],
        ["auths that are a list", { auths: [PASSWORD] }, /its auths are not an object/],
        ["a credential store", { auths: {}, credsStore: "desktop" }, /keep the passwords on this machine/],
        ["credential helpers", { credHelpers: { [host]: "gcloud" } }, /keep the passwords on this machine/],
        ["a login in a credential store", { auths: { [host]: {} }, credsStore: "pass" }, /keep the passwords on this/],
        [
            "an entry without a password",
            { auths: { [host]: { username: PASSWORD } } },
            /entry for mirror\.example\.com/,
        ],
        [
            "an auth without a colon",
            { auths: { [host]: { auth: encoded(PASSWORD) } } },
            /entry for mirror\.example\.com/,
        ],
        ["an auth in clear text", { auths: { [host]: { auth: `me:${PASSWORD}` } } }, /entry for mirror\.example\.com/],
        ["an entry that is a text", { auths: { [host]: PASSWORD } }, /entry for mirror\.example\.com/],
        ["a key with credentials", { auths: { [`me:${PASSWORD}@${host}`]: entry } }, /not the host of a registry/],
    ])("are refused: %s, without a word of it, and with a form that works", (_, dockerConfig, message) => {
        const [line = "", ...others] = issues({ images: { dockerConfig } });
        expect(others).toEqual([]);
        expect(line).toContain('  images.dockerConfig = "[secret]": ');
        expect(line).toMatch(message);
        expect(line).toContain('allowed: {"auths": {"HOST": {"username": "USER", "password": "PASSWORD"}}}.');
        expect(line).toMatch(/Run: pulumi config set --secret --path images\.dockerConfig < FILE$/);
        expect(line).not.toMatch(new RegExp(`${PASSWORD}|${encoded(PASSWORD).slice(0, 12)}`));
    });

    it.each<[string, object, string]>([
        ["mirror", { mirror: "https://mirror.example.com/docker" }, "it is not a registry and path"],
        ["mirror", { mirror: "mirror.example.com/docker/" }, "it is not a registry and path"],
        ["mirror", { mirror: "mycompany/docker" }, "it does not begin with the host of a registry"],
        ["mirror", { mirror: "" }, "it is not a registry and path"],
        ["pullSecrets", { pullSecrets: "regcred" }, "it is a string and not a list"],
        ["pullSecrets[1]", { pullSecrets: ["regcred", "Reg_Cred"] }, "it is not a name for a Secret"],
        ["pullSecrets", { pullSecrets: ["a", "a"] }, "a name is in it twice"],
        ["pullSecrets[0]", { pullSecrets: ["image-registries"] }, "the program itself makes a Secret of this name"],
    ])("images.%s is refused: %j", (key, images, message) => {
        const [line = "", ...others] = issues({ images });
        expect(others).toEqual([]);
        expect(line).toContain(`  images.${key} = `);
        expect(line).toContain(message);
    });
});

describe("A4: a mirror", () => {
    const mirror = "mirror.example.com:8443/docker";
    const at = (path: string) => expect.stringMatching(`^${mirror.replaceAll(".", "\\.")}/${path}`) as string;

    it("has every image under the path that it has at home, with its digest", () => {
        const { istio, bookinfo } = parse({ images: { mirror } });
        expect(istio.hub).toBe(`${mirror}/istio`);
        expect(bookinfo.registry).toBe(`${mirror}/istio`);
        expect(istio.tracing.image).toEqual(at("jaegertracing/jaeger:[0-9.]+@sha256:[0-9a-f]{64}$"));
        expect(istio.prometheus.image).toEqual(at("prom/prometheus:v[0-9.]+@sha256:[0-9a-f]{64}$"));
        expect(istio.grafana.image).toEqual(at("grafana/grafana:[0-9.]+@sha256:[0-9a-f]{64}$"));
        expect(istio.servicegraph.image).toEqual(at("library/node:[0-9a-z.-]+$"));
        expect(istio.kiali.image).toBe(`${mirror}/kiali/kiali`);
        expect(istio.pinned).toEqual({
            pilot: at("istio/pilot:[0-9.]+@sha256:[0-9a-f]{64}$"),
            proxy: at("istio/proxyv2:[0-9.]+@sha256:[0-9a-f]{64}$"),
            cni: at("istio/install-cni:[0-9.]+@sha256:[0-9a-f]{64}$"),
        });
    });

    it.each<[string, object]>([
        ["another version", { version: "1.31.0" }],
        ["another tag", { tag: "1.31.1-distroless" }],
        ["a registry of the user's own", { hub: "other.example.com/istio" }],
        ["a tag in the Helm values", { values: { istiod: { global: { tag: "mine" } } } }],
        ["a variant in the Helm values", { values: { cni: { global: { variant: "distroless" } } } }],
    ])("has no digest for Istio's images with %s, because it would win", (_, istio) => {
        const { cni } = { ...istio } as { cni?: object };
        expect(parse({ istio: { ...istio, cni: { enabled: true, ...cni } } }).istio).not.toHaveProperty("pinned");
    });

    it("has no digest for Kiali's image with another version, or if Helm values choose it", () => {
        const digest = (istio: object) => parse({ istio }).istio.kiali.digest;
        expect(digest({})).toMatch(/^[0-9a-f]{64}$/);
        expect(digest({ kiali: { version: "2.30.0" } })).toBeUndefined();
        expect(digest({ values: { kiali: { deployment: { image_version: "v2.31.1" } } } })).toBeUndefined();
    });

    it("gives way to a key for one image, even if that has its default value", () => {
        const image = "docker.io/library/node:24.21.0-bookworm-slim";
        const { istio, bookinfo } = parse({
            images: { mirror },
            istio: { hub: "other.example.com/istio", servicegraph: { image } },
            bookinfo: { registry: "docker.io/istio" },
        });
        expect(istio.hub).toBe("other.example.com/istio");
        expect(istio.servicegraph.image).toBe(image);
        expect(bookinfo.registry).toBe("docker.io/istio");
        expect(istio.grafana.image).toEqual(at("grafana/grafana:"));
    });
});
