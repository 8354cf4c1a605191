import { spawnSync } from "node:child_process";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { Addon } from "../../components/addons/addon";
import { addonDeployment, type AddonObjects, type AddonSpec, portOf } from "../../components/addons/deployment";
import { grafanaSpec } from "../../components/addons/grafana/grafana";
import { jaegerConfig, jaegerSpec } from "../../components/addons/jaeger";
import { kialiValues } from "../../components/addons/kiali";
import { portForwardCommands } from "../../components/addons/portForward";
import { prometheusConfig, prometheusSpec } from "../../components/addons/prometheus";
import { servicegraphSpec } from "../../components/addons/servicegraph";
import { ADDONS } from "../../components/names";
import { bytes, cores } from "../../components/quantity";

const OBJECTS: AddonObjects = {
    serviceAccount: "an-account",
    configMaps: { config: "a-config-map" },
    claims: { data: "a-claim" },
    talksToApiServer: false,
};

const SPEC: AddonSpec = {
    name: "watcher",
    image: "registry.example/watcher:1.2.3",
    command: ["watch"],
    args: ["--all"],
    env: { LEVEL: "info", PASSWORD: { secretKeyRef: { name: "a-secret", key: "password" } } },
    user: 1234,
    ports: { http: 8000, "grpc-query": 8001 },
    probes: { port: "http", live: "/live", ready: "/ready" },
    config: { config: { path: "/etc/watcher", files: { "a.yaml": "a: 1" } } },
    storage: { data: { path: "/data", size: "1Gi" } },
    resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { memory: "32Mi" } },
};

describe("the Deployment of an add-on", () => {
    const template = (spec: AddonSpec) =>
        addonDeployment(spec, OBJECTS).template as unknown as {
            metadata: { annotations: Record<string, string>; labels: Record<string, string> };
            spec: Record<string, unknown>;
        };

    it("runs the command of the spec, with probes", () => {
        expect(template(SPEC).spec.containers).toMatchObject([
            {
                image: "registry.example/watcher:1.2.3",
                command: ["watch"],
                args: ["--all"],
                env: [
                    { name: "LEVEL", value: "info" },
                    { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "a-secret", key: "password" } } },
                ],
                ports: [
                    { name: "http", containerPort: 8000 },
                    { name: "grpc-query", containerPort: 8001 },
                ],
                startupProbe: { httpGet: { path: "/live", port: "http" } },
                livenessProbe: { httpGet: { path: "/live", port: "http" } },
                readinessProbe: { httpGet: { path: "/ready", port: "http" } },
                resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { memory: "32Mi" } },
            },
        ]);
    });

    it("has the label of Istio 1.0 and that of today, and no sidecar", () => {
        const labels = { app: "watcher", "app.kubernetes.io/name": "watcher" };
        expect(addonDeployment(SPEC, OBJECTS).selector).toEqual({ matchLabels: { app: "watcher" } });
        expect(template(SPEC).metadata.labels).toEqual({ ...labels, "sidecar.istio.io/inject": "false" });
    });

    it("can read its files and write only to its storage", () => {
        expect(template(SPEC).spec).toMatchObject({
            containers: [
                {
                    securityContext: { readOnlyRootFilesystem: true },
                    volumeMounts: [
                        { name: "config", mountPath: "/etc/watcher", readOnly: true },
                        { name: "data", mountPath: "/data" },
                    ],
                },
            ],
            volumes: [
                { name: "config", configMap: { name: "a-config-map" } },
                { name: "data", emptyDir: { sizeLimit: "1Gi" } },
            ],
        });
    });

    it("has a claim for persistent storage, which only one pod at a time uses", () => {
        const persistent = { ...SPEC, storage: { data: { path: "/data", size: "1Gi", persistent: true } } };
        expect(template(persistent).spec.volumes).toContainEqual({
            name: "data",
            persistentVolumeClaim: { claimName: "a-claim" },
        });
        expect(addonDeployment(persistent, OBJECTS).strategy).toEqual({ type: "Recreate" });
        expect(addonDeployment(SPEC, OBJECTS).strategy).toEqual({
            type: "RollingUpdate",
            rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
        });
    });

    it("gets a token for the API server only if it calls that", () => {
        const mounted = (talksToApiServer: boolean) =>
            (addonDeployment(SPEC, { ...OBJECTS, talksToApiServer }).template as { spec: object }).spec;
        expect(mounted(false)).toMatchObject({ automountServiceAccountToken: false });
        expect(mounted(true)).toMatchObject({ automountServiceAccountToken: true });
    });

    it("is scraped if it has metrics", () => {
        const metrics = { port: "grpc-query", path: "/stats" };
        expect(template({ ...SPEC, metrics }).metadata.annotations).toMatchObject({
            "prometheus.io/scrape": "true",
            "prometheus.io/port": "8001",
            "prometheus.io/path": "/stats",
        });
        expect(Object.keys(template(SPEC).metadata.annotations)).toEqual(["checksum/config"]);
    });

    it("refuses a port that it does not have", () => {
        expect(portOf(SPEC, "grpc-query")).toBe(8001);
        expect(() => portOf(SPEC, "grpc")).toThrow("watcher has no port grpc; it has http, grpc-query");
        const metrics = { port: "metrics", path: "/stats" };
        expect(() => addonDeployment({ ...SPEC, metrics }, OBJECTS)).toThrow("watcher has no port metrics");
    });

    it("has no Service with an unknown port", async () => {
        await pulumi.runtime.setMocks({
            call: () => ({}),
            newResource: ({ name, inputs }) => ({ id: name, state: inputs as object }),
        });
        expect(() => new Addon("watcher", { ...SPEC, namespace: "n", services: { watcher: ["htp"] } })).toThrow(
            "watcher has no port htp",
        );
        await pulumi.runtime.disconnect();
    });

    describe("has a checksum", () => {
        const checksum = (files: Record<string, string>, image = SPEC.image) =>
            template({ ...SPEC, image, config: { config: { path: "/etc/watcher", files } } }).metadata.annotations[
                "checksum/config"
            ];

        it("that does not change without a change of the files", () => {
            expect(checksum({ "a.yaml": "a: 1" })).toBe(template(SPEC).metadata.annotations["checksum/config"]);
            expect(checksum({ "a.yaml": "a: 1" }, "registry.example/watcher:2")).toBe(checksum({ "a.yaml": "a: 1" }));
        });

        it.each([
            ["another content", { "a.yaml": "a: 2" }],
            ["another name", { "b.yaml": "a: 1" }],
            ["one more file", { "a.yaml": "a: 1", "b.yaml": "" }],
            ["no file", {}],
        ])("that changes with %s", (_, files) => {
            expect(checksum(files)).not.toBe(checksum({ "a.yaml": "a: 1" }));
        });
    });
});

describe.each([
    prometheusSpec(
        { image: "i", retention: "6h", storage: { size: "2Gi", persistent: false }, rules: [] },
        { app: "default", others: [] },
    ),
    grafanaSpec({ image: "i", prometheusUrl: "http://prometheus:9090" }, "a-secret"),
    jaegerSpec("i"),
    servicegraphSpec({ image: "i", prometheusUrl: "http://prometheus:9090" }),
])("the spec of $name", (spec) => {
    it("has the add-on's well-known name and port", () => {
        expect(Object.values(spec.ports)).toContain(ADDONS[spec.name as keyof typeof ADDONS].port);
    });

    it("names ports by the rules of Kubernetes and Istio", () => {
        for (const port of Object.keys(spec.ports)) {
            // RFC 6335: at most 15 characters; a port without one of Istio's prefixes is not for its proxies.
            expect(port).toMatch(/^(?:(?:http|grpc)(?:-[a-z]+)?|health)$/);
            expect(port.length).toBeLessThanOrEqual(15);
        }
        expect(Object.keys(spec.ports)).toEqual(expect.arrayContaining([spec.probes.port]));
    });

    it("requests no more than its limit, and does not run as root", () => {
        const { requests, limits } = spec.resources;
        expect(cores(requests.cpu)).toBeGreaterThan(0);
        expect(bytes(limits.memory)).toBeGreaterThanOrEqual(bytes(requests.memory));
        expect(spec.user).toBeGreaterThan(0);
    });

    it("has files that fit into ConfigMaps, with valid names", () => {
        for (const { files } of Object.values(spec.config ?? {})) {
            // 1 MiB is the API server's limit for the whole object.
            expect(Buffer.byteLength(Object.values(files).join(""))).toBeLessThan(1000 * 1024);
            for (const name of Object.keys(files)) {
                expect(name).toMatch(/^[-._a-zA-Z0-9]{1,253}$/);
            }
        }
    });
});

describe("Prometheus", () => {
    const scraped = { app: "default", others: [] };
    const spec = (size = "2Gi", rules: object[] = []) =>
        prometheusSpec({ image: "i", retention: "1d12h", storage: { size, persistent: true }, rules }, scraped);

    it("deletes samples by age, and before its storage is full", () => {
        expect(spec().args).toContain("--storage.tsdb.retention.time=1d12h");
        expect(spec("2Gi").args).toContain("--storage.tsdb.retention.size=1536MB");
        expect(spec("500M").args).toContain("--storage.tsdb.retention.size=357MB");
        expect(spec().storage).toEqual({ data: { path: "/prometheus", size: "2Gi", persistent: true } });
        expect(spec().args).toContain("--storage.tsdb.path=/prometheus");
    });

    it("finds its configuration and its rules at their mounted paths", () => {
        const rules = [{ name: "g", rules: [{ record: "a", expr: "1" }] }];
        const { path = "", files = {} } = spec("2Gi", rules).config?.config ?? {};
        expect(spec().args).toContain(`--config.file=${path}/prometheus.yaml`);
        expect(files["prometheus.yaml"]).toBe(prometheusConfig(scraped));
        expect(parse(prometheusConfig(scraped))).toMatchObject({ rule_files: [`${path}/rules.yaml`] });
        expect(parse(files["rules.yaml"] ?? "")).toEqual({ groups: rules });
        expect(parse(spec().config?.config?.files["rules.yaml"] ?? "")).toEqual({ groups: [] });
    });

    it("limits what a target may say, and shows at most one pod that it does not scrape", () => {
        expect(parse(prometheusConfig(scraped))).toMatchObject({
            global: {
                keep_dropped_targets: 1,
                sample_limit: 10_000,
                body_size_limit: "16MB",
                label_limit: 64,
                label_name_length_limit: 128,
                label_value_length_limit: 1024,
            },
        });
    });

    it("lets only its own page read its answers in a browser", () => {
        const [, origin = ""] =
            /^--web\.cors\.origin=(.*)$/.exec(spec().args?.find((arg) => /cors/.test(arg)) ?? "") ?? [];
        // Prometheus anchors the expression on both sides.
        const isAllowed = (from: string) => new RegExp(`^(?:${origin})$`).test(from);
        expect(["http://localhost:9090", "http://evil.example:9090", "https://evil.example"].filter(isAllowed)).toEqual(
            ["http://localhost:9090"],
        );
    });

    it("has a configuration without YAML anchors", () => {
        expect(prometheusConfig(scraped)).not.toMatch(/[&*][a-z]\d/);
    });
});

describe("Jaeger's configuration", () => {
    const config = jaegerConfig();

    it("is in the file that Jaeger is started with", () => {
        const { args, config: directories } = jaegerSpec("i");
        const { path = "", files = {} } = directories?.config ?? {};
        expect(args).toEqual([`--config=${path}/config.yaml`]);
        expect(parse(files["config.yaml"] ?? "")).toEqual(config);
    });

    it("serves its pages at /, and listens on the pod's ports at every address", () => {
        expect(Object.keys(config.extensions.jaeger_query)).not.toContain("base_path");
        const { ports } = jaegerSpec("i");
        const { healthcheckv2, jaeger_query: query } = config.extensions;
        const { otlp } = config.receivers;
        const endpoints = [query.http, query.grpc, otlp.protocols.grpc, otlp.protocols.http, healthcheckv2.http];
        expect(endpoints.map(({ endpoint }) => endpoint)).toEqual(
            [16686, 16685, 4317, 4318, 13133].map((port) => `:${String(port)}`),
        );
        expect(Object.values(ports)).toEqual([16686, 16685, 4317, 4318, 13133]);
    });

    it("refers only to what it defines", () => {
        const { extensions, pipelines } = config.service;
        expect(Object.keys(config.extensions).sort()).toEqual([...extensions].sort());
        expect(pipelines.traces.receivers).toEqual(Object.keys(config.receivers));
        expect(pipelines.traces.processors).toEqual(Object.keys(config.processors));
        expect(pipelines.traces.exporters).toEqual(Object.keys(config.exporters));
        const [storage] = Object.keys(config.extensions.jaeger_storage.backends);
        expect(config.extensions.jaeger_query.storage.traces).toBe(storage);
        expect(config.exporters.jaeger_storage_exporter.trace_storage).toBe(storage);
    });

    it("limits the number of traces", () => {
        expect(config.extensions.jaeger_storage.backends.memory.memory.max_traces).toBeGreaterThan(0);
    });
});

describe("servicegraph", () => {
    it("is started by Node from its mounted files, with Prometheus' address", () => {
        const { command, args, config } = servicegraphSpec({ image: "i", prometheusUrl: "http://metrics:1234" });
        const { path = "", files = {} } = config?.app ?? {};
        expect(command).toEqual(["node", `${path}/server.mjs`]);
        expect(Object.keys(files)).toContain("server.mjs");
        expect(args).toEqual(["--bindAddr=:8088", "--prometheusAddr=http://metrics:1234"]);
    });
});

describe("Kiali's values", () => {
    const settings = { appNamespace: "bookinfo", logs: false };
    const both = { grafana: true, jaeger: true };
    const external = (neighbours: { grafana: boolean; jaeger: boolean }) =>
        kialiValues(neighbours, "the-key", settings).external_services as Record<string, object>;

    it("give everyone read access only", () => {
        expect(kialiValues(both, "the-key", settings)).toMatchObject({
            auth: { strategy: "anonymous" },
            deployment: {
                view_only_mode: true,
                network_policy: { enabled: false },
                pod_labels: { "sidecar.istio.io/inject": "false" },
            },
            login_token: { signing_key: "secret:the-key:key" },
        });
    });

    it.each(["openshift", "gke", undefined] as const)(
        "give it no permission in the whole cluster on the platform %s, and no logs unless they are wanted",
        (platform) => {
            // Chart kiali-server 2.19 and newer: templates/role-viewer.yaml, clusterrole-openshift.yaml and _helpers.tpl.
            const values = kialiValues(both, "the-key", { ...settings, platform });
            const { tls_config: tls, ...deployment } = values.deployment as Record<string, unknown>;
            expect(deployment).toMatchObject({
                cluster_wide_access: false,
                discovery_selectors: {
                    default: ["istio-system", "bookinfo"].map((name) => ({
                        matchLabels: { "kubernetes.io/metadata.name": name },
                    })),
                },
            });
            expect(tls).toEqual(platform === "openshift" ? { source: "config" } : undefined);
            expect(values.kiali_feature_flags).toEqual({ disabled_features: ["logs-tab"] });
            expect(kialiValues(both, "the-key", { ...settings, logs: true })).not.toHaveProperty("kiali_feature_flags");
        },
    );

    it("name the image by its digest as the chart wants it: the algorithm apart", () => {
        const { deployment } = kialiValues(both, "the-key", { ...settings, digest: "0a1b" });
        expect(deployment).toMatchObject({ image_digest: "sha256", image_version: "0a1b" });
    });

    it("have the neighbours' Services, and their forwarded ports for a browser", () => {
        expect(external({ grafana: true, jaeger: true })).toMatchObject({
            prometheus: { url: "http://prometheus:9090" },
            grafana: {
                enabled: true,
                internal_url: "http://grafana.istio-system:3000",
                external_url: "http://localhost:3000",
            },
            tracing: {
                enabled: true,
                use_grpc: true,
                internal_url: "http://tracing.istio-system:16685",
                external_url: "http://localhost:16686",
            },
        });
    });

    it("have no other settings for a disabled neighbour", () => {
        expect(external({ grafana: false, jaeger: true }).grafana).toEqual({ enabled: false });
        expect(external({ grafana: true, jaeger: false }).tracing).toEqual({ enabled: false });
    });

    it("link to existing dashboards and parameters of Grafana", () => {
        const { dashboards: links } = external({ grafana: true, jaeger: true }).grafana as {
            dashboards: { name: string; variables: Record<string, string> }[];
        };
        const files = grafanaSpec({ image: "i", prometheusUrl: "u" }, "s").config?.dashboards?.files ?? {};
        const dashboards = Object.values(files).map(
            (json) => JSON.parse(json) as { title: string; templating: { list: { name: string }[] } },
        );
        expect(links.length).toBeGreaterThan(0);
        for (const { name, variables } of links) {
            const known = dashboards
                .find(({ title }) => title === name)
                ?.templating.list.map(({ name }) => `var-${name}`);
            expect(known).toEqual(expect.arrayContaining(Object.values(variables)));
        }
    });
});

describe("a port-forward command", () => {
    const on = { prometheus: true, grafana: true, jaeger: true, kiali: true, servicegraph: true };
    /** The words of a command, as a shell splits it. */
    const words = (command: string, HOME: string) => {
        const script = `set -- ${command}; printf '%s\\n' "$@"`;
        return spawnSync("sh", ["-c", script], { encoding: "utf8", env: { HOME } }).stdout.trimEnd().split("\n");
    };

    it("exists for each enabled add-on, and names the cluster", () => {
        const cluster = { path: "/etc/kube.yaml", context: "kind-demo" };
        expect(portForwardCommands({ ...on, grafana: false, kiali: false }, cluster)).toEqual({
            prometheus: expect.stringContaining("deployment/prometheus 9090:9090") as string,
            jaeger: expect.stringContaining("deployment/jaeger 16686:16686") as string,
            servicegraph:
                "kubectl --kubeconfig /etc/kube.yaml --context kind-demo --namespace istio-system " +
                "port-forward deployment/servicegraph 8088:8088",
        });
    });

    it("names no kubeconfig if the cluster is in the user's own", () => {
        expect(portForwardCommands(on, { context: "here" }).grafana).toBe(
            "kubectl --context here --namespace istio-system port-forward deployment/grafana 3000:3000",
        );
    });

    it.each([
        ["/etc/kube.yaml", "/etc/kube.yaml", "arn:aws:eks:eu-west-1:1:cluster/a"],
        ["~/.kube/config", "/home/me/.kube/config", "gke_p_europe-west1-b_demo"],
        ["~/my files/it's", "/home/me/my files/it's", "a b;c$(d)"],
        ["-odd", "-odd", "*"],
    ])("can be pasted into a shell: %s", (path, meant, context) => {
        const { kiali = "" } = portForwardCommands(on, { path, context });
        expect(words(kiali, "/home/me")).toEqual([
            ...["kubectl", "--kubeconfig", meant, "--context", context, "--namespace", "istio-system"],
            ...["port-forward", "deployment/kiali", "20001:20001"],
        ]);
    });
});
