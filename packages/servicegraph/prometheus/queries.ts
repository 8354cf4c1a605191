import { goQuote } from "../text/goText";

/** Which traffic of the mesh a graph shows. */
export interface Selection {
    /** The time over which rates are computed: a valid Prometheus duration. */
    timeHorizon: string;
    /** Whether edges without traffic in that time are left out. */
    filterEmpty: boolean;
    /** Values that workload labels must have. */
    filters: Partial<Record<Filter, string>>;
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

/**
 * A request failed if the server failed (5xx), if there was no answer (0), or if the gRPC status says so: the HTTP status of a failed
 * gRPC request is 200.
 */
const FAILED_HTTP = `response_code=~"0|5.."`;
const FAILED_GRPC = `response_code!~"0|5..",grpc_response_status!~"|0"`;

/** Requests and bytes per second of each edge. Without filters, these are exactly the two queries of 1.0. */
export function trafficQueries(selection: Selection): { requests: string; bytes: string } {
    const ending = selection.filterEmpty ? " > 0" : "";
    const sum = (metric: string) => `sum(${rate(metric, selection)}) by (${BY_1_0})${ending}`;
    return { requests: sum("istio_requests_total"), bytes: sum("istio_tcp_received_bytes_total") };
}

/** The queries for details, by what they measure. */
export type Detail = "requests" | "bytes" | "failures" | "latency";

/** Queries for what the two queries of 1.0 do not contain: namespaces, mutual TLS, failed requests and latencies. */
export function detailQueries(selection: Selection): Record<Detail, string> {
    const byPolicy = (metric: string) =>
        `sum(${rate(metric, selection)}) by (${BY_WORKLOAD}, connection_security_policy)`;
    const failures = [FAILED_HTTP, FAILED_GRPC].map((failed) => rate("istio_requests_total", selection, failed));
    const buckets = rate("istio_request_duration_milliseconds_bucket", selection);
    return {
        requests: byPolicy("istio_requests_total"),
        bytes: byPolicy("istio_tcp_received_bytes_total"),
        failures: `sum(${failures.join(" or ")}) by (${BY_WORKLOAD})`,
        latency: `histogram_quantile(0.95, sum(${buckets}) by (${BY_WORKLOAD}, le))`,
    };
}

function rate(metric: string, { timeHorizon, filters }: Selection, ...more: string[]): string {
    const matchers = Object.entries(FILTERS).flatMap(([filter, label]) => {
        const value = filters[filter as Filter];
        // PromQL has Go's escapes. In ASCII, the query does not depend on what a lexer does with other characters.
        return value === undefined ? [] : `${label}=${goQuote(value, { ascii: true })}`;
    });
    return `rate(${metric}{${[`reporter="destination"`, ...matchers, ...more].join(",")}}[${timeHorizon}])`;
}
