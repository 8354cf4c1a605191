/** Envoy's administration interface, for tests of what asks it: with answers as Envoy 1.40 gives them. */
import http from "node:http";
import { type Duplex, duplexPair } from "node:stream";

/** What an Envoy has. Names of clusters are Istio's, such as `outbound|9080|v1|reviews.default.svc.cluster.local`. */
export interface FakeEnvoy {
    /** Configuration by the cluster's name, besides the name. */
    clusters?: Readonly<Record<string, object>>;
    /** How often each cluster has sent a request to its pods, and which of these are ejected. */
    hosts?: Readonly<Record<string, { address: string; requests: number; ejected?: true }[]>>;
    /** Filters for incoming requests, with their configuration. */
    filters?: { name: string; typed_config: object }[];
    /** Published counters, in Prometheus' form. */
    counters?: string;
}

const DUMP = "type.googleapis.com/envoy.admin.v3";

/** A connection to the administration interface. */
export function connectionTo(envoy: FakeEnvoy): Duplex {
    const [client, inner] = duplexPair();
    const server = http.createServer((request, response) => {
        const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
        const body = answerOf(envoy, pathname, searchParams);
        response.writeHead(body === undefined ? 404 : 200);
        response.end(typeof body === "string" ? body : JSON.stringify(body));
    });
    server.emit("connection", inner);
    for (const end of [client, inner]) {
        end.on("error", () => undefined);
    }
    return client;
}

function answerOf(
    { clusters = {}, hosts = {}, filters = [], counters = "" }: FakeEnvoy,
    path: string,
    query: URLSearchParams,
): unknown {
    if (path === "/stats/prometheus") {
        return counters;
    }
    if (path === "/clusters") {
        return { cluster_statuses: Object.entries(hosts).map(([name, own]) => statusOf(name, own)) };
    }
    // The whole name has to match, and an empty list is left out.
    const isAsked = (name: string) => new RegExp(`^(?:${query.get("name_regex") ?? ".*"})$`).test(name);
    const configs =
        query.get("resource") === "dynamic_active_clusters"
            ? Object.entries(clusters)
                  .filter(([name]) => isAsked(name))
                  .map(([name, cluster]) => ({
                      "@type": `${DUMP}.ClustersConfigDump.DynamicCluster`,
                      cluster: { name, ...cluster },
                  }))
            : isAsked("virtualInbound")
              ? [
                    {
                        "@type": `${DUMP}.ListenersConfigDump.DynamicListener`,
                        active_state: { listener: inbound(filters) },
                    },
                ]
              : [];
    return path === "/config_dump" ? (configs.length > 0 ? { configs } : {}) : undefined;
}

function statusOf(name: string, hosts: NonNullable<FakeEnvoy["hosts"]>[string]): object {
    return {
        name,
        added_via_api: true,
        host_statuses: hosts.map(({ address, requests, ejected }) => ({
            address: { socket_address: { address, port_value: 9080 } },
            // 64-bit numbers are texts, and 0 is left out.
            stats: [{ name: "cx_total" }, { name: "rq_total", ...(requests > 0 && { value: String(requests) }) }],
            health_status: { ...(ejected && { failed_outlier_check: true }), eds_health_status: "HEALTHY" },
            weight: 1,
            locality: {},
        })),
    };
}

/** Istio's listener for incoming requests has a filter chain for each port, with and without TLS. */
function inbound(filters: NonNullable<FakeEnvoy["filters"]>): object {
    const manager = {
        name: "envoy.filters.network.http_connection_manager",
        typed_config: { http_filters: [...filters, { name: "envoy.filters.http.router" }] },
    };
    return { name: "virtualInbound", filter_chains: [{ filters: [manager] }, { filters: [manager] }] };
}
