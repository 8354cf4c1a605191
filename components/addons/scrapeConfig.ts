import { ISTIO_NAMESPACE } from "../names";

/** A step that decides on a discovered pod, or changes its labels (`relabel_config` of Prometheus). */
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
    /** What to take an answer for that does not say what it is. Prometheus 3 would refuse it. */
    fallback_scrape_protocol: string;
    relabel_configs: Relabel[];
}

/** Labels that discovery gives to a pod; they are gone after relabelling. */
const POD = "__meta_kubernetes_pod";
const NAMESPACE = "__meta_kubernetes_namespace";
const annotation = (name: string) => `${POD}_annotation_prometheus_io_${name}`;

/** Injection annotates each pod that it adds a proxy to. */
const INJECTED = `${POD}_annotationpresent_sidecar_istio_io_status`;
const CONTROL_PLANE = { source_labels: [NAMESPACE, `${POD}_label_app`], regex: `${ISTIO_NAMESPACE};istiod` };

/**
 * What to scrape: every pod that asks for it by the annotations `prometheus.io/*`, in one job of three:
 * - `istiod`: the control plane;
 * - `envoy`: pods with a proxy. Injection points their annotations at port 15020, where Istio's agent answers for Envoy,
 *   itself and the application together, outside of mutual TLS;
 * - `pods`: the others.
 *
 * Discovery gives a pod as often as it has ports. They all become the same target, and Prometheus scrapes that once.
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

/** Where the annotations say that the metrics are. What they leave open stays as Prometheus has it. */
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

/** The labels that series get: where they are from. `app` and `version` are what Kiali's own dashboards select by. */
const LABELS: Relabel[] = [
    [NAMESPACE, "namespace"],
    [`${POD}_name`, "pod"],
    [`${POD}_label_app`, "app"],
    [`${POD}_label_version`, "version"],
].map(([source = "", target = ""]) => ({ source_labels: [source], regex: "(.+)", target_label: target }));
