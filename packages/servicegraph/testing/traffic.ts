import { goFixed6 } from "../text/goText";
import type { Element } from "./fakePrometheus";

/** A workload in the labels of Istio's metrics. */
export interface Workload {
    app: string;
    workload: string;
    namespace: string;
}

/** Traffic between two workloads. */
export interface Traffic {
    from: Workload;
    to: Workload;
    /** Per second. */
    requests?: number;
    /** Failed requests per second. */
    failures?: number;
    /** Refused requests per second. */
    refusals?: number;
    /** Requests per second that only the destination's proxy counts. */
    copies?: number;
    /** Requests per second by the flags of the source's proxy, such as `{ FI: 0.5 }`. */
    flags?: Readonly<Record<string, number>>;
    /** In milliseconds. */
    p95?: number;
    /** Per second. */
    bytes?: number;
    /** `mutual_tls` by default. */
    policy?: string;
}

/** Prometheus' answer to a query of servicegraph for a mesh with this traffic. */
export function answerTo(promql: string, traffic: readonly Traffic[]): Element[] {
    if (promql.includes("response_flags")) {
        return traffic.flatMap(flagged);
    }
    const figure = figureAskedFor(promql);
    const detailed = promql.includes("_namespace,") || promql.includes("_namespace)");
    return traffic.flatMap(({ from, to, policy = "mutual_tls", ...figures }) => {
        const value = figures[figure];
        const metric: Record<string, string> = {
            source_app: from.app,
            source_workload: from.workload,
            destination_app: to.app,
            destination_workload: to.workload,
        };
        if (detailed) {
            metric.source_workload_namespace = from.namespace;
            metric.destination_workload_namespace = to.namespace;
        }
        if (promql.includes("connection_security_policy")) {
            metric.connection_security_policy = policy;
        }
        if (promql.includes("destination_service")) {
            metric.destination_service = hostOf(to);
        }
        return value === undefined || (promql.endsWith(" > 0") && value === 0)
            ? []
            : [{ metric, value: Number.isFinite(value) ? String(value) : goFixed6(value) }];
    });
}

/** The services of the workloads in a namespace are called like their apps. */
const hostOf = ({ app, namespace }: Workload) => `${app}.${namespace}.svc.cluster.local`;

/** What only the source's proxy reports: it knows the service, but not the workload. */
function flagged({ from, to, flags = {} }: Traffic): Element[] {
    return Object.entries(flags).map(([response_flags, value]) => ({
        metric: {
            source_app: from.app,
            source_workload: from.workload,
            source_workload_namespace: from.namespace,
            destination_service: hostOf(to),
            response_flags,
        },
        value: String(value),
    }));
}

function figureAskedFor(promql: string): "requests" | "failures" | "refusals" | "copies" | "p95" | "bytes" {
    if (promql.includes('reporter="source"')) {
        return "copies";
    }
    if (promql.includes("_bucket")) {
        return "p95";
    }
    if (promql.includes("tcp")) {
        return "bytes";
    }
    if (promql.includes('response_code=~"401|403|429"')) {
        return "refusals";
    }
    return promql.includes("response_code") ? "failures" : "requests";
}

const inDefault = (app: string, version: string): Workload => ({
    app,
    workload: `${app}-${version}`,
    namespace: "default",
});

const gateway = { app: "istio-ingressgateway", workload: "istio-ingressgateway", namespace: "istio-system" };
const productpage = inDefault("productpage", "v1");
const ratings = inDefault("ratings", "v1");

/** Bookinfo with a little traffic, and some errors of two versions of reviews. */
export const BOOKINFO: readonly Traffic[] = [
    { from: gateway, to: productpage, requests: 3.4, failures: 0, p95: 71.2 },
    { from: productpage, to: inDefault("details", "v1"), requests: 3.4, failures: 0, p95: 8.4 },
    { from: productpage, to: inDefault("reviews", "v1"), requests: 1.133, failures: 0, p95: 12.1 },
    { from: productpage, to: inDefault("reviews", "v2"), requests: 1.133, failures: 0.0227, p95: 38.6 },
    { from: productpage, to: inDefault("reviews", "v3"), requests: 1.134, failures: 0.091, p95: 46.9 },
    { from: inDefault("reviews", "v2"), to: ratings, requests: 1.133, failures: 0, p95: 4.75 },
    { from: inDefault("reviews", "v3"), to: ratings, requests: 1.134, failures: 0, p95: 4.62 },
];
