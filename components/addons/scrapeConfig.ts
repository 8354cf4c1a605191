import { ISTIO_NAMESPACE } from "../names";

/** A step that keeps or drops a discovered pod, or changes its labels (`relabel_config` of Prometheus). */
interface Relabel {
    source_labels: string[];
    regex: string;
    action?: "keep" | "drop" | "replace";
    target_label?: string;
    replacement?: string;
}

interface ScrapeJob {
    job_name: string;
    kubernetes_sd_configs: { role: "pod" }[];
    /** The format of answers without a content type, which Prometheus 3 would otherwise refuse. */
    fallback_scrape_protocol: string;
    relabel_configs: Relabel[];
}

/** Labels of a discovered pod. Prometheus drops them after relabelling. */
const POD = "__meta_kubernetes_pod";
const NAMESPACE = "__meta_kubernetes_namespace";
const annotation = (name: string) => `${POD}_annotation_prometheus_io_${name}`;

/** Injection annotates each pod with a proxy. */
const INJECTED = `${POD}_annotationpresent_sidecar_istio_io_status`;
const CONTROL_PLANE = { source_labels: [NAMESPACE, `${POD}_label_app`], regex: `${ISTIO_NAMESPACE};istiod` };

/**
 * Every pod with the annotations `prometheus.io/*` is scraped, in one of three jobs:
 * - `istiod`: the control plane;
 * - `envoy`: pods with a proxy. Injection points their annotations to port 15020. There Istio's agent has the metrics of
 *   Envoy, itself and the application, without mutual TLS;
 * - `pods`: all others.
 *
 * Discovery returns a pod once for each of its ports. All of these become the same target, which Prometheus scrapes once.
 */
export function scrapeJobs(): ScrapeJob[] {
    return [
        job("istiod", { ...CONTROL_PLANE, action: "keep" }),
        job("envoy", { source_labels: [INJECTED], regex: "true", action: "keep" }),
        job("pods", { source_labels: [INJECTED], regex: "true", action: "drop" }, { ...CONTROL_PLANE, action: "drop" }),
    ];
}

function job(name: string, ...choice: Relabel[]): ScrapeJob {
    return {
        job_name: name,
        kubernetes_sd_configs: [{ role: "pod" }],
        fallback_scrape_protocol: "PrometheusText0.0.4",
        relabel_configs: [
            { source_labels: [annotation("scrape")], regex: "true", action: "keep" },
            { source_labels: [`${POD}_phase`], regex: "Pending|Succeeded|Failed", action: "drop" },
            ...choice,
            ...ADDRESS,
            ...LABELS,
        ],
    };
}

/** The address of the metrics, from the annotations. For missing annotations, Prometheus' defaults apply. */
const ADDRESS: Relabel[] = [
    { source_labels: [annotation("scheme")], regex: "(https?)", target_label: "__scheme__" },
    { source_labels: [annotation("path")], regex: "(.+)", target_label: "__metrics_path__" },
    {
        source_labels: [`${POD}_ip`, annotation("port")],
        regex: "([^:]+);(\\d+)",
        replacement: "$1:$2",
        target_label: "__address__",
    },
    {
        // IPv6
        source_labels: [`${POD}_ip`, annotation("port")],
        regex: "(.+:.+);(\\d+)",
        replacement: "[$1]:$2",
        target_label: "__address__",
    },
];

/** The labels that say where a series comes from. Kiali's own dashboards select by `app` and `version`. */
const LABELS: Relabel[] = [
    [NAMESPACE, "namespace"],
    [`${POD}_name`, "pod"],
    [`${POD}_label_app`, "app"],
    [`${POD}_label_version`, "version"],
].map(([source = "", target = ""]) => ({ source_labels: [source], regex: "(.+)", target_label: target }));
