/** Names and ports that other files, Istio, a chart, or a user with kubectl refer to. Pulumi names everything else. */

/** Namespace of the control plane and the ingress gateway. Policies in it apply to the whole mesh. */
export const ISTIO_NAMESPACE = "istio-system";

/** Every namespace has this label, with its name (https://kubernetes.io/docs/reference/labels-annotations-taints/). */
export const NAMESPACE_NAME = "kubernetes.io/metadata.name";

/**
 * Annotation of a namespace of the control plane that was there before the stack: the name of the stack that uses it. A
 * namespace that a stack has created is told from others by its UID.
 */
export const STACK_ANNOTATION = "bookinfo-mesh/stack";

/** Annotation of Istio's CRDs: what the stack that has installed them remembers. Only that stack removes them. */
export const MARK_ANNOTATION = "bookinfo-mesh/installed-by";

/** Helm releases. The chart `gateway` derives the names of its Service and its pods' labels from the release's name. */
export const RELEASES = { base: "istio-base", istiod: "istiod", gateway: "istio-ingressgateway" } as const;

/** The release of Istio's CNI plugin, if that is enabled. */
export const CNI_RELEASE = "istio-cni";

/** The DaemonSet of Istio's CNI plugin (chart `cni`, templates/daemonset.yaml). */
export const CNI_DAEMON_SET = "istio-cni-node";

/** With this label on a namespace, Istio's webhook adds a sidecar to every new pod there. */
export const INJECTION_LABEL = { "istio-injection": "enabled" } as const;

/** The pull secret that the program makes from `images.dockerConfig`: of the same name in each namespace. */
export const PULL_SECRET = "image-registries";

/** HTTP port of the ingress gateway: the chart's Service maps 80 to 80 (`service.ports` in its values.yaml). */
export const GATEWAY_HTTP_PORT = 80;

/** HTTPS port of the ingress gateway: the chart's Service maps 443 to 443. */
export const GATEWAY_HTTPS_PORT = 443;

/** Port of the webhooks on istiod's pods; its Service has 443 (chart `istiod`, templates/service.yaml). */
export const ISTIOD_WEBHOOK_PORT = 15017;

/** Ports of istiod for proxies, over TLS, and for its metrics. It has the first one in plain text too, at 15010. */
export const ISTIOD_PORTS = { xds: 15012, metrics: 15014 } as const;

/** The Gateway by which the ingress gateway serves Bookinfo, in the namespace of Bookinfo. */
export const GATEWAY = "bookinfo-gateway";

/** Port of every Bookinfo service, fixed in its images. */
export const BOOKINFO_PORT = 9080;

export const BOOKINFO_NAMES = ["productpage", "details", "ratings", "reviews"] as const;

/** The Bookinfo service that renders the page, and that the gateway routes to. */
export const PRODUCTPAGE = "productpage";

/** The path of the page itself. */
export const PRODUCTPAGE_PATH = "/productpage";

/**
 * The add-ons. As with Istio 1.0, the name is that of the Deployment and of the label `app` of its pod; `port` and `path`
 * are those of its page.
 */
export const ADDONS = {
    prometheus: { port: 9090, path: "/" },
    grafana: { port: 3000, path: "/" },
    jaeger: { port: 16686, path: "/" },
    kiali: { port: 20001, path: "/kiali" },
    servicegraph: { port: 8088, path: "/dotviz" },
} as const;

export type AddonName = keyof typeof ADDONS;

/** The page of Bookinfo, as the dashboard command shows it: `port` is the local port, if nothing else uses it. */
export const BOOKINFO_PAGE = { name: "bookinfo", port: 8080, path: PRODUCTPAGE_PATH } as const;

/** The section of the config, under `istio`, that enables each add-on. As with Istio 1.0, Jaeger's is named differently. */
export const SWITCHES = {
    prometheus: "prometheus",
    grafana: "grafana",
    jaeger: "tracing",
    kiali: "kiali",
    servicegraph: "servicegraph",
} as const satisfies Record<AddonName, string>;

/** Kiali is installed by its own chart, in a separate release. */
export const KIALI_RELEASE = "kiali";

/** Port of Kiali's own metrics (`server.observability.metrics.port` in its chart's values.yaml). */
export const KIALI_METRICS_PORT = 9090;

/** All releases that the program can install, in the order of their installation. */
export const ALL_RELEASES: readonly string[] = [CNI_RELEASE, ...Object.values(RELEASES), KIALI_RELEASE];

/** Prometheus' Service, as seen from its namespace. */
export const PROMETHEUS_URL = `http://prometheus:${ADDONS.prometheus.port}`;

/** Jaeger's Services: `collector` for spans (OTLP) from every proxy of the mesh, `query` for queries. */
export const JAEGER = {
    collector: "jaeger-collector",
    otlpGrpcPort: 4317,
    otlpHttpPort: 4318,
    query: "tracing",
    queryGrpcPort: 16685,
} as const;

/** The provider of traces in istiod's mesh config, which Telemetry resources refer to. */
export const TRACING_PROVIDER = "jaeger";

/** istiod's built-in provider of access logs: each proxy writes them to its standard output (pkg/config/mesh of Istio 1.31). */
export const ACCESS_LOG_PROVIDER = "envoy";

/** Type token of the resource that waits for proxies. packages/leftovers provides it, and renderings have a step for it. */
export const PROPAGATION_TYPE = "bookinfo-mesh:bookinfo:Propagation";

/**
 * Seconds until every proxy has what was just written. istiod collects changes for 0.1 s before it sends them, and for at most
 * 10 s if more changes keep coming (PILOT_DEBOUNCE_AFTER, PILOT_DEBOUNCE_MAX). In a small mesh a proxy has them within a second.
 */
export const PROPAGATION_SECONDS = 5;

/**
 * Labels by which a `Gateway` selects the pods of an ingress gateway. The chart labels its pods
 * `istio: <release name without "istio-">` (`gateway.selectorLabels` in its _helpers.tpl). Any other selector silently
 * matches no pods.
 */
export function gatewaySelector(releaseName: string): Record<string, string> {
    return { istio: releaseName.replace(/^istio-/, "") };
}
