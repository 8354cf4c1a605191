/** Checks of Helm values: of those that the rest of the program relies on, and of lists that would replace its own. */
import { CLUSTER_DOMAIN, DEFAULT_CLUSTER_DOMAIN } from "../components/istio/values";
import { GATEWAY_HTTP_PORT, GATEWAY_HTTPS_PORT, ISTIO_NAMESPACE, TRACING_PROVIDER } from "../components/names";
import { type ConfigIssue, invalidValue, unknownKey } from "./issues";
import { alternatives } from "./keys";
import type { Section } from "./schema";
import { valueAt } from "./valueAt";

type Istio = Section<"istio">;

export function checkHelmValues(istio: Istio): ConfigIssue[] {
    const { values } = istio;
    return [
        ...checkKeys(values),
        ...checkMeshConfig(values),
        ...checkClusterDomain(values),
        ...checkGatewayPorts(istio),
        ...checkTracing(istio),
    ];
}

const AGENT_REASON = "Istio's agent is reached at a fixed port";

/** Helm values that the rest of the program relies on. */
const FIXED: {
    chart: keyof Istio["values"];
    path: string[];
    /** The only value that is refused. Default: all. */
    only?: unknown;
    /** Values that change nothing. Default: none. */
    harmless?: string[];
    reason: string;
}[] = [
    { chart: "base", path: ["global", "istioNamespace"], reason: `Istio is in ${ISTIO_NAMESPACE}` },
    { chart: "base", path: ["defaultRevision"], harmless: ["", "default"], reason: "istiod has no revision" },
    { chart: "istiod", path: ["global", "istioNamespace"], reason: `Istio is in ${ISTIO_NAMESPACE}` },
    { chart: "istiod", path: ["revision"], reason: "the injection label selects no revision" },
    { chart: "istiod", path: ["profile"], only: "remote", reason: "istiod runs in this cluster" },
    { chart: "istiod", path: ["istiodRemote", "enabled"], only: true, reason: "istiod runs in this cluster" },
    { chart: "istiod", path: ["global", "remotePilotAddress"], reason: "istiod runs in this cluster" },
    { chart: "istiod", path: ["global", "proxy", "statusPort"], reason: AGENT_REASON },
    { chart: "istiod", path: ["meshConfig", "defaultConfig", "statusPort"], reason: AGENT_REASON },
    {
        chart: "istiod",
        path: ["meshConfig", "rootNamespace"],
        harmless: [ISTIO_NAMESPACE],
        reason: `the mesh's policies are in ${ISTIO_NAMESPACE}`,
    },
    {
        chart: "istiod",
        path: ["meshConfig", "enablePrometheusMerge"],
        only: false,
        reason: "Prometheus gets a pod's metrics from Istio's agent",
    },
    { chart: "gateway", path: ["revision"], reason: "istiod has no revision" },
    { chart: "gateway", path: ["name"], reason: "the Service and the pods are found by the name of the release" },
    { chart: "gateway", path: ["labels", "istio"], reason: "the pods are found by this label" },
    { chart: "gateway", path: ["labels", "app"], reason: "the pods and their traces are found by this label" },
    { chart: "gateway", path: ["networkGateway"], reason: `its Service would have no port ${GATEWAY_HTTP_PORT}` },
    { chart: "gateway", path: ["service", "type"], only: "None", reason: "the address is read from the Service" },
    { chart: "kiali", path: ["deployment", "instance_name"], reason: "Kiali is found by this name" },
    { chart: "kiali", path: ["nameOverride"], reason: "Kiali is found by its name" },
    { chart: "kiali", path: ["fullnameOverride"], reason: "Kiali is found by its name" },
    { chart: "kiali", path: ["identity", "cert_file"], reason: "Kiali is reached without TLS" },
    { chart: "kiali", path: ["server", "port"], reason: "Kiali is reached at a fixed port" },
    { chart: "kiali", path: ["server", "web_root"], reason: "Kiali is reached at a fixed path" },
];

/**
 * Keys in the values.schema.json of the chart `gateway` 1.31. Helm refuses any other key too, but only after istiod is
 * installed; and the chart itself may not be on this machine yet.
 */
const GATEWAY_KEYS = [
    ...["additionalContainers", "affinity", "annotations", "autoscaling", "compatibilityVersion"],
    ...["containerSecurityContext", "defaultRevision", "dnsConfig", "dnsPolicy", "enabled", "env", "envVarFrom"],
    ...["global", "imagePullPolicy", "imagePullSecrets", "initContainers", "kind", "labels", "lifecycle"],
    ...["minReadySeconds", "name", "networkGateway", "networkGatewayPorts", "nodeSelector", "pilot", "platform"],
    ...["podAnnotations", "podDisruptionBudget", "priorityClassName", "profile", "rbac", "readinessProbe"],
    ...["replicaCount", "resources", "revision", "runAsRoot", "securityContext", "service", "serviceAccount"],
    ...["strategy", "terminationGracePeriodSeconds", "tolerations", "topologySpreadConstraints", "unprivilegedPort"],
    ...["volumeMounts", "volumes"],
];

function checkKeys(values: Istio["values"]): ConfigIssue[] {
    const fixed = FIXED.flatMap(({ chart, path, only, harmless = [], reason }) => {
        const value = valueAt(values[chart], path);
        if (value === undefined || (only !== undefined && value !== only) || harmless.some((each) => each === value)) {
            return [];
        }
        const others = harmless.map((each) => JSON.stringify(each));
        const allowed =
            only === undefined ? alternatives(["nothing", ...others]) : `anything but ${JSON.stringify(only)}`;
        const key = ["istio", "values", chart, ...path];
        return [invalidValue(key, value, `it cannot be changed because ${reason}`, { allowed })];
    });
    const unknown = Object.entries(values.gateway)
        .filter(([key]) => !GATEWAY_KEYS.includes(key))
        .map(([key, value]) => ({
            ...unknownKey(["istio", "values", "gateway", key], value, GATEWAY_KEYS),
            allowed: "the keys of that chart's values.schema.json",
        }));
    return [...fixed, ...unknown];
}

/** istiod's built-in provider of metrics. Without it, the proxies count no requests. */
const METRICS_PROVIDER = "prometheus";

/** The chart sets its default providers only if the user names no providers at all. */
function checkMeshConfig({ istiod }: Istio["values"]): ConfigIssue[] {
    const path = ["istio", "values", "istiod", "meshConfig"];
    const { meshConfig } = istiod;
    if (meshConfig === undefined) {
        return [];
    }
    if (typeof meshConfig !== "object" || meshConfig === null || Array.isArray(meshConfig)) {
        return [invalidValue(path, meshConfig, "it is not an object, and would replace ours", { allowed: "object" })];
    }
    const providers = valueAt(meshConfig, ["defaultProviders"]);
    const metrics = valueAt(providers, ["metrics"]);
    if (providers === undefined || (Array.isArray(metrics) && metrics.includes(METRICS_PROVIDER))) {
        return [];
    }
    const problem = `it replaces the provider ${METRICS_PROVIDER}, which the mesh's metrics come from`;
    const allowed = `an object whose metrics have ${METRICS_PROVIDER}`;
    return [invalidValue([...path, "defaultProviders"], providers, problem, { allowed })];
}

/** The tracing provider and Kiali follow this value. */
function checkClusterDomain({ istiod }: Istio["values"]): ConfigIssue[] {
    const domain = valueAt(istiod, CLUSTER_DOMAIN);
    const isName = typeof domain === "string" && /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/.test(domain);
    const allowed = `DNS name of the cluster's domain, such as ${DEFAULT_CLUSTER_DOMAIN}`;
    return domain === undefined || isName
        ? []
        : [invalidValue(["istio", "values", "istiod", ...CLUSTER_DOMAIN], domain, "it is not a DNS name", { allowed })];
}

/** Helm does not merge lists: the user's ports replace the chart's. `pagePort` tells which one leads to the page. */
function checkGatewayPorts({ gateway, values }: Istio): ConfigIssue[] {
    const path = ["service", "ports"];
    const ports = valueAt(values.gateway, path);
    const numbers = Array.isArray(ports)
        ? ports.flatMap((port) => [valueAt(port, ["port"]), valueAt(port, ["targetPort"])])
        : [];
    const needed = [GATEWAY_HTTP_PORT, ...(gateway.tls ? [GATEWAY_HTTPS_PORT] : [])];
    const missing = needed.find((number) => !numbers.includes(number));
    if (ports === undefined || missing === undefined) {
        return [];
    }
    const allowed = `a list with a port ${missing}, or with a port whose targetPort is ${missing}`;
    const problem =
        missing === GATEWAY_HTTP_PORT
            ? "no port of the Service would lead to the product page"
            : "no port of the Service would lead to HTTPS, but istio.gateway.tls is set";
    return [invalidValue(["istio", "values", "gateway", ...path], ports, problem, { allowed })];
}

/** Helm does not merge lists: a list of providers from the user replaces ours, so it must contain ours too. */
function checkTracing({ tracing, values }: Istio): ConfigIssue[] {
    const path = ["meshConfig", "extensionProviders"];
    const providers = valueAt(values.istiod, path);
    const names = Array.isArray(providers) ? providers.map((provider) => valueAt(provider, ["name"])) : [];
    if (!tracing.enabled || providers === undefined || names.includes(TRACING_PROVIDER)) {
        return [];
    }
    const problem = `it replaces the provider ${TRACING_PROVIDER}, which istio.tracing needs`;
    const allowed = `a list with a provider of the name ${TRACING_PROVIDER}`;
    return [invalidValue(["istio", "values", "istiod", ...path], providers, problem, { allowed })];
}
