import { goQuote } from "../text/goText";

/** Which traffic of the mesh a graph shows. */
export interface Selection {
    /** The time over which rates are computed: a valid Prometheus duration. */
    timeHorizon: string;
    /** Whether edges without traffic in that time are left out. */
    filterEmpty: boolean;
    /** Values that workload labels must have. */
    filters: Partial<Record<Filter, string>>;
    /** The end of that time, as `parseMoment` reads it; undefined for now. */
    at?: string;
    /** The earlier moment that it is compared with, likewise; undefined for none. */
    compare?: string;
}

/** The filters by the name of their parameter, with the label of Istio's standard metrics. */
export const FILTERS = {
    destination_namespace: "destination_workload_namespace",
    destination_workload: "destination_workload",
    source_namespace: "source_workload_namespace",
    source_workload: "source_workload",
} as const;

export type Filter = keyof typeof FILTERS;

/** The labels that 1.0 grouped by, in its order. */
const BY_1_0 = "source_workload, destination_workload, source_app, destination_app";

const BY_WORKLOAD = `${BY_1_0}, source_workload_namespace, destination_workload_namespace`;

const BY_SERVICE = "source_workload, source_app, source_workload_namespace, destination_service";

/**
 * A request was refused if it lacks rights (401, 403) or exceeds a limit (429). Istio's metrics do not say whether the proxy or the
 * application refused it: Envoy's filters rbac and jwt_authn set no response flag (their rbac_filter.cc and filter.cc), and only
 * local_ratelimit sets RL. With gRPC the HTTP status is 200, and the gRPC status is PERMISSION_DENIED (7), RESOURCE_EXHAUSTED (8) or
 * UNAUTHENTICATED (16).
 */
const REFUSED_HTTP = `response_code=~"401|403|429"`;
/** A request failed if the server failed (5xx), if there was no answer (0), or if the gRPC status is another one than OK (0). */
const FAILED_HTTP = `response_code=~"0|5.."`;
/** No request has both. */
const OTHER_HTTP = `response_code!~"0|5..|401|403|429"`;
const REFUSED_GRPC = `${OTHER_HTTP},grpc_response_status=~"7|8|16"`;
const FAILED_GRPC = `${OTHER_HTTP},grpc_response_status!~"|0|7|8|16"`;

/** What a caller's own proxy did with a request. */
export type Intervention = "injected" | "unsent" | "delayed";

/**
 * Envoy's response flags for them (its documentation of access logs): a fault was injected (FI); the circuit breaker is open (UO), there
 * is no healthy pod (UH), no connection (UF), no route (NR) or no cluster (NC); a delay was injected (DI).
 */
const INTERVENTIONS: readonly (readonly [Intervention, RegExp])[] = [
    ["injected", /\bFI\b/],
    ["unsent", /\b(?:UO|UH|UF|NR|NC)\b/],
    ["delayed", /\bDI\b/],
];
const INTERVENED = `response_flags=~"(.*,)?(FI|UO|UH|UF|NR|NC|DI)(,.*)?"`;

/** The most important one of a series' response flags, which are separated by commas; undefined if there is none. */
export function interventionOf(responseFlags: string): Intervention | undefined {
    return INTERVENTIONS.find(([, flag]) => flag.test(responseFlags))?.[0];
}

/** Requests and bytes per second of each edge. Without filters, these are exactly the two queries of 1.0. */
export function trafficQueries(selection: Selection): { requests: string; bytes: string } {
    const ending = selection.filterEmpty ? " > 0" : "";
    const sum = (metric: string) => `sum(${rate(metric, selection, RECEIVED)}) by (${BY_1_0})${ending}`;
    return { requests: sum("istio_requests_total"), bytes: sum("istio_tcp_received_bytes_total") };
}

/** The queries for details, by what they measure. */
export type Detail = "requests" | "bytes" | "failures" | "refusals" | "latency" | "interventions" | "copies";

/**
 * Queries for what the two queries of 1.0 do not contain: namespaces, mutual TLS, failed and refused requests, latencies, and what
 * callers' proxies did themselves.
 *
 * Only the caller's proxy reports a request that it does not send. It does not know the workload, and so not the namespace: both are
 * "unknown". But it knows the service, as a host name (istio/proxy release-1.31, istio_stats.cc: populatePeerInfo; istio/istio#21923).
 * So the requests have the service too: that is how both are brought together.
 */
export function detailQueries(selection: Selection): Record<Detail, string> {
    const received = (metric: string, ...more: string[]) => rate(metric, selection, RECEIVED, ...more);
    const either = (...conditions: string[]) =>
        `sum(${conditions.map((one) => received("istio_requests_total", one)).join(" or ")}) by (${BY_WORKLOAD})`;
    return {
        requests: `sum(${received("istio_requests_total")}) by (${BY_WORKLOAD}, connection_security_policy, destination_service)`,
        bytes: `sum(${received("istio_tcp_received_bytes_total")}) by (${BY_WORKLOAD}, connection_security_policy)`,
        failures: either(FAILED_HTTP, FAILED_GRPC),
        refusals: either(REFUSED_HTTP, REFUSED_GRPC),
        latency: `histogram_quantile(0.95, sum(${received("istio_request_duration_milliseconds_bucket")}) by (${BY_WORKLOAD}, le))`,
        copies: copies(selection),
        interventions: `sum(${rate("istio_requests_total", selection, SENT, INTERVENED)}) by (${BY_SERVICE}, response_flags)`,
    };
}

/** A request succeeded, or was refused: neither is followed by a retry. */
const DONE = `response_code!~"0|5..",grpc_response_status=~"|0|7|8|16"`;

/**
 * Copies of requests (mirroring). The destination's proxy counts a copy, the source's does not (istio/istio#23496), and no label tells it
 * from other requests. The destination also counts each retry, but a retry follows a failure, so only successes are compared. A source
 * without a proxy counts nothing, and the proxies are scraped at different moments: so a source that counts nothing at all, and
 * differences of up to a tenth, are left out.
 */
function copies(selection: Selection): string {
    const [received, sent] = [RECEIVED, SENT].map(
        (reporter) => `sum(${rate("istio_requests_total", selection, reporter, DONE)}) by (${BY_WORKLOAD})`,
    );
    const source = "source_workload, source_workload_namespace";
    const counting = `group(istio_requests_total{${SENT}}) by (${source})`;
    return `((${received} - (${sent} or 0 * ${received})) > 0.1 * ${received}) and on (${source}) ${counting}`;
}

/** The proxy that reports: that of the destination, or that of the source. */
const RECEIVED = `reporter="destination"`;
const SENT = `reporter="source"`;

function rate(metric: string, { timeHorizon, filters }: Selection, reporter: string, ...more: string[]): string {
    const matchers = Object.entries(FILTERS).flatMap(([filter, label]) => {
        const value = filters[filter as Filter];
        // PromQL has Go's escapes. In ASCII, the query does not depend on what a lexer does with other characters.
        return value === undefined ? [] : `${label}=${goQuote(value, { ascii: true })}`;
    });
    return `rate(${metric}{${[reporter, ...matchers, ...more].join(",")}}[${timeHorizon}])`;
}
