import { ADDONS, ISTIO_NAMESPACE } from "../names";

/** A step that keeps or drops a discovered pod or a series, or changes its labels (`relabel_config` of Prometheus). */
interface Relabel {
    source_labels: string[];
    regex: string;
    action?: "keep" | "drop" | "replace";
    target_label?: string;
    replacement?: string;
}

/** Pods in these namespaces, with labels that the selector matches. Prometheus sees no other pods, nor what is written on them. */
interface Discovery {
    role: "pod";
    namespaces: { names: string[] };
    selectors?: { role: "pod"; label: string }[];
}

interface ScrapeJob {
    job_name: string;
    kubernetes_sd_configs: Discovery[];
    /** The format of answers without a content type, which Prometheus 3 would otherwise refuse. */
    fallback_scrape_protocol: string;
    /** A redirect could lead to any address that Prometheus reaches. */
    follow_redirects: false;
    relabel_configs: Relabel[];
    metric_relabel_configs?: Relabel[];
}

export interface ScrapedNamespaces {
    /** The application's. Pods with a proxy are scraped there. */
    app: string;
    /** Namespaces whose annotated pods are scraped, with a proxy and without. */
    others: readonly string[];
}

/** The namespaces in which Prometheus looks for pods. */
export function scrapedNamespaces({ app, others }: ScrapedNamespaces): string[] {
    return [...new Set([ISTIO_NAMESPACE, app, ...others])];
}

/** Labels of a discovered pod. Prometheus drops them after relabelling. */
const POD = "__meta_kubernetes_pod";
const NAMESPACE = "__meta_kubernetes_namespace";
const annotation = (name: string) => `${POD}_annotation_prometheus_io_${name}`;

const CONTROL_PLANE = { source_labels: [NAMESPACE, `${POD}_label_app`], regex: `${ISTIO_NAMESPACE};istiod` };

/** Injection annotates each pod with a proxy, and labels it with the name of its service. */
const INJECTED = { source_labels: [`${POD}_annotationpresent_sidecar_istio_io_status`], regex: "true" };
const INJECTED_LABEL = "service.istio.io/canonical-name";

/** Envoy's own port for its metrics (container port `http-envoy-prom` in the injection templates of chart `istiod`). */
const ENVOY = { port: 15090, path: "/stats/prometheus" };

/**
 * The mesh's metrics are believed only from Envoy and istiod. Istio's agent passes on what the application says, and any pod can say
 * anything. The agent's own begin with `istio_agent_`. Prometheus' regular expressions (RE2) know no "except".
 */
const FORGED: Relabel = {
    source_labels: ["__name__"],
    regex: "(?:envoy_|istio_(?:[^a]|a[^g]|ag[^e])).*",
    action: "drop",
};

const RUNNING: Relabel = { source_labels: [`${POD}_phase`], regex: "Pending|Succeeded|Failed", action: "drop" };
const ANNOTATED: Relabel = { source_labels: [annotation("scrape")], regex: "true", action: "keep" };

/**
 * Three jobs:
 * - `istiod`: the control plane;
 * - `envoy`: Envoy in each pod with a proxy, unless the pod is annotated with `prometheus.io/scrape: "false"`;
 * - `pods`: what the annotations `prometheus.io/*` say. Of the add-ons; of pods with a proxy, where injection points them to
 *   port 15020, at which Istio's agent has the metrics of itself and the application without mutual TLS; and of all pods in the
 *   other namespaces.
 *
 * Discovery returns a pod once for each of its ports. All of these become the same target, which Prometheus scrapes once.
 */
export function scrapeJobs({ app, others }: ScrapedNamespaces): ScrapeJob[] {
    return [
        job("istiod", [podsIn([ISTIO_NAMESPACE], "app=istiod")], [ANNOTATED, RUNNING, ...ADDRESS]),
        job(
            "envoy",
            [podsIn(scrapedNamespaces({ app, others }), INJECTED_LABEL)],
            [
                { ...INJECTED, action: "keep" },
                { source_labels: [annotation("scrape")], regex: "false", action: "drop" },
                RUNNING,
                ...ENVOY_ADDRESS,
            ],
        ),
        {
            ...job(
                "pods",
                [
                    podsIn([ISTIO_NAMESPACE], `app in (${Object.keys(ADDONS).sort().join(", ")})`),
                    podsIn(scrapedNamespaces({ app, others: [] }), INJECTED_LABEL),
                    ...(others.length > 0 ? [podsIn([...others])] : []),
                ],
                [ANNOTATED, RUNNING, { ...CONTROL_PLANE, action: "drop" }, ...ADDRESS],
            ),
            metric_relabel_configs: [FORGED],
        },
    ];
}

function podsIn(names: string[], label?: string): Discovery {
    return { role: "pod", namespaces: { names }, ...(label !== undefined && { selectors: [{ role: "pod", label }] }) };
}

function job(name: string, discovery: Discovery[], steps: Relabel[]): ScrapeJob {
    return {
        job_name: name,
        kubernetes_sd_configs: discovery,
        fallback_scrape_protocol: "PrometheusText0.0.4",
        follow_redirects: false,
        relabel_configs: [...steps, ...LABELS],
    };
}

/** A pod's address with a port, which may be an IPv6 address. */
function addressOf(ports: string[], port: string, replacement: (ip: string) => string): Relabel[] {
    const source = { source_labels: [`${POD}_ip`, ...ports], target_label: "__address__" };
    return [
        { ...source, regex: `([^:]+)${port}`, replacement: replacement("$1") },
        { ...source, regex: `(.+:.+)${port}`, replacement: replacement("[$1]") },
    ];
}

/** The address of the metrics, from the annotations. For missing annotations, Prometheus' defaults apply. */
const ADDRESS: Relabel[] = [
    { source_labels: [annotation("scheme")], regex: "(https?)", target_label: "__scheme__" },
    { source_labels: [annotation("path")], regex: "(.+)", target_label: "__metrics_path__" },
    ...addressOf([annotation("port")], ";(\\d+)", (ip) => `${ip}:$2`),
];

/** The address of Envoy's own metrics. The annotations do not matter. */
const ENVOY_ADDRESS: Relabel[] = [
    { source_labels: [`${POD}_ip`], regex: ".+", target_label: "__metrics_path__", replacement: ENVOY.path },
    ...addressOf([], "", (ip) => `${ip}:${String(ENVOY.port)}`),
];

/** The labels that say where a series comes from. Kiali's own dashboards select by `app` and `version`. */
const LABELS: Relabel[] = [
    [NAMESPACE, "namespace"],
    [`${POD}_name`, "pod"],
    [`${POD}_label_app`, "app"],
    [`${POD}_label_version`, "version"],
].map(([source = "", target = ""]) => ({ source_labels: [source], regex: "(.+)", target_label: target }));
