import * as path from "node:path";
import { parseConfig } from "../../config";
import type { Files } from "../../config/files";
import type { StackFile } from "./program";
import { issueLines } from "./issueLines";

const CHARTS = ["base", "istiod", "gateway"].map((chart) => `/charts/${chart}/Chart.yaml`);

/** A machine with a kubeconfig at ~/config and charts in /charts. */
const files: Files = {
    read: (file) => {
        if (file === "/home/me/config") {
            return "clusters: [{name: c, cluster: {server: s}}]\ncontexts: [{name: here, context: {cluster: c}}]";
        }
        throw Object.assign(new Error("no such file"), { code: file === "/locked/config" ? "EACCES" : "ENOENT" });
    },
    exists: (file) => CHARTS.includes(file),
    home: "/home/me",
};

const cluster = { kind: "kubeconfig", path: "~/config", context: "here" };

function parse(stackFile: StackFile, secret?: string[]) {
    const raw = Object.entries(stackFile).map(([key, value]) => [
        key,
        typeof value === "string" ? value : JSON.stringify(value),
    ]);
    return parseConfig(Object.fromEntries(raw) as Record<string, string>, { files, secret });
}

/** The lines of the error, one for each issue; none if the config is valid. */
function issues(stackFile: StackFile, secret?: string[]): string[] {
    return issueLines(() => parse(stackFile, secret));
}

describe("a config with only a cluster", () => {
    const { istio, ...rest } = parse({ cluster });

    it("gets every default", () => {
        expect(rest).toEqual({
            cluster: {
                kind: "kubeconfig",
                path: "~/config",
                context: "here",
                existingNamespaces: [],
                kubeconfig: expect.stringContaining("server: s") as string,
            },
            images: { pullSecrets: [] },
            app: { namespace: "default" },
            bookinfo: {
                registry: "docker.io/istio",
                tag: "1.20.3",
                imagePullPolicy: "IfNotPresent",
                traffic: {},
                security: {},
            },
        });
        expect(istio).toEqual({
            version: "1.31.1",
            chartRepository: "https://blob.istio.io/istio-release/charts",
            hub: "docker.io/istio",
            timeout: 600,
            tag: "1.31.1",
            imagePullPolicy: "IfNotPresent",
            global: { mtls: { enabled: true } },
            istiod: {
                resources: { requests: { cpu: "10m", memory: "100Mi" }, limits: {} },
                autoscaling: { enabled: false },
            },
            gateway: {
                resources: {
                    requests: { cpu: "10m", memory: "40Mi" },
                    limits: { cpu: "2000m", memory: "1024Mi" },
                },
                autoscaling: { enabled: false },
            },
            ingress: { type: "LoadBalancer", ports: [80], port: 80, external: true },
            proxy: {
                resources: {
                    requests: { cpu: "10m", memory: "40Mi" },
                    limits: { cpu: "2000m", memory: "1024Mi" },
                },
            },
            tracing: {
                enabled: true,
                sampling: 100,
                image: expect.stringMatching(/^docker\.io\/jaegertracing\/jaeger:2\.\d+\.\d+@sha256:/) as string,
            },
            networkPolicies: true,
            prometheus: {
                enabled: true,
                image: expect.stringMatching(/^docker\.io\/prom\/prometheus:v3\.\d+\.\d+@sha256:/) as string,
                retention: "6h",
                storage: { size: "2Gi", persistent: false },
                namespaces: [],
                rules: [],
            },
            grafana: {
                enabled: true,
                image: expect.stringMatching(/^docker\.io\/grafana\/grafana:1[23]\.\d+\.\d+@sha256:/) as string,
            },
            kiali: {
                enabled: true,
                version: "2.31.0",
                logs: false,
                chartRepository: "https://kiali.org/helm-charts",
                digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
            },
            servicegraph: {
                enabled: true,
                image: "docker.io/library/node:24.21.0-bookworm-slim",
            },
            pinned: {
                pilot: expect.stringMatching(/^docker\.io\/istio\/pilot:1\.31\.1@sha256:[0-9a-f]{64}$/) as string,
                proxy: expect.stringMatching(/^docker\.io\/istio\/proxyv2:1\.31\.1@sha256:[0-9a-f]{64}$/) as string,
                cni: expect.stringMatching(/^docker\.io\/istio\/install-cni:1\.31\.1@sha256:[0-9a-f]{64}$/) as string,
            },
            values: { base: {}, istiod: {}, gateway: {}, kiali: {} },
        });
    });

    it("is frozen to the last leaf", () => {
        expect(() => Object.assign(istio.gateway.resources.requests, { cpu: "1" })).toThrow(TypeError);
        expect(() => Object.assign(istio.values.base, { a: 1 })).toThrow(TypeError);
    });
});

describe("Prometheus", () => {
    const off = { enabled: false };
    const none = { grafana: off, kiali: off, servicegraph: off };
    const isOn = (settings: object) => parse({ cluster, istio: settings }).istio.prometheus.enabled;

    it("is enabled only if the config says so, or if another add-on needs it", () => {
        expect(isOn(none)).toBe(false);
        expect(isOn({ ...none, prometheus: off })).toBe(false);
        expect(isOn({ ...none, prometheus: { enabled: true } })).toBe(true);
        expect(isOn({ ...none, tracing: { enabled: true } })).toBe(false);
    });

    it.each(["grafana", "kiali", "servicegraph"])("is enabled for %s, even if the config disables it", (addon) => {
        const needed = { ...none, [addon]: { enabled: true } };
        expect(isOn(needed)).toBe(true);
        expect(isOn({ ...needed, prometheus: off })).toBe(true);
    });

    it("accepts rules in the form of its rule files", () => {
        const rules = [
            {
                name: "traffic",
                interval: "30s",
                query_offset: "0s",
                rules: [
                    { record: "mesh:requests", expr: "sum(istio_requests_total)", labels: { by: "us" } },
                    {
                        alert: "Silent",
                        expr: "mesh:requests == 0",
                        for: "0s",
                        keep_firing_for: "0m",
                        annotations: { summary: "Nobody calls." },
                    },
                ],
            },
        ];
        expect(parse({ cluster, istio: { prometheus: { rules } } }).istio.prometheus.rules).toEqual(rules);
    });
});

describe("a setting", () => {
    const istio = (settings: object) => parse({ cluster, istio: settings }).istio;

    it("resolves ~ in Kiali's chart directory", () => {
        const home = { ...files, exists: (file: string) => file === "/home/me/charts/kiali-server/Chart.yaml" };
        const settings = JSON.stringify({ kiali: { chartRepository: "~/charts" } });
        const { kiali } = parseConfig({ cluster: JSON.stringify(cluster), istio: settings }, { files: home }).istio;
        expect(kiali.chartRepository).toBe("/home/me/charts");
    });

    it.each(["6h", "15d", "1y2w3d4h5m6s7ms", "90m"])("accepts a retention of %s", (retention) => {
        expect(istio({ prometheus: { retention } }).prometheus.retention).toBe(retention);
    });

    it.each([
        "docker.io/prom/prometheus:v3.1.0",
        "localhost/mine:1",
        "localhost:5000/mine:1",
        "registry.example:5000/a/b-c:1.0_x@sha256:" + "0".repeat(64),
    ])("accepts the image %s", (image) => {
        expect(istio({ prometheus: { image } }).prometheus.image).toBe(image);
    });

    it.each([0, 0.1, 100])("accepts a sampling of %d %%", (sampling) => {
        expect(istio({ tracing: { sampling } }).tracing.sampling).toBe(sampling);
    });

    it("may add providers of traces, if ours stays among them", () => {
        const provide = (...names: string[]) => ({
            values: { istiod: { meshConfig: { extensionProviders: names.map((name) => ({ name })) } } },
        });
        expect(issues({ cluster, istio: provide("other", "jaeger") })).toEqual([]);
        expect(issues({ cluster, istio: { ...provide("other"), tracing: { enabled: false } } })).toEqual([]);
        expect(issues({ cluster, istio: provide("other") })).toEqual([
            expect.stringContaining("it replaces the provider jaeger, which istio.tracing needs"),
        ]);
    });

    it("may change the mesh config, if its metrics provider stays", () => {
        const meshConfig = { enablePrometheusMerge: true, defaultProviders: { metrics: ["prometheus", "other"] } };
        expect(issues({ cluster, istio: { values: { istiod: { meshConfig } } } })).toEqual([]);
    });

    it("for Kiali's chart is checked only if Kiali is enabled", () => {
        const kiali = { enabled: false, chartRepository: "/none" };
        expect(issues({ cluster, istio: { kiali } })).toEqual([]);
    });

    it("for the tag of images defaults to the version", () => {
        expect(istio({ version: "1.31.3" }).tag).toBe("1.31.3");
        expect(istio({ version: "1.31.3", tag: "1.31.3-distroless" }).tag).toBe("1.31.3-distroless");
        expect(istio({ tag: "built-by-us" }).tag).toBe("built-by-us");
    });

    it("overrides the profile's", () => {
        const { istiod, proxy } = istio({
            profile: "default",
            istiod: { resources: { requests: { memory: "1Gi" } }, autoscaling: { min: 2 } },
            proxy: { resources: { limits: { cpu: 4 } } },
        });
        expect(istiod.resources).toEqual({ requests: { cpu: "500m", memory: "1Gi" }, limits: {} });
        expect(istiod.autoscaling).toEqual({ enabled: true, min: 2, max: 5 });
        expect(proxy.resources.limits).toEqual({ cpu: "4", memory: "1024Mi" });
    });

    it("may disable what the profile enables, and enable what it disables", () => {
        const off = istio({ profile: "default", gateway: { autoscaling: { enabled: false } } });
        expect(off.gateway.autoscaling).toEqual({ enabled: false });
        const on = istio({ gateway: { autoscaling: { enabled: true, max: 3 } } });
        expect(on.gateway.autoscaling).toEqual({ enabled: true, min: 1, max: 3 });
    });

    it.each([
        ["/charts", "/charts"],
        ["oci://ghcr.io/istio/release/charts", "oci://ghcr.io/istio/release/charts"],
        ["http://charts.example:8080/istio", "http://charts.example:8080/istio"],
    ])("accepts charts from %s", (chartRepository, expected) => {
        expect(istio({ chartRepository }).chartRepository).toBe(expected);
    });

    it("keeps a chart directory relative to the project, and resolves ~", () => {
        const withCharts = (directory: string, chartRepository: string) =>
            parseConfig(
                { cluster: JSON.stringify(cluster), istio: JSON.stringify({ chartRepository }) },
                { files: { ...files, exists: (file) => file.startsWith(`${directory}/`) } },
            ).istio.chartRepository;
        expect(withCharts(path.resolve("charts"), "./charts")).toBe("./charts");
        expect(withCharts("/home/me/charts", "~/charts")).toBe("/home/me/charts");
    });

    it.each(["docker.io/istio", "localhost:5000", "registry.example/a/b-c_d", "10.0.0.1:5000/x"])(
        "accepts the registry %s",
        (registry) => {
            expect(issues({ cluster, bookinfo: { registry }, istio: { hub: registry } })).toEqual([]);
        },
    );

    it.each([
        ["cpu", ["1", "0.5", "250m", 2, 0.25]],
        ["memory", ["128Mi", "1.5Gi", "1000000", "500M", "1k", 134217728]],
    ])("accepts %s as %j", (amount, quantities) => {
        for (const quantity of quantities) {
            // The limits are large enough for each of these requests.
            const resources = {
                requests: { [amount]: quantity },
                limits: { cpu: "8", memory: "8Gi" },
            };
            expect(issues({ cluster, istio: { proxy: { resources } } })).toEqual([]);
        }
    });
});

describe("an issue", () => {
    const required = (key: string) =>
        expect.stringMatching(`^  ${key} is not set: it is required; allowed: `) as string;

    it("is reported for each missing required key", () => {
        expect(issues({})).toEqual([required("cluster.kind")]);
        expect(issues({ cluster: { kind: "kubeconfig" } })).toEqual(["cluster.path", "cluster.context"].map(required));
    });

    it("has key, value, problem, allowed values and remedy", () => {
        expect(issues({ cluster, istio: { version: "1.30.2" } })).toEqual([
            '  istio.version = "1.30.2": it is not a release of Istio 1.31; allowed: 1.31.x. ' +
                "Run: pulumi config set --path istio.version 1.31.1",
        ]);
    });

    // Key, value, and the message.
    it.each<[string, unknown, string]>([
        ["cluster", "here", "it is a string and not an object"],
        ["cluster.kind", "eks", "there is no such choice; allowed: gke or kubeconfig"],
        ["cluster.path", "", "it is empty"],
        ["cluster.path", 5, "it is a number and not a string, in YAML it needs quotes"],
        ["cluster.path", "~/nothing", "there is no file /home/me/nothing"],
        ["cluster.path", "/locked/config", "this user is not allowed to read the file /locked/config"],
        ["cluster.context", "there", "the kubeconfig has no such context; allowed: here"],
        [
            "cluster.contxt",
            "here",
            "there is no such key, did you mean cluster.context?; allowed: kind, path, context or existingNamespaces",
        ],
        ["istio", [], "it is a list and not an object"],
        ["istio.version", "1.32.0", "it is not a release of Istio 1.31"],
        ["istio.version", "1.31", "it is not a release of Istio 1.31"],
        ["istio.version", 1.31, "it is a number and not a string, in YAML it needs quotes"],
        ["istio.chartRepository", "charts.example/istio", "it is neither a URL nor a path"],
        ["istio.chartRepository", "https://", "it is neither a URL nor a path"],
        ["istio.chartRepository", "/none", "/none lacks base/Chart.yaml, istiod/Chart.yaml, gateway/Chart.yaml"],
        [
            "istio.chartRepository",
            "https://istio-release.storage.googleapis.com/charts",
            "Istio 1.31 is not published there",
        ],
        ["istio.hub", "gcr.io/istio-release", "Istio 1.31 is not published there"],
        ["istio.hub", "registry.istio.io/release", "Istio 1.31 is not published there"],
        ["istio.hub", "https://docker.io/istio", "it is not a registry and path"],
        ["istio.hub", "docker.io/istio/", "it is not a registry and path"],
        ["istio.tag", "1.30.2", "the charts are those of Istio 1.31"],
        ["istio.tag", "a b", "it is not an image tag"],
        ["istio.imagePullPolicy", "always", "there is no such choice; allowed: Always, IfNotPresent or Never"],
        ["istio.timeout", 29, "must be at least 30; allowed: seconds, a whole number from 30 to 3600"],
        ["istio.timeout", 3601, "must be at most 3600"],
        ["istio.timeout", "10m", "it is a string and not a number"],
        ["istio.profile", "minimal", "there is no such choice; allowed: demo or default"],
        ["istio.global.mtls.enabled", "yes", "it is a string and not a boolean; allowed: true or false"],
        ["istio.global.mtls.enabled", null, "it is null and not a boolean"],
        ["istio.istiod.autoscaling.min", 2, "it has no effect because the profile demo does not scale"],
        ["istio.istiod.autoscaling.max", 1.5, "it is a number and not a whole number"],
        ["istio.istiod.autoscaling.max", 0, "must be at least 1"],
        ["istio.istiod.autoscaling.max", 101, "must be at most 100"],
        ["istio.proxy.resources.requests.memory", "100m", "it is not an amount of memory"],
        ["istio.proxy.resources.requests.memory", "1 Gi", "it is not an amount of memory"],
        ["istio.proxy.resources.requests.memory", "1K", "it is not an amount of memory"],
        ["istio.proxy.resources.requests.memory", "0Mi", "it is not an amount of memory"],
        ["istio.proxy.resources.requests.cpu", "1Gi", "it is not an amount of CPU"],
        ["istio.proxy.resources.requests.cpu", "0", "it is not an amount of CPU"],
        ["istio.proxy.resources.requests.cpu", -1, "it is not an amount of CPU"],
        ["istio.proxy.resources.requests.cpu", "0.0001", "it is not an amount of CPU"],
        ["istio.proxy.resources.requests.cpu", "3", "it is above the limit of 2000m"],
        ["istio.proxy.resources.requests.cpu", "2001m", "it is above the limit of 2000m"],
        ["istio.proxy.resources.requests.memory", "1025Mi", "it is above the limit of 1024Mi"],
        ["istio.proxy.resources.requests.memory", "1074M", "it is above the limit of 1024Mi"],
        ["istio.istiod.resources.limits.memory", "64Mi", "it is below the request of 100Mi"],
        ["istio.values.base", [], "it is a list and not an object; allowed: object"],
        ["istio.values.base.global.istioNamespace", "mesh", "it cannot be changed because Istio is in istio-system"],
        ["istio.values.istiod.global.istioNamespace", "mesh", "it cannot be changed because Istio is in istio-system"],
        [
            "istio.values.istiod.revision",
            "blue",
            "it cannot be changed because the injection label selects no revision",
        ],
        [
            "istio.values.istiod.meshConfig.enablePrometheusMerge",
            false,
            "it cannot be changed because Prometheus gets a pod's metrics from Istio's agent; allowed: anything but false",
        ],
        ["istio.values.istiod.meshConfig", null, "it is not an object, and would replace ours; allowed: object"],
        ["istio.values.istiod.meshConfig", [], "it is not an object, and would replace ours"],
        ["istio.values.istiod.meshConfig", "accessLogFile", "it is not an object, and would replace ours"],
        [
            "istio.values.istiod.meshConfig.defaultProviders",
            { tracing: ["jaeger"] },
            "it replaces the provider prometheus, which the mesh's metrics come from",
        ],
        ["istio.values.istiod.meshConfig.defaultProviders", { metrics: ["other"] }, "it replaces the provider prom"],
        ["istio.values.gateway.revision", "blue", "it cannot be changed because istiod has no revision"],
        ["istio.values.gateway.name", "front", "it cannot be changed because the Service and the pods are found by"],
        ["istio.values.gateway.labels.istio", "front", "it cannot be changed because the pods are found by this label"],
        [
            "istio.values.gateway.service.type",
            "None",
            "it cannot be changed because the address is read from the Service",
        ],
        [
            "istio.values.gateway.meshConfig",
            {},
            "there is no such key; allowed: the keys of that chart's values.schema.json",
        ],
        ["istio.values.gateway.servce", {}, "there is no such key, did you mean istio.values.gateway.service?"],
        ["istio.globl", {}, "there is no such key, did you mean istio.global?"],
        ["istio.mtls", {}, "there is no such key, did you mean istio.global.mtls?"],
        ["istio.jaeger", {}, "there is no such key; allowed: version, chartRepository, chartCredentials, chartDigest,"],
        ["istio.tracing", true, "it is a boolean and not an object"],
        ["istio.tracing.enabled", "on", "it is a string and not a boolean; allowed: true or false"],
        ["istio.tracing.sampling", -1, "must be at least 0; allowed: 0 to 100"],
        ["istio.tracing.sampling", 100.5, "must be at most 100; allowed: 0 to 100"],
        ["istio.tracing.sampling", "1%", "it is a string and not a number"],
        [
            "istio.tracing.image",
            "jaegertracing/jaeger:2.20.0",
            "it is not an image with registry and tag; allowed: reg",
        ],
        ["istio.tracing.image", "docker.io/jaegertracing/jaeger", "it is not an image with registry and tag"],
        [
            "istio.tracing.image",
            "docker.io/jaegertracing/jaeger:latest",
            "the tag latest can mean another version at each pull",
        ],
        [
            "istio.tracing.image",
            "docker.io/jaegertracing/jaeger:2@sha256:1",
            "it is not an image with registry and tag",
        ],
        ["istio.tracing.path", "/jaeger", "there is no such key, did you mean cluster.path?"],
        ["istio.prometheus.enabled", 1, "it is a number and not a boolean"],
        ["istio.prometheus.image", "https://docker.io/prom/prometheus:v3", "it is not an image with registry and tag"],
        ["istio.prometheus.retention", "6", "it is not a duration; allowed: duration, such as 6h or 1d12h"],
        ["istio.prometheus.retention", "0h", "it is not a duration"],
        ["istio.prometheus.retention", "", "it is not a duration"],
        ["istio.prometheus.retention", "12h1d", "it is not a duration"],
        ["istio.prometheus.retention", 6, "it is a number and not a string"],
        ["istio.prometheus.storage.size", "10Mi", "it is less than 256Mi; allowed: storage, such as 2Gi"],
        ["istio.prometheus.storage.size", "2GB", "it is not an amount of storage"],
        ["istio.prometheus.storage.persistent", "yes", "it is a string and not a boolean"],
        ["istio.prometheus.namespaces", ["a", "a"], "a name is in it twice"],
        ["istio.prometheus.namespaces", "a", "it is a string and not a list; allowed: list of names of namespaces"],
        ["istio.prometheus.rules", {}, "it is an object and not a list; allowed: list of rule groups"],
        ["istio.grafana.image", "", "it is not an image with registry and tag"],
        ["istio.grafana.plugins", "none", "there is no such key; allowed: enabled or image"],
        ["istio.kiali.version", "1.89.0", "it is not a release of Kiali 2; allowed: 2.x.y from 2.19.0 on"],
        [
            "istio.kiali.version",
            "2.18.1",
            "its chart gives Kiali permissions in the whole cluster only; allowed: 2.x.y",
        ],
        ["istio.kiali.version", "v2.31.0", "it is not a release of Kiali 2"],
        ["istio.chartDigest.base", "6a5f", "it is not a SHA-256 digest; allowed: sha256: and 64 hexadecimal digits"],
        ["istio.kiali.chartDigest", "sha256:6A5F", "it is not a SHA-256 digest"],
        ["istio.kiali.chartRepository", "/none", "/none lacks kiali-server/Chart.yaml"],
        ["istio.kiali.chartRepository", "kiali.org/helm-charts", "it is neither a URL nor a path"],
        ["istio.servicegraph.image", 24, "it is a number and not a string"],
        ["istio.values.kiali.server.port", 8080, "it cannot be changed because Kiali is reached at a fixed port"],
        ["istio.values.kiali.server.web_root", "/", "it cannot be changed because Kiali is reached at a fixed path"],
        [
            "istio.values.kiali.deployment.instance_name",
            "k",
            "it cannot be changed because Kiali is found by this name",
        ],
        ["istio.proxy.autoscaling", {}, "there is no such key, did you mean istio.istiod.autoscaling?"],
        ["app.namespace", "kube-system", "it is reserved"],
        ["app.namespace", "kube-mine", "it is reserved"],
        ["app.namespace", "istio-system", "it is reserved"],
        ["app.namespace", "local-path-storage", "it is reserved"],
        ["app.namespace", "Book", "it is not a name for a namespace"],
        ["app.namespace", "book-", "it is not a name for a namespace"],
        ["app.namespace", "b".repeat(64), "it is not a name for a namespace"],
        ["bookinfo.registry", "docker.io/Istio", "it is not a registry and path"],
        ["bookinfo.tag", ":1.20.3", "it is not an image tag"],
        ["bookinfo.imagePullPolicy", "", "there is no such choice"],
        ["isto", {}, "there is no such key, did you mean istio?; allowed: cluster, istio, images, app or bookinfo"],
        ["namespace", "bookinfo", "there is no such key, did you mean app.namespace?"],
    ])("is reported for %s = %j", (key, value, message) => {
        const [line, ...others] = issues(withSetting({ cluster }, key, value));
        const json = JSON.stringify(value);
        expect(line).toContain(`  ${key} = ${json.length > 60 ? `${json.slice(0, 57)}...` : json}: ${message}`);
        expect(line).toMatch(/; allowed: .+\. Run: pulumi config (?:set|rm) --path \S+/);
        expect(others).toEqual([]);
    });

    it.each<[object, string]>([
        [{ name: "" }, "istio.prometheus.rules[0].name"],
        [{ interval: "often" }, "istio.prometheus.rules[0].interval"],
        [{ query_offset: "" }, "istio.prometheus.rules[0].query_offset"],
        [{ rules: [] }, "istio.prometheus.rules[0].rules"],
        [{ rules: [{ expr: "1" }] }, "istio.prometheus.rules[0].rules[0]"],
        [{ rules: [{ record: "a", alert: "b", expr: "1" }] }, "istio.prometheus.rules[0].rules[0]"],
        [
            {
                rules: [
                    { record: "a", expr: "1" },
                    { record: "a b", expr: "1" },
                ],
            },
            "istio.prometheus.rules[0].rules[1].record",
        ],
        [{ rules: [{ record: "a" }] }, "istio.prometheus.rules[0].rules[0].expr"],
        [{ rules: [{ record: "a", expr: "1", label: {} }] }, "istio.prometheus.rules[0].rules[0].label"],
    ])("is reported with its place for a rule group with %j, and hides no other issue", (wrong, where) => {
        const group = { name: "g", rules: [{ record: "a", expr: "1" }], ...wrong };
        const lines = issues({ cluster, istio: { prometheus: { rules: [group], storage: { size: "1Mi" } } } });
        expect(lines.map((line) => line.trim().split(" ")[0])).toEqual([where, "istio.prometheus.storage.size"]);
    });

    it("is reported once for two rule groups with one name", () => {
        const group = (name: string) => ({ name, rules: [{ record: "a", expr: "1" }] });
        const rules = [group("a"), group("b"), group("a")];
        expect(issues({ cluster, istio: { prometheus: { rules } } })).toEqual([
            expect.stringContaining('istio.prometheus.rules[2].name = "a": another group has this name already; '),
        ]);
    });

    it("is reported once for conflicting settings, at the setting of the user", () => {
        const gateway = (autoscaling: object) => ({ cluster, istio: { profile: "default", gateway: { autoscaling } } });
        expect(issues(gateway({ min: 6 }))).toEqual([
            expect.stringContaining(
                "istio.gateway.autoscaling.min = 6: it is more than the maximum of 5; allowed: at most ",
            ),
        ]);
        expect(issues(gateway({ min: 6, max: 6 }))).toEqual([]);
        expect(issues(gateway({ enabled: false, min: 1, max: 2 }))).toEqual([
            expect.stringContaining("istio.gateway.autoscaling.min = 1: it has no effect because autoscaling is off; "),
            expect.stringContaining("istio.gateway.autoscaling.max = 2: it has no effect because autoscaling is off; "),
        ]);
    });

    it.each([
        ["cluster.context", "there", "set --path cluster.context here"],
        ["istio.tag", "1.30.0", "set --path istio.tag 1.31.1"],
        ["istio.istiod.autoscaling.min", 2, "set --path istio.istiod.autoscaling.enabled true"],
        ["istio.istiod.resources.limits.memory", "64Mi", "set --path istio.istiod.resources.limits.memory 100Mi"],
        ["istio.proxy.resources.requests.cpu", "3", "set --path istio.proxy.resources.requests.cpu 2000m"],
        ["istio.values.base", "text", "rm --path istio.values.base"],
        ["istio.prometheus.rules", {}, "rm --path istio.prometheus.rules"],
        ["istio.prometheus.rules", [5], "rm --path 'istio.prometheus.rules[0]'"],
        ["istio.prometheus.retention", "long", "set --path istio.prometheus.retention 6h"],
        ["istio.weird key", 1, "rm --path 'istio[\"weird key\"]'"],
        ["istio.it's", 1, "rm --path 'istio[\"it'\\''s\"]'"],
    ])("has a command that fixes %s = %j", (key, value, command) => {
        const [line] = issues(withSetting({ cluster }, key, value));
        expect(line?.endsWith(`. Run: pulumi config ${command}`)).toBe(true);
    });

    it.each(["1024Mi", "1Gi", "1073M", "1073741824"])(
        "is not reported for a request of %s with a limit of 1024Mi",
        (memory) => {
            expect(issues({ cluster, istio: { proxy: { resources: { requests: { memory } } } } })).toEqual([]);
        },
    );

    it("does not hide another issue", () => {
        const invalidKeys = issues({
            isto: {},
            cluster: { kind: "eks", path: "~/config" },
            istio: {
                version: "1.30.0",
                hub: 5,
                globl: {},
                istiod: { autoscaling: { min: 3 }, resources: { limits: { cpu: "x", memory: "1Mi" } } },
                values: { gateway: { name: "x" } },
            },
            app: { namespace: "kube-system" },
            bookinfo: { tag: "" },
        }).map((line) => line.trim().split(" ")[0]);
        expect(invalidKeys.sort()).toEqual(
            [
                "app.namespace",
                "bookinfo.tag",
                "cluster.context",
                "cluster.kind",
                "istio.globl",
                "istio.hub",
                "istio.istiod.autoscaling.min",
                "istio.istiod.resources.limits.cpu",
                "istio.istiod.resources.limits.memory",
                "istio.values.gateway.name",
                "istio.version",
                "isto",
            ].sort(),
        );
    });

    it("lists the kubeconfig's contexts if none is set", () => {
        expect(issues({ cluster: { kind: "kubeconfig", path: "~/config" } })).toEqual([
            "  cluster.context is not set: it is required; allowed: here. Run: pulumi config set --path cluster.context here",
        ]);
    });

    it("does not show a secret value", () => {
        const [line] = issues({ cluster, istio: { values: { gateway: { passwrd: "hunter2" } } } }, ["istio"]);
        expect(line).toContain('istio.values.gateway.passwrd = "[secret]": ');
        expect(line).not.toContain("hunter2");
    });

    it("is counted", () => {
        expect(() => parse({ cluster, isto: {} })).toThrow("The configuration has an error. Nothing was deployed.\n");
        expect(() => parse({ cluster: { kind: "kubeconfig" } })).toThrow(
            "The configuration has 2 errors. Nothing was deployed.\n",
        );
    });
});

/** The stack file with one more setting, at a path such as `a.b`. */
function withSetting(stackFile: StackFile, key: string, value: unknown): StackFile {
    const [head = "", ...rest] = key.split(".");
    const below = stackFile[head] as StackFile | undefined;
    return { ...stackFile, [head]: rest.length === 0 ? value : withSetting(below ?? {}, rest.join("."), value) };
}
