/**
 * Names and ports that something else refers to: another part of the program, Istio, a chart or a person with kubectl.
 * Whatever nobody refers to is named by Pulumi.
 */

/** Namespace of the control plane and of the ingress gateway; policies in it hold for the whole mesh. */
export const ISTIO_NAMESPACE = "istio-system";

/** Helm releases. The chart `gateway` derives the name of its Service and its pods' labels from the release's name. */
export const RELEASES = { base: "istio-base", istiod: "istiod", gateway: "istio-ingressgateway" } as const;

/** The label that tells Istio's webhook to add a sidecar to every new pod of a namespace. */
export const INJECTION_LABEL = { "istio-injection": "enabled" } as const;

/** HTTP port of the ingress gateway: the chart's Service maps 80 to 80 (`service.ports` in its values.yaml). */
export const GATEWAY_HTTP_PORT = 80;

/** Port at which istiod's pods answer the webhooks; its Service has 443 (chart `istiod`, templates/service.yaml). */
export const ISTIOD_WEBHOOK_PORT = 15017;

/** Port of every Bookinfo service, fixed in its images. */
export const BOOKINFO_PORT = 9080;

/** The services of Bookinfo. */
export const BOOKINFO_NAMES = ["productpage", "details", "ratings", "reviews"] as const;

/** The Bookinfo service that renders the page, and the one that the gateway routes to. */
export const PRODUCTPAGE = "productpage";

/** The page itself: the path that the product page serves it at. */
export const PRODUCTPAGE_PATH = "/productpage";

/**
 * The add-ons: each one's name is that of its Deployment and the label `app` of its pod, as with Istio 1.0; `port` and
 * `path` are where its page is.
 */
export const ADDONS = {
    prometheus: { port: 9090, path: "/" },
    grafana: { port: 3000, path: "/" },
    jaeger: { port: 16686, path: "/" },
    kiali: { port: 20001, path: "/kiali" },
    servicegraph: { port: 8088, path: "/dotviz" },
} as const;

export type AddonName = keyof typeof ADDONS;

/** The config section under `istio` that turns each add-on on: the seed's names, of which Jaeger's differs. */
export const SWITCHES = {
    prometheus: "prometheus",
    grafana: "grafana",
    jaeger: "tracing",
    kiali: "kiali",
    servicegraph: "servicegraph",
} as const satisfies Record<AddonName, string>;

/** Kiali comes by its own chart, in a release of its own name. */
export const KIALI_RELEASE = "kiali";

/** Prometheus' Service, for whatever else runs in its namespace. */
export const PROMETHEUS_URL = `http://prometheus:${ADDONS.prometheus.port}`;

/** Jaeger's Service for spans (OTLP), to which every proxy of the mesh sends; and the one for questions. */
export const JAEGER = {
    collector: "jaeger-collector",
    otlpGrpcPort: 4317,
    query: "tracing",
    queryGrpcPort: 16685,
} as const;

/** The provider of traces in istiod's mesh config, which Telemetry resources refer to. */
export const TRACING_PROVIDER = "jaeger";

/**
 * Labels of an ingress gateway's pods, by which a `Gateway` selects them.
 *
 * The chart labels its pods `istio: <release name without "istio-">` (`gateway.selectorLabels` in its _helpers.tpl).
 * A selector that differs from it matches nothing, and says nothing either.
 */
export function gatewaySelector(releaseName: string): Record<string, string> {
    return { istio: releaseName.replace(/^istio-/, "") };
}
