import type { Catalogue, Metric } from "./promql";

/** Labels of the scrape target: Prometheus' own, and those of the scrape configuration. */
export const TARGET = ["job", "instance", "namespace", "pod"];

function counter(...labels: string[]): Metric {
    return { type: "counter", labels: [...labels, ...TARGET] };
}

function gauge(...labels: string[]): Metric {
    return { type: "gauge", labels: [...labels, ...TARGET] };
}

function histogram(...labels: string[]): Metric {
    return { type: "histogram", labels: [...labels, ...TARGET] };
}

// The labels of a request and of a TCP connection, from the expected output of the proxy's own tests: istio/proxy
// release-1.31, testdata/metric/server_request_total.yaml.tmpl and tcp_server_connection_open.yaml.tmpl.
const CONNECTION = [
    "reporter",
    "source_workload",
    "source_canonical_service",
    "source_canonical_revision",
    "source_workload_namespace",
    "source_principal",
    "source_app",
    "source_version",
    "source_cluster",
    "destination_workload",
    "destination_workload_namespace",
    "destination_principal",
    "destination_app",
    "destination_version",
    "destination_service",
    "destination_canonical_service",
    "destination_canonical_revision",
    "destination_service_name",
    "destination_service_namespace",
    "destination_cluster",
    "request_protocol",
    "response_flags",
    "connection_security_policy",
];
const REQUEST = [...CONNECTION, "response_code", "grpc_response_status"];

/**
 * The standard metrics: istio/istio release-1.31, pilot/pkg/model/telemetry.go (metricToPrometheusMetric; the proxy adds
 * `istio_`).
 */
const STANDARD: Catalogue = {
    istio_requests_total: counter(...REQUEST),
    istio_request_duration_milliseconds: histogram(...REQUEST),
    istio_request_bytes: histogram(...REQUEST),
    istio_response_bytes: histogram(...REQUEST),
    istio_request_messages_total: counter(...REQUEST),
    istio_response_messages_total: counter(...REQUEST),
    istio_tcp_connections_opened_total: counter(...CONNECTION),
    istio_tcp_connections_closed_total: counter(...CONNECTION),
    istio_tcp_sent_bytes_total: counter(...CONNECTION),
    istio_tcp_received_bytes_total: counter(...CONNECTION),
};

/**
 * istiod's: istio/istio release-1.31. They are exported with exactly the names in the sources
 * (pkg/monitoring/monitoring.go: WithoutCounterSuffixes, WithoutUnits).
 */
const ISTIOD: Catalogue = {
    // pilot/pkg/bootstrap/monitoring.go, pkg/version/stats.go
    istiod_uptime_seconds: gauge(),
    pilot_info: gauge("version"),
    istio_build: gauge("component", "tag"),
    // pilot/pkg/xds/monitoring.go
    pilot_services: gauge(),
    pilot_xds: gauge("version"),
    pilot_xds_pushes: counter("type"),
    pilot_debounce_time: histogram(),
    pilot_pushcontext_init_seconds: histogram(),
    pilot_xds_push_time: histogram("type"),
    pilot_proxy_queue_time: histogram(),
    pilot_push_triggers: counter("type"),
    pilot_proxy_convergence_time: histogram(),
    pilot_inbound_updates: counter("type"),
    pilot_xds_config_size_bytes: histogram("type"),
    // pkg/xds/monitoring.go; the type of an outdated request in pilot/pkg/xds/delta.go
    pilot_total_xds_internal_errors: counter(),
    pilot_xds_expired_nonce: counter("type"),
    pilot_total_xds_rejects: counter("type"),
    pilot_xds_write_timeout: counter(),
    pilot_xds_send_time: histogram(),
    // pilot/pkg/model/push_context.go
    pilot_conflict_inbound_listener: gauge(),
    pilot_conflict_outbound_listener_tcp_over_current_tcp: gauge(),
    pilot_destrule_subsets: gauge(),
    pilot_dns_cluster_without_endpoints: gauge(),
    pilot_duplicate_envoy_clusters: gauge(),
    pilot_eds_no_instances: gauge(),
    pilot_vservice_dup_domain: gauge(),
    pilot_virt_services: gauge(),
    // pilot/pkg/model/gateway.go, pilot/pkg/config/kube/crdclient/metrics.go
    pilot_total_rejected_configs: counter("type", "name"),
    pilot_k8s_cfg_events: counter("type", "event"),
    // pkg/webhooks/validation/server/monitoring.go
    galley_validation_passed: counter("group", "version", "resource"),
    galley_validation_failed: counter("group", "version", "resource", "reason"),
    galley_validation_http_error: counter("status"),
    // pkg/kube/inject/monitoring.go
    sidecar_injection_requests_total: counter(),
    sidecar_injection_success_total: counter(),
    sidecar_injection_failure_total: counter(),
    sidecar_injection_skip_total: counter(),
    sidecar_injection_time_seconds: histogram(),
    // security/pkg/server/ca/monitoring.go
    citadel_server_csr_count: counter(),
    citadel_server_authentication_failure_count: counter(),
    citadel_server_csr_parsing_err_count: counter(),
    citadel_server_id_extraction_err_count: counter(),
    citadel_server_csr_sign_err_count: counter("error"),
    citadel_server_success_cert_issuance_count: counter(),
    citadel_server_root_cert_expiry_seconds: gauge(),
    citadel_server_cert_chain_expiry_seconds: gauge(),
    // Prometheus' client library for Go, in its default registry: pilot/pkg/bootstrap/server.go
    process_cpu_seconds_total: counter(),
    process_resident_memory_bytes: gauge(),
    go_goroutines: gauge(),
    go_memstats_heap_inuse_bytes: gauge(),
};

/**
 * Those of a sidecar or gateway itself. Envoy's statistics of the server, its cluster and listener managers and its
 * connection to istiod are always on (pkg/bootstrap/config.go: requiredEnvoyStatsMatcherInclusionPrefixes). The agent's have the
 * prefix `istio_agent_` (pilot/cmd/pilot-agent/status/server.go; security/pkg/nodeagent/cache/monitoring.go).
 */
const PROXY: Catalogue = {
    envoy_server_live: gauge(),
    envoy_server_memory_physical_size: gauge(),
    envoy_server_total_connections: gauge(),
    envoy_cluster_manager_cds_update_rejected: counter(),
    envoy_listener_manager_lds_update_rejected: counter(),
    envoy_cluster_upstream_cx_active: gauge("cluster_name"),
    istio_agent_cert_expiry_seconds: gauge("resource_name"),
    istio_agent_process_resident_memory_bytes: gauge(),
};

/** Metrics of Istio 1.31 that these tests need. */
export const ISTIO_METRICS: Catalogue = { ...STANDARD, ...ISTIOD, ...PROXY };
