import type { ServiceName } from "../../../components/bookinfo/accessSpecs";
import type { CircuitBreaker } from "../../../components/bookinfo/trafficSpecs";
import { milliseconds } from "../../../config/duration";
import { valueAt } from "../../../config/valueAt";
import { callersOf } from "../mesh/bookinfoPods";
import { type Counter, Envoy, type Host } from "../mesh/envoy";
import type { Mesh } from "../mesh/mesh";
import { type Check, type CheckResult, failed, ok } from "./check";
import { forServices, inProxies, refusalsIn, REQUESTS } from "./proxies";

const HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/** Where Envoy's configuration of a cluster has each limit. */
const PLACES: Record<keyof CircuitBreaker, PropertyKey[]> = {
    connections: ["circuit_breakers", "thresholds", 0, "max_connections"],
    pending: ["circuit_breakers", "thresholds", 0, "max_pending_requests"],
    requestsPerConnection: [
        ...["typed_extension_protocol_options", HTTP_OPTIONS],
        ...["common_http_protocol_options", "max_requests_per_connection"],
    ],
    consecutiveErrors: ["outlier_detection", "consecutive_5xx"],
    ejection: ["outlier_detection", "base_ejection_time"],
    maxEjected: ["outlier_detection", "max_ejection_percent"],
};

const OVERFLOW = "envoy_cluster_upstream_rq_pending_overflow";

function breakersIn({ traffic = {} }: Mesh): [ServiceName, CircuitBreaker][] {
    return Object.entries(traffic).flatMap(([service, { circuitBreaker }]): [ServiceName, CircuitBreaker][] =>
        circuitBreaker ? [[service as ServiceName, circuitBreaker]] : [],
    );
}

/** Whether the config has circuit breakers, as far as it can be read. */
export function hasBreakers(mesh: Mesh): boolean {
    return breakersIn(mesh).length > 0;
}

/** The proxies of a service's callers have its limits. It says what they have refused and ejected, as far as they publish it. */
export const checkBreakers: Check = (mesh, stop) =>
    forServices(breakersIn(mesh), (service, breaker) => resultOf(mesh, service, breaker, stop), stop);

async function resultOf(
    { api, appNamespace, commands }: Mesh,
    service: ServiceName,
    breaker: CircuitBreaker,
    stop?: AbortSignal,
): Promise<CheckResult> {
    const looks = (await callersOf(api, service, appNamespace)).map(async (pod) => {
        const envoy = new Envoy(api, pod, stop);
        return {
            pod: pod.metadata.name,
            clusters: await envoy.clusters(service, appNamespace),
            counters: await envoy.counters(`upstream_rq_pending_overflow|${REQUESTS}`),
            hosts: breaker.consecutiveErrors === undefined ? [] : await envoy.hosts(service, appNamespace),
        };
    });
    const seen = await Promise.all(looks);
    if (seen.length === 0) {
        return failed(`no pod that calls ${service} is ready`, commands.redeploy);
    }
    for (const { pod, clusters } of seen) {
        const wrong = clusters.length === 0 ? "does not know the service" : wrongLimit(clusters, breaker);
        if (wrong !== undefined) {
            return failed(`${service}: the proxy of ${pod} ${wrong}`, commands.redeploy);
        }
    }
    const refusals = refusalsIn(
        seen.flatMap(({ counters }) => counters),
        ({ name, labels }) => name === OVERFLOW && (labels.cluster_name ?? "").includes(`|${service}.${appNamespace}.`),
        ({ labels }) => isCall(labels, service, appNamespace),
        "UO",
    );
    const ejected = breaker.consecutiveErrors === undefined ? [] : [ejectedOf(seen.flatMap(({ hosts }) => hosts))];
    return ok([`${service}: as configured ${inProxies(seen)} of its callers`, refusals, ...ejected].join(", "));
}

/** A limit that a proxy does not have as configured, as the end of a sentence about the proxy. */
function wrongLimit(clusters: readonly unknown[], breaker: CircuitBreaker): string | undefined {
    for (const [key, place] of Object.entries(PLACES) as [keyof CircuitBreaker, PropertyKey[]][]) {
        const asked = breaker[key];
        const found = clusters.map((cluster) => valueAt(cluster, place));
        const other = found.findIndex((each) => !isSame(asked, each));
        if (asked !== undefined && other >= 0) {
            return `has ${key} ${shown(found[other])}, not ${asked}`;
        }
    }
    return undefined;
}

function shown(value: unknown): number | string {
    return typeof value === "number" || typeof value === "string" ? value : "none";
}

/** Envoy's JSON has durations in seconds, such as `0.500s`. */
function isSame(asked: number | string | undefined, found: unknown): boolean {
    return typeof asked === "string" && typeof found === "string"
        ? milliseconds(asked) === Number.parseFloat(found) * 1000
        : asked === found;
}

function isCall(labels: Counter["labels"], service: string, namespace: string): boolean {
    return (
        labels.reporter === "source" &&
        labels.destination_service_name === service &&
        labels.destination_service_namespace === namespace
    );
}

function ejectedOf(hosts: readonly Host[]): string {
    const all = new Set(hosts.map(({ address }) => address));
    const ejected = new Set(hosts.filter((host) => host.ejected).map(({ address }) => address));
    return `${ejected.size} of ${all.size} pods ejected`;
}
