/** Checks that one value alone does not allow: of settings together, and of what they refer to on this machine. */
import { dirname } from "node:path";
import { stringify } from "yaml";
import { ISTIO_NAMESPACE, RELEASES } from "../components/names";
import { bytes, cores } from "../components/quantity";
import { type Kubeconfig, KubeconfigError, readKubeconfig, reduceToContext } from "../packages/shared/kubeconfig";
import { checkAccessLogs } from "./accessLogs";
import { absolute, type Files } from "./files";
import { checkGateway } from "./gatewayChecks";
import { checkHelmValues } from "./helmValueChecks";
import { type ConfigIssue, inPulumi, invalidValue, removeCommand, SECRET } from "./issues";
import { alternatives, keyAt } from "./keys";
import { isCniEnabled } from "./platform";
import { PROFILES, REPLICAS, resourcesOf, type Sized } from "./profiles";
import { ISTIO_MINOR, type Section } from "./schema";
import { valueAt } from "./valueAt";

type Istio = Section<"istio">;

/** @param set the section as the user has set it */
export function checkIstio(istio: Istio, set: unknown, files: Files): ConfigIssue[] {
    return [
        ...checkSources(istio, files),
        ...checkChartCredentials(["istio"], istio),
        ...checkChartCredentials(["istio", "kiali"], istio.kiali),
        ...checkChartDigests(istio),
        ...checkAutoscaling(istio, "istiod"),
        ...checkAutoscaling(istio, "gateway"),
        ...checkResources(istio, "istiod"),
        ...checkResources(istio, "gateway"),
        ...checkResources(istio, "proxy"),
        ...checkHelmValues(istio),
        ...checkGateway(istio),
        ...checkAccessLogs(istio.accessLogs),
        ...checkStorage(istio),
        ...checkPrometheusUrl(istio, set),
    ];
}

/** Repositories and registries that ended with Istio 1.30 (https://istio.io/latest/blog/2026/retirement-of-gcp/). */
const RETIRED = /istio-release\.storage\.googleapis\.com|gcr\.io\/istio-release|registry\.istio\.io\/release/;

function checkSources(istio: Istio, files: Files): ConfigIssue[] {
    const { chartRepository, hub, tag, kiali } = istio;
    const issues = Object.entries({ chartRepository, hub })
        .filter(([, source]) => RETIRED.test(source))
        .map(([key, source]) => invalidValue(["istio", key], source, `Istio ${ISTIO_MINOR} is not published there`));

    const charts = [...Object.keys(RELEASES), ...(isCniEnabled(istio) ? ["cni"] : [])];
    issues.push(...checkDirectory(["istio", "chartRepository"], chartRepository, charts, files));
    if (kiali.enabled) {
        const path = ["istio", "kiali", "chartRepository"];
        issues.push(...checkDirectory(path, kiali.chartRepository, ["kiali-server"], files));
    }

    // A tag that is a version must match the charts. Any other tag, such as one of the user's own build, is accepted.
    const version = /^\d+\.\d+(?=[.-]|$)/.exec(tag ?? "")?.[0];
    if (version !== undefined && version !== ISTIO_MINOR) {
        issues.push(invalidValue(["istio", "tag"], tag, `the charts are those of Istio ${ISTIO_MINOR}`));
    }
    return issues;
}

/** An issue if a chart repository is a directory that lacks one of the charts. */
function checkDirectory(path: string[], repository: string, charts: string[], files: Files): ConfigIssue[] {
    if (/^(?:https?|oci):\/\//.test(repository)) {
        return [];
    }
    const directory = absolute(repository, files);
    const missing = charts
        .map((chart) => `${chart}/Chart.yaml`)
        .filter((file) => !files.exists(`${directory}/${file}`));
    return missing.length === 0 ? [] : [invalidValue(path, repository, `${directory} lacks ${missing.join(", ")}`)];
}

/** Credentials must have a repository to go to, which is not the default one: that one is public, and somebody else's. */
function checkChartCredentials(
    path: string[],
    { chartRepository, chartCredentials }: Pick<Istio, "chartRepository" | "chartCredentials">,
): ConfigIssue[] {
    const isPublic = chartRepository === keyAt([...path, "chartRepository"])?.fallback;
    const isDirectory = !/^(?:https?|oci):\/\//.test(chartRepository);
    if (!chartCredentials || !(isPublic || isDirectory)) {
        return [];
    }
    const repository = inPulumi([...path, "chartRepository"]);
    const problem = isPublic
        ? `${repository} is the public one, which must not get them`
        : `${repository} is a directory, which wants no credentials`;
    const allowed = `nothing, unless ${repository} is a repository of your own`;
    return [invalidValue([...path, "chartCredentials"], SECRET, problem, { allowed })];
}

/** A directory has no archives, so nothing would be compared. */
function checkChartDigests({ chartRepository, chartDigest, kiali }: Istio): ConfigIssue[] {
    const check = (path: string[], repository: string, digest: string | undefined) =>
        digest === undefined || /^(?:https?|oci):\/\//.test(repository)
            ? []
            : [
                  invalidValue(path, digest, "it has no effect because its chart comes from a directory", {
                      allowed: "nothing",
                  }),
              ];
    return [
        ...Object.entries(chartDigest).flatMap(([chart, digest]) =>
            check(["istio", "chartDigest", chart], chartRepository, digest),
        ),
        ...check(["istio", "kiali", "chartDigest"], kiali.chartRepository, kiali.chartDigest),
    ];
}

function checkAutoscaling(istio: Istio, part: "istiod" | "gateway"): ConfigIssue[] {
    const { enabled, min, max } = istio[part].autoscaling;
    const path = ["istio", part, "autoscaling"];
    const isOn = enabled ?? PROFILES[istio.profile].autoscaled;
    if (isOn) {
        const most = max ?? REPLICAS.max;
        const allowed = `at most ${inPulumi([...path, "max"])}`;
        return min === undefined || min <= most
            ? []
            : [invalidValue([...path, "min"], min, `it is more than the maximum of ${String(most)}`, { allowed })];
    }
    const reason = enabled === false ? "autoscaling is off" : `the profile ${istio.profile} does not scale`;
    return Object.entries({ min, max })
        .filter(([, bound]) => bound !== undefined)
        .map(([key, bound]) => ({
            ...invalidValue([...path, key], bound, `it has no effect because ${reason}`),
            remedy: `Run: pulumi config set --path ${inPulumi([...path, "enabled"])} true`,
        }));
}

/** Kubernetes refuses a pod that requests more than its limit, but only when half of Istio is installed already. */
function checkResources(istio: Istio, part: Sized): ConfigIssue[] {
    const set = istio[part].resources;
    const { requests, limits } = resourcesOf(istio.profile, part, set);
    return Object.entries({ cpu: cores, memory: bytes } as const).flatMap(([key, size]) => {
        const amount = key as "cpu" | "memory";
        const [request, limit] = [requests[amount], limits[amount]];
        if (request === undefined || limit === undefined || size(request) <= size(limit)) {
            return [];
        }
        // The issue is of the value that the user set: the other one may come from the profile.
        const [kind, value, problem, example] =
            set.limits[amount] === undefined
                ? ["requests", request, `it is above the limit of ${limit}`, limit]
                : ["limits", limit, `it is below the request of ${request}`, request];
        return [invalidValue(["istio", part, "resources", kind, amount], value, problem, { example })];
    });
}

/** Room for the write-ahead log of a small mesh, and for a block of two hours. */
const LEAST_STORAGE = "256Mi";

function checkStorage({ prometheus }: Istio): ConfigIssue[] {
    const { size } = prometheus.storage;
    return bytes(size) < bytes(LEAST_STORAGE)
        ? [invalidValue(["istio", "prometheus", "storage", "size"], size, `it is less than ${LEAST_STORAGE}`)]
        : [];
}

/** Settings of a Prometheus of the stack, although the stack uses another one. */
function checkPrometheusUrl({ prometheus: { url } }: Istio, set: unknown): ConfigIssue[] {
    const settings = valueAt(set, ["prometheus"]);
    if (url === undefined) {
        return [];
    }
    const problem = "istio.prometheus.url names another Prometheus, so none is deployed";
    return Object.entries(settings ?? {})
        .filter(([key, value]) => key !== "url" && !(key === "enabled" && value === false))
        .map(([key, value]) => ({
            ...invalidValue(["istio", "prometheus", key], value, problem),
            allowed: key === "enabled" ? "false, or nothing" : "nothing",
            remedy: removeCommand(["istio", "prometheus", key]),
        }));
}

/**
 * The kubeconfig of the cluster's context, or what is wrong with it. An invalid path is left out; an invalid context is
 * not, because its issue lists the contexts of the file.
 */
export function kubeconfigOf(
    { path, context }: { path?: string; context?: unknown },
    files: Files,
): { kubeconfig?: string; issues: ConfigIssue[] } {
    if (path === undefined) {
        return { issues: [] };
    }
    const file = absolute(path, files);
    let kubeconfig: Kubeconfig;
    try {
        kubeconfig = readKubeconfig(file, (each) => files.read(each));
    } catch (error) {
        return { issues: [invalidValue(["cluster", "path"], path, messageOf(error))] };
    }
    const found = kubeconfig.contexts.map(({ name }) => name);
    try {
        return { kubeconfig: stringify(reduceToContext(kubeconfig, context, dirname(file))), issues: [] };
    } catch (error) {
        const hint = { allowed: alternatives(found) || "none, because the file has no contexts", example: found[0] };
        return { issues: [invalidValue(["cluster", "context"], context, messageOf(error), hint)] };
    }
}

/** Entries of `cluster.existingNamespaces` in which the program deploys nothing. */
export function checkExistingNamespaces(names: readonly string[], appNamespace: string): ConfigIssue[] {
    const path = ["cluster", "existingNamespaces"];
    const used = [ISTIO_NAMESPACE, appNamespace];
    const allowed = `list of ${alternatives(used)}`;
    const unused = names.find((name) => !used.includes(name));
    return unused === undefined
        ? []
        : [invalidValue(path, names, `the program deploys nothing in the namespace ${unused}`, { allowed })];
}

function messageOf(error: unknown): string {
    if (error instanceof KubeconfigError) {
        return error.message;
    }
    throw error;
}
