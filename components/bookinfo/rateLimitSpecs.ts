import type { EnvoyFilterSpec, RuntimePercent } from "../istio/api";
import { BOOKINFO_PORT } from "../names";

/** How many requests each pod of a service takes in which time, in milliseconds. */
export interface RateLimit {
    requests: number;
    per: number;
}

/** In the answers of the limit, and of nothing else (Istio's samples/ratelimit). The application never sends it. */
const LIMITED_HEADER = "x-local-rate-limit";

/** The name of the filter in Envoy. */
export const RATE_LIMIT_FILTER = "envoy.filters.http.local_ratelimit";

const CONNECTION_MANAGER = "envoy.filters.network.http_connection_manager";

/**
 * A limit in the sidecar of each pod of a service: more requests get 429. Envoy gives the pod a bucket with a token for each
 * request, and refills it evenly: after the first `requests` at once, it takes one each `per / requests`.
 *
 * It is the last filter before Envoy passes a request on, so it counts only what the pod's policies let in: whoever is refused
 * cannot use up the tokens of others. The bucket belongs to the filter and not to a route, because a route's bucket needs the
 * exact name of Istio's virtual host. Probes do not pass Envoy (see accessSpecs.ts), so they are not counted.
 */
export function rateLimitSpec(service: string, { requests, per }: RateLimit): EnvoyFilterSpec {
    const filter = { name: CONNECTION_MANAGER, subFilter: { name: "envoy.filters.http.router" } };
    return {
        workloadSelector: { labels: { app: service } },
        // After the filters of others: one without a priority may be applied before what it is put in relation to exists.
        priority: 10,
        configPatches: [
            {
                applyTo: "HTTP_FILTER",
                match: {
                    context: "SIDECAR_INBOUND",
                    listener: { portNumber: BOOKINFO_PORT, filterChain: { filter } },
                },
                patch: {
                    operation: "INSERT_BEFORE",
                    value: {
                        name: RATE_LIMIT_FILTER,
                        typed_config: {
                            "@type":
                                "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
                            stat_prefix: "http_local_rate_limiter",
                            token_bucket: {
                                max_tokens: requests,
                                tokens_per_fill: requests,
                                fill_interval: `${String(per / 1000)}s`,
                            },
                            filter_enabled: all("local_rate_limit_enabled"),
                            filter_enforced: all("local_rate_limit_enforced"),
                            response_headers_to_add: [
                                {
                                    append_action: "OVERWRITE_IF_EXISTS_OR_ADD",
                                    header: { key: LIMITED_HEADER, value: "true" },
                                },
                            ],
                        },
                    },
                },
            },
        ],
    };
}

function all(key: string): RuntimePercent {
    return { runtime_key: key, default_value: { numerator: 100, denominator: "HUNDRED" } };
}
