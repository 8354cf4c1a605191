import { NONE_IS_GOOD } from "./colours";
import { figure, graph, type Panel, WIDTH } from "./panels";
import { orZero, select, sum, WHOLE_RANGE } from "./promql";

const POD = ["namespace", "pod"];
const QUARTER = { width: WIDTH.quarter };
const LEGEND = "{{pod}}.{{namespace}}";

/** The sidecars and gateways whose scrape targets the matchers select, such as `pod="reviews-v1-..."`. */
export function proxies(matchers: readonly string[]): Panel[] {
    const metric = (name: string, ...more: string[]) => select(name, [...more, ...matchers]);
    const certificate = metric("istio_agent_cert_expiry_seconds", 'resource_name="default"');
    const rejected = (kind: string) => sum([], `increase(${metric(`envoy_${kind}_update_rejected`)}[${WHOLE_RANGE}])`);
    return [
        figure(
            "Proxies",
            "none",
            "Sidecars and gateways that run now.",
            orZero(`count(${metric("envoy_server_live")})`),
            QUARTER,
        ),
        figure(
            "Version",
            "none",
            "Sidecars and gateways by version: during an upgrade there are two.",
            sum(["tag"], metric("istio_build", 'component="proxy"')),
            { legend: "{{tag}}", empty: "unknown", ...QUARTER },
        ),
        figure(
            "Without istiod",
            "none",
            "Proxies that are not connected to the control plane: they go on with the configuration that they have.",
            orZero(`count(${metric("envoy_cluster_upstream_cx_active", 'cluster_name="xds-grpc"')} == 0)`),
            { colours: NONE_IS_GOOD, ...QUARTER },
        ),
        figure(
            "Refused configuration",
            "none",
            "Updates from istiod that a proxy refused in the time range: it goes on with what it had.",
            `${rejected("cluster_manager_cds")} + ${rejected("listener_manager_lds")}`,
            { colours: NONE_IS_GOOD, ...QUARTER },
        ),
        graph("Memory of proxies", "bytes", "What Envoy has from the system, without the agent beside it.", [
            { expr: sum(POD, metric("envoy_server_memory_physical_size")), legend: LEGEND },
        ]),
        graph("Memory of agents", "bytes", "What the agent beside Envoy uses, which fetches certificates.", [
            { expr: sum(POD, metric("istio_agent_process_resident_memory_bytes")), legend: LEGEND },
        ]),
        graph("Open connections", "short", "Connections to each proxy, from clients and from its own workload.", [
            { expr: sum(POD, metric("envoy_server_total_connections")), legend: LEGEND },
        ]),
        graph(
            "Certificates expire in",
            "s",
            "A workload's certificate lives for a day and is renewed at half of that: a saw-tooth that never reaches 0.",
            [{ expr: `min by (${POD.join(", ")}) (${certificate})`, legend: LEGEND }],
        ),
    ];
}
