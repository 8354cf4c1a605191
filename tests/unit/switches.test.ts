import { spawnSync } from "node:child_process";
import { once } from "./once";
import { CLUSTER, find, NO_ADDONS, ofType, type Registration, type Run, runProgram } from "./program";

const SWITCHES = ["tracing", "prometheus", "grafana", "kiali", "servicegraph"] as const;
type Switch = (typeof SWITCHES)[number];

const run = (istio: object) => runProgram({ cluster: CLUSTER, istio });

/** Each add-on's objects in the cluster. */
const OBJECTS: Record<Switch, string[]> = {
    tracing: [
        "ConfigMap jaeger-config",
        "Deployment jaeger",
        "NetworkPolicy network-policies-jaeger",
        "Service jaeger-collector",
        "Service tracing",
        "ServiceAccount jaeger",
        "Telemetry mesh-default",
    ],
    prometheus: [
        "ConfigMap prometheus-config",
        "Deployment prometheus",
        "NetworkPolicy network-policies-prometheus",
        "Role prometheus-role-default",
        "Role prometheus-role-istio-system",
        "RoleBinding prometheus-role-default",
        "RoleBinding prometheus-role-istio-system",
        "Service prometheus",
        "ServiceAccount prometheus",
    ],
    grafana: [
        "ConfigMap grafana-dashboards",
        "ConfigMap grafana-datasources",
        "ConfigMap grafana-providers",
        "Deployment grafana",
        "NetworkPolicy network-policies-grafana",
        "Secret grafana-admin",
        "Service grafana",
        "ServiceAccount grafana",
    ],
    kiali: ["NetworkPolicy network-policies-kiali", "Release kiali", "Secret kiali-signing-key"],
    servicegraph: [
        "ConfigMap servicegraph-app",
        "Deployment servicegraph",
        "NetworkPolicy network-policies-servicegraph",
        "Service servicegraph",
        "ServiceAccount servicegraph",
    ],
};

/** The kind of a registered object, and its name or the name that Pulumi derives it from. */
function objectOf({ type, name, inputs }: Registration): string {
    const { metadata, name: release } = inputs as { metadata?: { name?: string }; name?: string };
    return `${type.split(":").at(-1) ?? ""} ${metadata?.name ?? release ?? name}`;
}

const objects = ({ resources }: Run) =>
    resources.filter(({ custom, read, type }) => custom && !read && type.startsWith("kubernetes:")).map(objectOf);

const nothingOn = once(() => run(NO_ADDONS));
const allOn = once(() => run({}));

/** The objects that a run without add-ons does not have. */
async function added(program: Run): Promise<string[]> {
    const before = new Set(objects(await nothingOn()));
    return objects(program)
        .filter((object) => !before.has(object))
        .sort();
}

const PORTS = { tracing: 16686, prometheus: 9090, grafana: 3000, kiali: 20001, servicegraph: 8088 };
const titleOf = (name: Switch) => (name === "tracing" ? "jaeger" : name);
const needsPrometheus = (name: Switch) => ["grafana", "kiali", "servicegraph"].includes(name);

describe.each(SWITCHES)("istio.%s", (name) => {
    const withIt: Switch[] = needsPrometheus(name) ? [name, "prometheus"] : [name];
    const alone = once(() => run({ ...NO_ADDONS, [name]: { enabled: true } }));

    it("creates only its objects if it alone is enabled, with Prometheus if it needs that", async () => {
        const expected = withIt.flatMap((each) => OBJECTS[each]).sort();
        expect(await added(await alone())).toEqual(expected);
    });

    it("has its command if it alone is enabled, and its password", async () => {
        const { outputs } = await alone();
        const commands = Object.entries(outputs.dashboards?.value as Record<string, string>);
        expect(commands.map(([addon]) => addon).sort()).toEqual(withIt.map(titleOf).sort());
        for (const each of withIt) {
            const port = PORTS[each];
            expect(Object.fromEntries(commands)[titleOf(each)]).toMatch(
                new RegExp(` ${String(port)}:${String(port)}$`),
            );
        }
        expect(Object.keys(outputs).includes("grafanaAdminPassword")).toBe(name === "grafana");
    });

    it("removes nothing else if it alone is disabled", async () => {
        const program = await run({ [name]: { enabled: false } });
        const gone = name === "prometheus" ? [] : OBJECTS[name];
        const others = Object.values(OBJECTS).flat();
        expect(await added(program)).toEqual(others.filter((object) => !gone.includes(object)).sort());
    });
});

describe("with every add-on disabled", () => {
    it("there are no objects and no settings of add-ons", async () => {
        const program = await nothingOn();
        expect(ofType(program, /^bookinfo-mesh:addons:/)).toEqual([]);
        expect(ofType(program, /ClusterRole|ConfigMap|Secret|Telemetry|PersistentVolumeClaim/)).toEqual([]);
        expect(find(program, "kubernetes:helm.sh/v3:Release", "istio-istiod").inputs.values).not.toHaveProperty(
            "meshConfig",
        );
        expect(program.outputs.dashboards?.value).toEqual({});
    });
});

describe("tracing", () => {
    const values = (program: Run) => find(program, "kubernetes:helm.sh/v3:Release", "istio-istiod").inputs.values;

    it("tells istiod the address of Jaeger, and the mesh to send all spans", async () => {
        const program = await allOn();
        expect(values(program)).toMatchObject({
            meshConfig: {
                extensionProviders: [
                    {
                        name: "jaeger",
                        opentelemetry: {
                            service: "jaeger-collector.istio-system.svc.cluster.local",
                            port: 4317,
                        },
                    },
                ],
            },
        });
        const collector = find(program, "kubernetes:core/v1:Service", "jaeger-jaeger-collector").inputs;
        expect(collector).toMatchObject({
            metadata: { name: "jaeger-collector", namespace: "istio-system" },
            // The name tells proxies to use HTTP/2.
            spec: {
                ports: expect.arrayContaining([{ name: "grpc-otlp", port: 4317, targetPort: "grpc-otlp" }]) as unknown,
            },
        });
        expect(find(program, "kubernetes:telemetry.istio.io/v1:Telemetry", "istio-tracing").inputs).toMatchObject({
            metadata: { name: "mesh-default", namespace: "istio-system" },
            spec: { tracing: [{ providers: [{ name: "jaeger" }], randomSamplingPercentage: 100 }] },
        });
    });

    it("has the configured sampling", async () => {
        const program = await run({ ...NO_ADDONS, tracing: { sampling: 0.5 } });
        expect(find(program, "kubernetes:telemetry.istio.io/v1:Telemetry", "istio-tracing").inputs.spec).toEqual({
            tracing: [{ providers: [{ name: "jaeger" }], randomSamplingPercentage: 0.5 }],
        });
    });

    it("does not change istiod's settings if it is disabled", async () => {
        expect(values(await run({ tracing: { enabled: false } }))).not.toHaveProperty("meshConfig");
    });
});

describe("a disabled Prometheus", () => {
    it("is deployed for add-ons that need it", async () => {
        const program = await run({ ...NO_ADDONS, prometheus: { enabled: false }, kiali: { enabled: true } });
        expect(await added(program)).toEqual([...OBJECTS.kiali, ...OBJECTS.prometheus].sort());
    });
});

describe("Kiali", () => {
    const external = (program: Run) =>
        find(program, "kubernetes:helm.sh/v3:Release", "kiali-release").inputs.values as {
            external_services: Record<string, object>;
        };

    it("knows which other add-ons are deployed", async () => {
        expect(external(await allOn()).external_services).toMatchObject({
            grafana: { enabled: true },
            tracing: { enabled: true },
        });
        const alone = await run({ ...NO_ADDONS, kiali: { enabled: true } });
        expect(external(alone).external_services).toMatchObject({
            grafana: { enabled: false },
            tracing: { enabled: false },
        });
    });

    it("uses the values and the chart of the config", async () => {
        const program = await run({
            ...NO_ADDONS,
            kiali: { enabled: true, version: "2.30.0", chartRepository: "oci://registry.example/charts" },
            values: { kiali: { auth: { strategy: "token" }, deployment: { replicas: 2 } } },
        });
        expect(find(program, "kubernetes:helm.sh/v3:Release", "kiali-release").inputs).toMatchObject({
            chart: "oci://registry.example/charts/kiali-server",
            version: "2.30.0",
            values: { auth: { strategy: "token" }, deployment: { replicas: 2, view_only_mode: true } },
        });
    });
});

interface Pod {
    serviceAccountName: string;
    automountServiceAccountToken: boolean;
    hostNetwork?: boolean;
    securityContext: Record<string, unknown>;
    containers: Record<string, unknown>[];
}

describe("every add-on's pod", () => {
    let deployments: Registration[];
    let program: Run;
    beforeAll(async () => {
        program = await allOn();
        deployments = ofType(program, /^kubernetes:apps\/v1:Deployment$/).filter(({ parent }) =>
            parent.includes(":addons:"),
        );
        expect(deployments.map(objectOf).sort()).toEqual([
            "Deployment grafana",
            "Deployment jaeger",
            "Deployment prometheus",
            "Deployment servicegraph",
        ]);
    });
    const podOf = ({ inputs }: Registration) => (inputs.spec as { template: { spec: Pod } }).template.spec;

    it("fulfils the level restricted of the Pod Security Standards", () => {
        for (const deployment of deployments) {
            const { securityContext, containers, hostNetwork, ...rest } = podOf(deployment);
            expect(hostNetwork).toBeUndefined();
            expect(Object.keys(rest)).not.toContain("initContainers");
            expect(securityContext).toMatchObject({
                runAsNonRoot: true,
                runAsUser: expect.any(Number) as unknown,
                seccompProfile: { type: "RuntimeDefault" },
            });
            expect(securityContext.runAsUser).not.toBe(0);
            for (const container of containers) {
                expect(container.securityContext).toEqual({
                    allowPrivilegeEscalation: false,
                    capabilities: { drop: ["ALL"] },
                    readOnlyRootFilesystem: true,
                });
            }
        }
    });

    it("has requests, a limit, probes and a pinned image", () => {
        for (const deployment of deployments) {
            for (const container of podOf(deployment).containers) {
                expect(container).toMatchObject({
                    resources: {
                        requests: { cpu: expect.any(String) as unknown, memory: expect.any(String) as unknown },
                        limits: { memory: expect.any(String) as unknown },
                    },
                    startupProbe: { httpGet: expect.anything() as unknown },
                    readinessProbe: { httpGet: expect.anything() as unknown },
                    livenessProbe: { httpGet: expect.anything() as unknown },
                    image: expect.stringMatching(/^docker\.io\/[a-z/]+:v?\d+\.\d+\.\d+/) as unknown,
                });
            }
        }
    });

    it("has its own account, and only Prometheus' has permissions: to list and watch pods in the mesh's namespaces", () => {
        const accounts = deployments.map((deployment) => [podOf(deployment).serviceAccountName, objectOf(deployment)]);
        expect(accounts.map(([account, deployment]) => `Deployment ${account ?? ""}` === deployment)).toEqual(
            Array(4).fill(true),
        );
        const withToken = deployments.filter((deployment) => podOf(deployment).automountServiceAccountToken);
        expect(withToken.map(objectOf)).toEqual(["Deployment prometheus"]);

        const placed = ({ type, inputs }: Registration) => [
            type.split(":").at(-1),
            (inputs.metadata as { namespace?: string }).namespace,
        ];
        const named = (one: Registration, other: Registration) => one.name.localeCompare(other.name);
        const roles = ofType(program, /^kubernetes:rbac.*:(?:Cluster)?Role$/).sort(named);
        expect(roles.map(placed)).toEqual([
            ["Role", "default"],
            ["Role", "istio-system"],
        ]);
        expect(roles.map(({ inputs }) => inputs.rules)).toEqual(
            Array(2).fill([{ apiGroups: [""], resources: ["pods"], verbs: ["list", "watch"] }]),
        );
        const bindings = ofType(program, /^kubernetes:rbac.*:(?:Cluster)?RoleBinding$/).sort(named);
        expect(bindings.map(placed)).toEqual([
            ["RoleBinding", "default"],
            ["RoleBinding", "istio-system"],
        ]);
        expect(bindings.map(({ inputs }) => inputs.subjects)).toEqual(
            Array(2).fill([{ kind: "ServiceAccount", name: "prometheus", namespace: "istio-system" }]),
        );
        bindings.forEach(({ dependencies }, index) => {
            expect(dependencies).toContain(roles[index]?.urn);
        });
    });

    it("is reachable only inside of the cluster, by the label of Istio 1.0", () => {
        const services = ofType(program, /^kubernetes:core\/v1:Service$/).filter(({ parent }) =>
            parent.includes(":addons:"),
        );
        const selected = services.map(({ inputs }) => inputs.spec as { type: string; selector: object });
        expect(new Set(selected.map(({ type }) => type))).toEqual(new Set(["ClusterIP"]));
        for (const { selector } of selected) {
            const found = deployments.filter(({ inputs }) => {
                const { template } = inputs.spec as { template: { metadata: { labels: Record<string, string> } } };
                return Object.entries(selector).every(([key, value]) => template.metadata.labels[key] === value);
            });
            expect(found).toHaveLength(1);
        }
    });

    it("mounts its own ConfigMaps", () => {
        for (const deployment of deployments) {
            const siblings = program.resources.filter(
                ({ parent, type }) => parent === deployment.parent && /ConfigMap$/.test(type),
            );
            const depended = siblings.filter(({ urn }) => deployment.dependencies.includes(urn));
            expect([deployment.name, depended.length]).toEqual([deployment.name, siblings.length]);
            expect(siblings.length).toBeGreaterThan(0);
        }
    });
});

describe("the command of Istio 1.0", () => {
    // From Istio 1.0's documentation: it selects a pod by a label, and a port of it.
    it.each([
        ["grafana", 3000],
        ["jaeger", 16686],
        ["servicegraph", 8088],
        ["prometheus", 9090],
    ])("finds a pod by app=%s with the port %i", async (app, port) => {
        const pods = ofType(await allOn(), /^kubernetes:apps\/v1:Deployment$/).map(({ inputs }) => {
            const { template } = inputs.spec as {
                template: {
                    metadata: { labels: Record<string, string> };
                    spec: { containers: { ports: { containerPort: number }[] }[] };
                };
            };
            return { app: template.metadata.labels.app, ports: template.spec.containers[0]?.ports };
        });
        const found = pods.filter((pod) => pod.app === app);
        expect(found).toHaveLength(1);
        expect(found[0]?.ports?.map(({ containerPort }) => containerPort)).toContain(port);
    });
});

describe("Prometheus' settings", () => {
    const deployment = (program: Run) =>
        find(program, "kubernetes:apps/v1:Deployment", "prometheus-deployment").inputs.spec as {
            template: { metadata: { annotations: Record<string, string> } };
        };
    const checksum = (program: Run) => deployment(program).template.metadata.annotations["checksum/config"];
    const rules = [{ name: "traffic", rules: [{ record: "mesh:requests", expr: "sum(istio_requests_total)" }] }];

    it("replace its pod only if a rule changes", async () => {
        const before = checksum(await allOn());
        expect(checksum(await run({ prometheus: { rules } }))).not.toBe(before);
        expect(checksum(await run({ tracing: { sampling: 1 }, prometheus: { retention: "1d" } }))).toBe(before);
    });

    it("create a claim, with the default options for its deletion, only for persistent storage", async () => {
        expect(ofType(await allOn(), /PersistentVolumeClaim$/)).toEqual([]);
        const program = await run({ prometheus: { storage: { persistent: true, size: "5Gi" } } });
        const claims = ofType(program, /PersistentVolumeClaim$/);
        expect(claims).toMatchObject([
            {
                deletedWith: "",
                retainOnDelete: false,
                inputs: {
                    metadata: { namespace: "istio-system" },
                    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "5Gi" } } },
                },
            },
        ]);
        const { dependencies } = find(program, "kubernetes:apps/v1:Deployment", "prometheus-deployment");
        expect(dependencies).toContain(claims[0]?.urn);
        expect(deployment(program)).toMatchObject({ strategy: { type: "Recreate" } });
    });
});

describe("Grafana's password", () => {
    it("is a secret output of 32 characters", async () => {
        const program = await allOn();
        const { value, secret } = program.outputs.grafanaAdminPassword ?? {};
        expect(secret).toBe(true);
        expect(value).toMatch(/^[\w-]{32}$/);
    });
});

test("dashboards are valid shell commands", async () => {
    const { outputs } = await allOn();
    for (const command of Object.values(outputs.dashboards?.value as Record<string, string>)) {
        expect(command).toContain(`--kubeconfig ${CLUSTER.path} --context here --namespace istio-system port-forward`);
        expect(spawnSync("sh", ["-n", "-c", command]).status).toBe(0);
    }
});
