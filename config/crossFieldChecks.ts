/** Faults that no single value shows: of settings together, and of what they refer to on this machine. */
import { dirname } from "node:path";
import { stringify } from "yaml";
import { ISTIO_NAMESPACE, RELEASES, TRACING_PROVIDER } from "../components/names";
import { bytes, cores, type Resources } from "../components/quantity";
import { type Kubeconfig, KubeconfigError, readKubeconfig, reduceToContext } from "../packages/shared/kubeconfig";
import { badValue, type Fault, inPulumi, unknownKey, valueAt } from "./faults";
import { absolute, type Files } from "./files";
import { alternatives } from "./keys";
import { PROFILES, REPLICAS, resourcesOf, type Sized } from "./profiles";
import { ISTIO_MINOR, type Section } from "./schema";

type Istio = Section<"istio">;

export function istioFaults(istio: Istio, files: Files): Fault[] {
    return [
        ...originFaults(istio, files),
        ...autoscalingFaults(istio, "istiod"),
        ...autoscalingFaults(istio, "gateway"),
        ...resourceFaults(istio, "istiod"),
        ...resourceFaults(istio, "gateway"),
        ...resourceFaults(istio, "proxy"),
        ...overrideFaults(istio.values),
        ...meshConfigFaults(istio.values),
        ...tracingFaults(istio),
        ...prometheusFaults(istio),
    ];
}

/** Repositories and registries that ended with Istio 1.30 (https://istio.io/latest/blog/2026/retirement-of-gcp/). */
const RETIRED = /istio-release\.storage\.googleapis\.com|gcr\.io\/istio-release|registry\.istio\.io\/release/;

function originFaults({ chartRepository, hub, tag, kiali }: Istio, files: Files): Fault[] {
    const faults = Object.entries({ chartRepository, hub })
        .filter(([, origin]) => RETIRED.test(origin))
        .map(([key, origin]) => badValue(["istio", key], origin, `Istio ${ISTIO_MINOR} is not published there`));

    faults.push(...directoryFaults(["istio", "chartRepository"], chartRepository, Object.keys(RELEASES), files));
    if (kiali.enabled) {
        const path = ["istio", "kiali", "chartRepository"];
        faults.push(...directoryFaults(path, kiali.chartRepository, ["kiali-server"], files));
    }

    // Tags of one's own making are let through, those that are versions have to match.
    const version = /^\d+\.\d+(?=[.-]|$)/.exec(tag ?? "")?.[0];
    if (version !== undefined && version !== ISTIO_MINOR) {
        faults.push(badValue(["istio", "tag"], tag, `the charts are those of Istio ${ISTIO_MINOR}`));
    }
    return faults;
}

/** Of a chart repository that is a directory, and has not every chart. */
function directoryFaults(path: string[], repository: string, charts: string[], files: Files): Fault[] {
    if (/^(?:https?|oci):\/\//.test(repository)) {
        return [];
    }
    const directory = absolute(repository, files);
    const missing = charts
        .map((chart) => `${chart}/Chart.yaml`)
        .filter((file) => !files.exists(`${directory}/${file}`));
    return missing.length === 0 ? [] : [badValue(path, repository, `${directory} lacks ${missing.join(", ")}`)];
}

function autoscalingFaults(istio: Istio, part: "istiod" | "gateway"): Fault[] {
    const { enabled, min, max } = istio[part].autoscaling;
    const path = ["istio", part, "autoscaling"];
    const isOn = enabled ?? PROFILES[istio.profile].autoscaled;
    if (isOn) {
        const most = max ?? REPLICAS.max;
        const allowed = `at most ${inPulumi([...path, "max"])}`;
        return min === undefined || min <= most
            ? []
            : [badValue([...path, "min"], min, `it is more than the maximum of ${String(most)}`, { allowed })];
    }
    const because = enabled === false ? "autoscaling is off" : `the profile ${istio.profile} does not scale`;
    return Object.entries({ min, max })
        .filter(([, bound]) => bound !== undefined)
        .map(([key, bound]) => ({
            ...badValue([...path, key], bound, `it has no effect, for ${because}`),
            remedy: `Run: pulumi config set --path ${inPulumi([...path, "enabled"])} true`,
        }));
}

/** Kubernetes refuses a pod that requests more than its limit, and it does so when half of Istio is installed. */
function resourceFaults(istio: Istio, part: Sized): Fault[] {
    const set = istio[part].resources;
    const { requests, limits } = resourcesOf(istio.profile, part, set);
    const path = (kind: keyof Resources, amount: string) => ["istio", part, "resources", kind, amount];
    return Object.entries({ cpu: cores, memory: bytes } as const).flatMap(([key, size]) => {
        const amount = key as "cpu" | "memory";
        const [request, limit] = [requests[amount], limits[amount]];
        if (request === undefined || limit === undefined || size(request) <= size(limit)) {
            return [];
        }
        // The one that was set is to blame: the other one may come from the profile.
        return set.limits[amount] === undefined
            ? [badValue(path("requests", amount), request, `it is above the limit of ${limit}`, { example: limit })]
            : [badValue(path("limits", amount), limit, `it is below the request of ${request}`, { example: request })];
    });
}

/** Helm values that would part a chart from what the rest of the program takes for granted. */
const FIXED: { chart: keyof Istio["values"]; path: string[]; only?: unknown; because: string }[] = [
    { chart: "base", path: ["global", "istioNamespace"], because: `Istio is in ${ISTIO_NAMESPACE}` },
    { chart: "istiod", path: ["global", "istioNamespace"], because: `Istio is in ${ISTIO_NAMESPACE}` },
    { chart: "istiod", path: ["revision"], because: "the injection label selects no revision" },
    {
        chart: "istiod",
        path: ["meshConfig", "enablePrometheusMerge"],
        only: false,
        because: "Prometheus asks Istio's agent for a pod's metrics",
    },
    { chart: "gateway", path: ["revision"], because: "istiod has none" },
    { chart: "gateway", path: ["name"], because: "the Service and the pods are found by the name of the release" },
    { chart: "gateway", path: ["labels", "istio"], because: "the pods are found by it" },
    { chart: "gateway", path: ["service", "type"], only: "None", because: "the address is read from the Service" },
    { chart: "kiali", path: ["deployment", "instance_name"], because: "Kiali is found by it" },
    { chart: "kiali", path: ["server", "port"], because: "Kiali is reached by it" },
    { chart: "kiali", path: ["server", "web_root"], because: "Kiali is reached by it" },
];

/** Keys in the values.schema.json of the chart `gateway` 1.31. Helm would refuse another one after istiod is installed. */
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

function overrideFaults(values: Istio["values"]): Fault[] {
    const fixed = FIXED.flatMap(({ chart, path, only, because }) => {
        const value = valueAt(values[chart], path);
        if (value === undefined || (only !== undefined && value !== only)) {
            return [];
        }
        const allowed = only === undefined ? "nothing" : `anything but ${JSON.stringify(only)}`;
        return [
            badValue(["istio", "values", chart, ...path], value, `it cannot be changed, for ${because}`, { allowed }),
        ];
    });
    const unknown = Object.entries(values.gateway)
        .filter(([key]) => !GATEWAY_KEYS.includes(key))
        .map(([key, value]) => ({
            ...unknownKey(["istio", "values", "gateway", key], value, GATEWAY_KEYS),
            allowed: "the keys of that chart's values.schema.json",
        }));
    return [...fixed, ...unknown];
}

/** The provider of metrics that istiod has by itself: without it the proxies count no requests. */
const METRICS_PROVIDER = "prometheus";

/** The chart names its own default providers only where the user names none at all. */
function meshConfigFaults({ istiod }: Istio["values"]): Fault[] {
    const path = ["istio", "values", "istiod", "meshConfig"];
    const { meshConfig } = istiod;
    if (meshConfig === undefined) {
        return [];
    }
    if (typeof meshConfig !== "object" || meshConfig === null || Array.isArray(meshConfig)) {
        return [badValue(path, meshConfig, "it is not an object, and would replace ours", { allowed: "object" })];
    }
    const providers = valueAt(meshConfig, ["defaultProviders"]);
    const metrics = valueAt(providers, ["metrics"]);
    if (providers === undefined || (Array.isArray(metrics) && metrics.includes(METRICS_PROVIDER))) {
        return [];
    }
    return [
        badValue(
            [...path, "defaultProviders"],
            providers,
            `it replaces the provider ${METRICS_PROVIDER}, which the mesh's metrics come from`,
            { allowed: `an object whose metrics have ${METRICS_PROVIDER}` },
        ),
    ];
}

/** Our provider of traces is in a list, and lists are not merged: one of the user's has to have ours as well. */
function tracingFaults({ tracing, values }: Istio): Fault[] {
    const path = ["meshConfig", "extensionProviders"];
    const providers = valueAt(values.istiod, path);
    const names = Array.isArray(providers) ? providers.map((provider) => valueAt(provider, ["name"])) : [];
    if (!tracing.enabled || providers === undefined || names.includes(TRACING_PROVIDER)) {
        return [];
    }
    return [
        badValue(
            ["istio", "values", "istiod", ...path],
            providers,
            `it replaces the provider ${TRACING_PROVIDER}, which istio.tracing needs`,
            { allowed: `a list with a provider of the name ${TRACING_PROVIDER}` },
        ),
    ];
}

/** Room for the write-ahead log of a small mesh, and for a block of two hours beside it. */
const LEAST_STORAGE = "256Mi";

function prometheusFaults({ prometheus }: Istio): Fault[] {
    const { size } = prometheus.storage;
    return bytes(size) < bytes(LEAST_STORAGE)
        ? [badValue(["istio", "prometheus", "storage", "size"], size, `it is less than ${LEAST_STORAGE}`)]
        : [];
}

/**
 * The kubeconfig of the cluster's context, or what is wrong with it. A path is left out if it is faulty by itself; a
 * context is not, for the fault is to name those that the file has.
 */
export function kubeconfigOf(
    cluster: { path?: string; context?: unknown },
    files: Files,
): { kubeconfig?: string; faults: Fault[] } {
    const { path, context } = cluster;
    if (path === undefined) {
        return { faults: [] };
    }
    const file = absolute(path, files);
    let kubeconfig: Kubeconfig;
    try {
        kubeconfig = readKubeconfig(file, (each) => files.read(each));
    } catch (error) {
        return { faults: [badValue(["cluster", "path"], path, messageOf(error))] };
    }
    const found = kubeconfig.contexts.map(({ name }) => name);
    try {
        return { kubeconfig: stringify(reduceToContext(kubeconfig, context, dirname(file))), faults: [] };
    } catch (error) {
        const hint = { allowed: alternatives(found) || "none, for the file has no contexts", example: found[0] };
        return { faults: [badValue(["cluster", "context"], context, messageOf(error), hint)] };
    }
}

function messageOf(error: unknown): string {
    if (error instanceof KubeconfigError) {
        return error.message;
    }
    throw error;
}
