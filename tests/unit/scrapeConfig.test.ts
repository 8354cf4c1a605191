import { scrapeJobs } from "../../components/addons/scrapeConfig";

interface Pod {
    name: string;
    namespace?: string;
    ip?: string;
    phase?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    /** The ports of its containers; discovery returns a pod once for each. */
    ports: number[];
}

/** The annotations of a pod after injection (pkg/kube/inject/webhook.go of Istio 1.31: applyPrometheusMerge). */
const INJECTED = {
    "sidecar.istio.io/status": "{}",
    "prometheus.io/scrape": "true",
    "prometheus.io/port": "15020",
    "prometheus.io/path": "/stats/prometheus",
};

const PRODUCTPAGE: Pod = {
    name: "productpage-v1-1",
    namespace: "default",
    labels: { app: "productpage", version: "v1", "service.istio.io/canonical-name": "productpage" },
    annotations: INJECTED,
    ports: [9080, 15090],
};
const AGENT = { job: "pods", url: "http://10.0.0.1:15020/stats/prometheus" };
const ENVOY = { job: "envoy", url: "http://10.0.0.1:15090/stats/prometheus" };
const GATEWAY: Pod = {
    name: "istio-ingressgateway-1",
    labels: { app: "istio-ingressgateway", "service.istio.io/canonical-name": "istio-ingressgateway" },
    annotations: INJECTED,
    ports: [15090],
};
const ISTIOD: Pod = {
    name: "istiod-1",
    labels: { app: "istiod" },
    // Chart istiod 1.31, templates/deployment.yaml.
    annotations: { "prometheus.io/scrape": "true", "prometheus.io/port": "15014" },
    ports: [8080, 15010, 15012, 15014, 15017],
};
const KIALI: Pod = {
    name: "kiali-1",
    labels: { app: "kiali" },
    annotations: { "prometheus.io/scrape": "true", "prometheus.io/port": "9090", "prometheus.io/scheme": "http" },
    ports: [20001, 9090],
};

/** A pod of somebody else, with a password that kubectl has copied into an annotation. */
const STRANGER: Pod = {
    ...KIALI,
    name: "stranger-1",
    namespace: "elsewhere",
    labels: { app: "stranger" },
    annotations: { ...KIALI.annotations, "kubectl.kubernetes.io/last-applied-configuration": '{"password":"marker"}' },
};

describe("Prometheus scrapes", () => {
    it.each<[string, Pod, string, string]>([
        ["istiod", ISTIOD, "istiod", "http://10.0.0.1:15014/metrics"],
        ["an add-on", KIALI, "pods", "http://10.0.0.1:9090/metrics"],
        [
            "an add-on with TLS",
            { ...KIALI, annotations: { ...KIALI.annotations, "prometheus.io/scheme": "https" } },
            "pods",
            "https://10.0.0.1:9090/metrics",
        ],
        ["an add-on with IPv6", { ...KIALI, ip: "fd00::7" }, "pods", "http://[fd00::7]:9090/metrics"],
        [
            "an annotated pod in a namespace of the config",
            { ...STRANGER, namespace: "more" },
            "pods",
            "http://10.0.0.1:9090/metrics",
        ],
        [
            "an istiod in such a namespace, as any other pod",
            { ...ISTIOD, namespace: "more" },
            "pods",
            "http://10.0.0.1:15014/metrics",
        ],
    ])("%s once, in one job", (_, pod, job, url) => {
        expect(targetsOf(pod)).toEqual([expect.objectContaining({ job, url })]);
    });

    it.each<[string, Pod]>([
        ["of the application", PRODUCTPAGE],
        ["of the ingress gateway", GATEWAY],
        ["in a namespace of the config", { ...PRODUCTPAGE, namespace: "more" }],
    ])("Envoy itself in a pod %s, and its agent apart", (_, pod) => {
        expect(targetsOf(pod)).toEqual([ENVOY, AGENT].map((target) => expect.objectContaining(target) as object));
    });

    it("Envoy wherever the annotations point, because these may point to the application", () => {
        const annotations = { ...INJECTED, "prometheus.io/port": "8080", "prometheus.io/path": "/forged" };
        expect(targetsOf({ ...PRODUCTPAGE, annotations })).toEqual([
            expect.objectContaining(ENVOY),
            expect.objectContaining({ job: "pods", url: "http://10.0.0.1:8080/forged" }),
        ]);
    });

    it("every port of a pod without a port annotation", () => {
        const pod = { ...KIALI, annotations: { "prometheus.io/scrape": "true" } };
        expect(targetsOf(pod).map(({ url }) => url)).toEqual([
            "http://10.0.0.1:20001/metrics",
            "http://10.0.0.1:9090/metrics",
        ]);
    });

    it.each<[string, Pod]>([
        ["is not annotated", { ...KIALI, annotations: {} }],
        ["is annotated with false", { ...PRODUCTPAGE, annotations: { ...INJECTED, "prometheus.io/scrape": "false" } }],
        ["is pending", { ...PRODUCTPAGE, phase: "Pending" }],
        ["has succeeded", { ...KIALI, phase: "Succeeded" }],
        ["has failed", { ...KIALI, phase: "Failed" }],
    ])("no pod that %s", (_, pod) => {
        expect(targetsOf(pod)).toEqual([]);
    });

    it.each<[string, Pod]>([
        ["in another namespace", STRANGER],
        ["in another namespace, with a proxy", { ...PRODUCTPAGE, namespace: "elsewhere" }],
        ["without a proxy beside the application", { ...STRANGER, namespace: "default" }],
        ["beside the add-ons", { ...STRANGER, namespace: "istio-system" }],
    ])("nothing, and sees nothing, of a pod %s", (_, pod) => {
        expect(scrapeJobs(SCRAPED).flatMap(({ kubernetes_sd_configs: found }) => discovered(pod, found))).toEqual([]);
    });

    it("and follows no redirect", () => {
        expect(scrapeJobs(SCRAPED).map(({ follow_redirects: follow }) => follow)).toEqual([false, false, false]);
    });

    it("and believes the mesh's metrics only from Envoy and istiod", () => {
        const forged = [
            "istio_requests_total",
            "istio_build",
            "istio_a_b",
            "envoy_server_live",
            "istio_tcp_sent_bytes_total",
        ];
        const kept = [
            "istio_agent_cert_expiry_seconds",
            "go_goroutines",
            "http_requests_total",
            "my_istio_requests_total",
        ];
        const seriesOf = Object.fromEntries(
            scrapeJobs(SCRAPED).map(({ job_name: name, metric_relabel_configs: steps = [] }) => [
                name,
                [...forged, ...kept].filter((metric) => relabelled({ __name__: metric }, steps)),
            ]),
        );
        expect(seriesOf).toEqual({ istiod: [...forged, ...kept], envoy: [...forged, ...kept], pods: kept });
    });

    it("and labels series with their source", () => {
        const [{ labels } = { labels: {} }] = targetsOf(PRODUCTPAGE);
        expect(labels).toEqual({ namespace: "default", pod: "productpage-v1-1", app: "productpage", version: "v1" });
        const [gateway] = targetsOf(GATEWAY);
        expect(gateway?.labels).toEqual({
            namespace: "istio-system",
            pod: "istio-ingressgateway-1",
            app: "istio-ingressgateway",
        });
    });
});

/** The namespaces of these tests. */
const SCRAPED = { app: "default", others: ["more"] };

interface Target {
    job: string;
    url: string;
    labels: Record<string, string>;
}

/** The targets of a pod in all jobs. Identical targets of a job are one. */
function targetsOf(pod: Pod): Target[] {
    return scrapeJobs(SCRAPED).flatMap(({ job_name: job, kubernetes_sd_configs: found, relabel_configs: steps }) => {
        const targets = discovered(pod, found)
            .map((labels) => relabelled(labels, steps))
            .filter((labels) => labels !== undefined)
            .map((labels): Target => {
                const { __scheme__: scheme, __address__: address, __metrics_path__: path } = labels;
                const kept = Object.entries(labels).filter(([name]) => !name.startsWith("__"));
                return {
                    job,
                    url: `${scheme ?? ""}://${address ?? ""}${path ?? ""}`,
                    labels: Object.fromEntries(kept),
                };
            });
        return [...new Map(targets.map((target) => [JSON.stringify(target), target])).values()];
    });
}

type Discovery = ReturnType<typeof scrapeJobs>[number]["kubernetes_sd_configs"][number];

/** Whether the API server lists a pod for a discovery: a label selector is `KEY`, `KEY=VALUE` or `KEY in (VALUES)`. */
function lists({ namespaces, selectors = [] }: Discovery, { namespace = "istio-system", labels = {} }: Pod): boolean {
    const matches = ({ label }: { label: string }) => {
        const [, key = "", one, several] = /^([^= ]+)(?:=(.+)| in \((.+)\))?$/.exec(label) ?? [];
        const values = one === undefined ? several?.split(", ") : [one];
        const value = labels[key];
        return value !== undefined && (values?.includes(value) ?? true);
    };
    return namespaces.names.includes(namespace) && selectors.every(matches);
}

/** A pod's labels from discovery (discovery/kubernetes/pod.go), and the defaults of a scrape job. */
function discovered(pod: Pod, found: Discovery[]): Record<string, string>[] {
    return found.filter((discovery) => lists(discovery, pod)).flatMap(() => labelsOf(pod));
}

function labelsOf(pod: Pod): Record<string, string>[] {
    const { name, namespace = "istio-system", ip = "10.0.0.1", phase = "Running", labels = {}, annotations = {} } = pod;
    const sanitized = (text: string) => text.replace(/[^a-zA-Z0-9_]/g, "_");
    const prefixed = (prefix: string, from: Record<string, string>, valueOf = (value: string) => value) =>
        Object.entries(from).map(([key, value]) => [
            `__meta_kubernetes_pod_${prefix}_${sanitized(key)}`,
            valueOf(value),
        ]);
    return pod.ports.map((port) => ({
        ...(Object.fromEntries([
            ...prefixed("label", labels),
            ...prefixed("labelpresent", labels, () => "true"),
            ...prefixed("annotation", annotations),
            ...prefixed("annotationpresent", annotations, () => "true"),
        ]) as Record<string, string>),
        __scheme__: "http",
        __metrics_path__: "/metrics",
        __address__: ip.includes(":") ? `[${ip}]:${String(port)}` : `${ip}:${String(port)}`,
        __meta_kubernetes_namespace: namespace,
        __meta_kubernetes_pod_name: name,
        __meta_kubernetes_pod_ip: ip,
        __meta_kubernetes_pod_phase: phase,
        __meta_kubernetes_pod_container_port_number: String(port),
    }));
}

type Step = ReturnType<typeof scrapeJobs>[number]["relabel_configs"][number];

/** Labels after Prometheus' relabelling (model/relabel/relabel.go); undefined if it drops the target. */
function relabelled(labels: Record<string, string>, steps: Step[]): Record<string, string> | undefined {
    let current = labels;
    for (const { source_labels: sources, regex, action = "replace", target_label: target = "", replacement } of steps) {
        const value = sources.map((source) => current[source] ?? "").join(";");
        const match = new RegExp(`^(?:${regex})$`).exec(value);
        if ((action === "keep" && !match) || (action === "drop" && match)) {
            return undefined;
        }
        if (action === "replace" && match) {
            const filled = (replacement ?? "$1").replace(/\$(\d)/g, (_, group: string) => match[Number(group)] ?? "");
            current = { ...current, [target]: filled };
        }
    }
    return current;
}
