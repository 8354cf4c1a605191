import { kialiNames } from "../../components/addons/kiali";
import { clusterDomainOf } from "../../components/istio/values";
import { parseConfig } from "../../config";
import { once } from "./once";
import { CLUSTER, find, ofType, runProgram, waitedFor } from "./program";
import { issueLines } from "./issueLines";

/* What others have made before: namespaces, a Prometheus, other names. */

const URL = "https://metrics.example.com/prom";
const existing = once(() =>
    runProgram({
        cluster: { ...CLUSTER, existingNamespaces: ["istio-system", "shop"] },
        app: { namespace: "shop", namespaceLabels: { team: "shop" } },
        istio: {
            namespaceLabels: { team: "mesh" },
            prometheus: { url: `${URL}/` },
            values: { istiod: { global: { proxy: { clusterDomain: "corp.internal" } } } },
        },
    }),
);
const RELEASE = "kubernetes:helm.sh/v3:Release";
const valuesOf = async (name: string) => find(await existing(), RELEASE, name).inputs.values as Record<string, object>;
const PATCH = "kubernetes:core/v1:NamespacePatch";

describe("A5: namespaces that exist", () => {
    it("are patched, not made: with their labels, and with the name of the stack that uses them", async () => {
        const run = await existing();
        expect(ofType(run, /^kubernetes:core\/v1:Namespace$/)).toEqual([]);
        expect(find(run, PATCH, "app-namespace").inputs.metadata).toEqual({
            name: "shop",
            labels: { team: "shop", "istio-injection": "enabled" },
        });
        expect(find(run, PATCH, "istio-namespace").inputs.metadata).toEqual({
            name: "istio-system",
            labels: { team: "mesh" },
            annotations: { "bookinfo-mesh/stack": "test" },
        });
    });

    it("come before what is in them, and what istiod writes into its own is removed by Leftovers", async () => {
        const run = await existing();
        const patch = find(run, PATCH, "istio-namespace");
        for (const [type, name] of [
            [RELEASE, "istio-base"],
            ["kubernetes:apps/v1:Deployment", "jaeger-deployment"],
        ] as const) {
            expect(waitedFor(run, find(run, type, name).urn)).toContain(patch);
        }
        expect(find(run, RELEASE, "istio-base").inputs.namespace).toBe("istio-system");
        expect(find(run, "bookinfo-mesh:istio:Leftovers", "istio-leftovers").inputs).toMatchObject({
            stayingNamespace: "istio-system",
            reachedBy: { context: "here" },
        });
    });

    it("change nothing for stacks that have made theirs", async () => {
        const run = await runProgram({ cluster: CLUSTER });
        expect(find(run, "kubernetes:core/v1:Namespace", "istio-namespace").inputs.metadata).toEqual({
            name: "istio-system",
        });
        const { inputs } = find(run, "bookinfo-mesh:istio:Leftovers", "istio-leftovers");
        expect(Object.keys(inputs).sort()).toEqual(["kubeconfig", "reachedBy"]);
        const { inputs: istio } = find(run, "bookinfo-mesh:istio:Istio", "istio");
        expect(Object.keys(istio)).not.toContain("namespaceExists");
        const { inputs: app } = find(run, "bookinfo-mesh:index:InjectedNamespace", "app");
        expect(app).toEqual({ name: "default" });
    });
});

describe("A8: a Prometheus that is there", () => {
    it("is read by all add-ons, and none is deployed", async () => {
        const run = await existing();
        expect(ofType(run, /addons:Prometheus$/)).toEqual([]);
        const { inputs } = find(run, "kubernetes:apps/v1:Deployment", "servicegraph-deployment");
        expect(JSON.stringify(inputs)).toContain(`--prometheusAddr=${URL}"`);
        const datasources = find(run, "kubernetes:core/v1:ConfigMap", "grafana-datasources").inputs.data;
        expect(JSON.stringify(datasources)).toContain(`url: ${URL}\\n`);
        expect((await valuesOf("kiali-release")).external_services).toMatchObject({ prometheus: { url: URL } });
        expect(run.outputs.dashboards?.value).not.toHaveProperty("prometheus");
    });
});

describe("A8: names that the user sets for istiod", () => {
    it("are followed by the tracing provider and by Kiali", async () => {
        const { meshConfig } = await valuesOf("istio-istiod");
        expect(meshConfig).toMatchObject({
            extensionProviders: [
                { opentelemetry: { service: "jaeger-collector.istio-system.svc.corp.internal", port: 4317 } },
            ],
        });
        expect((await valuesOf("kiali-release")).external_services).toMatchObject({
            istio: { istio_identity_domain: "svc.corp.internal" },
            tracing: { enabled: true },
        });
    });

    it("have the cluster's usual domain by default, and then Kiali gets none", () => {
        expect(clusterDomainOf({})).toBe("cluster.local");
        expect(kialiNames({ clusterDomain: "cluster.local" })).toEqual({});
    });
});

/** The lines of the config's error, one for each issue. */
function issues(config: Record<string, unknown>): string[] {
    const raw = Object.entries({ cluster: CLUSTER, ...config }).map(([key, value]) => [key, JSON.stringify(value)]);
    return issueLines(() => parseConfig(Object.fromEntries(raw) as Record<string, string>));
}

describe("a config that does not fit what is there gets one error", () => {
    const prometheus = (section: object) => issues({ istio: { prometheus: section } });
    const values = (chart: string, set: object) => issues({ istio: { values: { [chart]: set } } });

    it.each([
        ["prometheus:9090", "it is not an http or https URL"],
        ["ftp://prometheus", "it is not an http or https URL"],
        ["http://", "it is not an http or https URL"],
        ["http://prometheus:9090?a=b", "it has a query or a fragment"],
        ["http://prometheus:9090/#", "it has a query or a fragment"],
    ])("A8: istio.prometheus.url = %j", (url, problem) => {
        const [line, ...others] = prometheus({ url });
        expect(line).toContain(`istio.prometheus.url = "${url}": ${problem}; allowed: http or https URL without user`);
        expect(others).toEqual([]);
    });

    it("A8: a password in the URL, which is not repeated", () => {
        const [line, ...others] = prometheus({ url: "https://ann:s3cret@prometheus" });
        expect(line).toContain('istio.prometheus.url = "[secret]": it has a user or a password');
        expect(line).not.toContain("s3cret");
        expect(others).toEqual([]);
    });

    it.each([
        ["enabled", true, "allowed: false, or nothing"],
        ["retention", "2d", "allowed: nothing"],
        ["storage", { size: "4Gi" }, "allowed: nothing"],
        ["rules", [], "allowed: nothing"],
    ])("A8: istio.prometheus.%s beside the URL of another", (key, value, allowed) => {
        const [line, ...others] = prometheus({ url: "http://prometheus.monitoring:9090", [key]: value });
        expect(line).toContain(`  istio.prometheus.${key} = `);
        expect(line).toContain(`istio.prometheus.url names another Prometheus, so none is deployed; ${allowed}. `);
        expect(line).toContain(`Run: pulumi config rm --path istio.prometheus.${key}`);
        expect(others).toEqual([]);
    });

    it("A8: nothing is wrong with the URL alone, or with the switch off", () => {
        expect(prometheus({ url: "http://prometheus.monitoring.svc:9090/prefix/" })).toEqual([]);
        expect(prometheus({ url: "https://prometheus.example.com", enabled: false })).toEqual([]);
    });

    it.each<[string, object, string]>([
        ["istiod", { global: { proxy: { clusterDomain: 5 } } }, "it is not a DNS name"],
        ["istiod", { global: { proxy: { clusterDomain: "http://x" } } }, "it is not a DNS name"],
        ["istiod", { global: { proxy: { statusPort: 15555 } } }, "Istio's agent is reached at a fixed port"],
        ["istiod", { meshConfig: { defaultConfig: { statusPort: 1 } } }, "Istio's agent is reached at a fixed port"],
        ["istiod", { meshConfig: { rootNamespace: "mesh" } }, "the mesh's policies are in istio-system"],
        ["istiod", { global: { remotePilotAddress: "192.0.2.1" } }, "istiod runs in this cluster"],
        ["istiod", { istiodRemote: { enabled: true } }, "istiod runs in this cluster"],
        ["base", { defaultRevision: "canary" }, "istiod has no revision"],
        ["gateway", { labels: { app: "mine" } }, "the pods and their traces are found by this label"],
        ["gateway", { networkGateway: "n" }, "its Service would have no port 80"],
        [
            "gateway",
            { service: { ports: [{ name: "http", port: 8080 }] } },
            "no port of the Service would lead to the product page",
        ],
        ["kiali", { fullnameOverride: "mine" }, "Kiali is found by its name"],
        ["kiali", { identity: { cert_file: "/c" } }, "Kiali is reached without TLS"],
    ])("A8: istio.values.%s with %j", (chart, set, problem) => {
        const [line, ...others] = values(chart, set);
        expect(line).toContain(`  istio.values.${chart}.`);
        expect(line).toContain(problem);
        expect(others).toEqual([]);
    });

    it("A8: other values that users set are accepted", () => {
        expect(values("istiod", { meshConfig: { trustDomain: "corp", rootNamespace: "istio-system" } })).toEqual([]);
        expect(values("istiod", { global: { proxy: { clusterDomain: "corp.internal" }, meshID: "m" } })).toEqual([]);
        expect(values("base", { defaultRevision: "default" })).toEqual([]);
        expect(values("gateway", { service: { ports: [{ port: 80, targetPort: 8080 }] } })).toEqual([]);
        expect(values("gateway", { service: { ports: [{ port: 8080, targetPort: 80 }] } })).toEqual([]);
    });

    it("A5: a namespace in which the program deploys nothing", () => {
        const cluster = { ...CLUSTER, existingNamespaces: ["istio-system", "monitoring"] };
        expect(issues({ cluster })).toEqual([
            expect.stringContaining(
                'cluster.existingNamespaces = ["istio-system","monitoring"]: the program deploys nothing in the namespace ' +
                    "monitoring; allowed: list of istio-system or default",
            ),
        ]);
        expect(issues({ cluster: { kind: "gke", existingNamespaces: [] } })[0]).toContain(
            "cluster.existingNamespaces = []: it is for clusters of kind kubeconfig",
        );
    });
});
