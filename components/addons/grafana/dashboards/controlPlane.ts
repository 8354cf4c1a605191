import { board, section, UID } from "./board";
import { MONTHS_ARE_GOOD, NONE_IS_GOOD, SOME_IS_GOOD } from "./colours";
import { figure, graph, type Panel, type Series, WIDTH } from "./panels";
import { orZero, quantile, rate, select, sum, WHOLE_RANGE } from "./promql";

/** istiod: whether it runs, whether every proxy gets its configuration in time, and what resources it uses. */
export function controlPlane(): string {
    return board({
        uid: UID.controlPlane,
        title: "Istio control plane",
        description: "istiod: whether proxies get their configuration, certificates and sidecars, and what that costs.",
        variables: [],
        sections: [
            section("At a glance", ...overview()),
            section("Pushes to proxies", ...pushes()),
            section("From change to proxy", ...convergence()),
            section("Proxies", ...proxies()),
            section("Configuration", ...configuration()),
            section("Webhooks", ...webhooks()),
            section("Certificates", ...certificates()),
            section("Resources", ...resources()),
        ],
    });
}

function overview(): Panel[] {
    return [
        figure("istiod", "none", "Replicas that Prometheus reaches.", orZero("count(istiod_uptime_seconds)"), {
            colours: SOME_IS_GOOD,
        }),
        figure(
            "Version",
            "none",
            "Replicas of istiod by version.",
            sum(["tag"], select("istio_build", ['component="pilot"'])),
            { legend: "{{tag}}" },
        ),
        figure("Proxies", "none", "Sidecars and gateways that are connected to istiod.", orZero("sum(pilot_xds)")),
        figure(
            "Convergence p99",
            "s",
            "From a change to the moment that a proxy has it, in the time range: one in a hundred took longer.",
            quantile(0.99, [], "pilot_proxy_convergence_time_bucket", WHOLE_RANGE),
            { empty: "no change" },
        ),
        figure(
            "Refused by proxies",
            "none",
            "Configuration that proxies refused in the time range.",
            orZero(`sum(increase(pilot_total_xds_rejects[${WHOLE_RANGE}]))`),
            { colours: NONE_IS_GOOD },
        ),
        figure(
            "Root certificate",
            "s",
            "Time until the certificate expires that all others are signed with. istiod's own one lives for ten years.",
            "min(citadel_server_root_cert_expiry_seconds)",
            { colours: MONTHS_ARE_GOOD },
        ),
    ];
}

const FAILED_PUSH = "cds_senderr|eds_senderr|lds_senderr|rds_senderr";

function pushes(): Panel[] {
    return [
        graph(
            "Pushes",
            "cps",
            "Configuration sent to proxies: clusters (cds), endpoints (eds), listeners (lds), routes (rds).",
            [{ expr: rate(["type"], select("pilot_xds_pushes", [`type!~"${FAILED_PUSH}"`])), legend: "{{type}}" }],
            { stacked: true },
        ),
        graph("Push errors", "cps", "Should stay empty. A proxy that disconnects meanwhile is not an error.", [
            { expr: rate(["type"], select("pilot_xds_pushes", [`type=~"${FAILED_PUSH}"`])), legend: "{{type}}" },
            counted("pilot_total_xds_internal_errors", "internal errors"),
            counted("pilot_xds_write_timeout", "write timeouts"),
            counted("pilot_xds_expired_nonce", "outdated requests"),
        ]),
        graph(
            "Reasons for pushes",
            "cps",
            "What changed: endpoints come and go with pods, config with Istio's objects, proxy is a new connection.",
            [{ expr: rate(["type"], "pilot_push_triggers"), legend: "{{type}}" }],
            { stacked: true },
        ),
        graph("Push time p99", "s", "How long it takes istiod to build and send, for each kind of configuration.", [
            { expr: quantile(0.99, ["type"], "pilot_xds_push_time_bucket"), legend: "{{type}}" },
        ]),
    ];
}

function convergence(): Panel[] {
    const slowest = (histogram: string, legend: string): Series => ({
        expr: quantile(0.99, [], `${histogram}_bucket`),
        legend,
    });
    return [
        graph(
            "Convergence",
            "s",
            "From a change to the moment that a proxy has all of it.",
            [0.5, 0.9, 0.99].map((q) => ({
                expr: quantile(q, [], "pilot_proxy_convergence_time_bucket"),
                legend: `p${q * 100}`,
            })),
        ),
        graph("Stages p99", "s", "Where the time goes: one in a hundred took longer.", [
            slowest("pilot_debounce_time", "waiting for more changes"),
            slowest("pilot_pushcontext_init_seconds", "computing the mesh"),
            slowest("pilot_proxy_queue_time", "a proxy waiting for its turn"),
            slowest("pilot_xds_send_time", "sending"),
        ]),
    ];
}

function proxies(): Panel[] {
    return [
        graph(
            "Connected proxies",
            "short",
            "Sidecars and gateways by their version.",
            [{ expr: sum(["version"], "pilot_xds"), legend: "{{version}}" }],
            { stacked: true },
        ),
        graph("Configuration size p99", "bytes", "Sent to a proxy at once. From 10 MB on it strains the proxies.", [
            { expr: quantile(0.99, ["type"], "pilot_xds_config_size_bytes_bucket"), legend: "{{type}}" },
        ]),
    ];
}

function configuration(): Panel[] {
    const found = (metric: string, legend: string): Series => ({ expr: `max(${metric})`, legend });
    return [
        graph("Known objects", "short", "What istiod computes configuration from. Each replica knows all of it.", [
            { expr: "max(pilot_services)", legend: "services" },
            { expr: "max(pilot_virt_services)", legend: "virtual services" },
        ]),
        graph(
            "Changes of Istio's objects",
            "cps",
            "Events from Kubernetes by kind.",
            [{ expr: rate(["type", "event"], "pilot_k8s_cfg_events"), legend: "{{type}} {{event}}" }],
            { stacked: true },
        ),
        // Gauges that istiod sets at each push; each replica finds the same.
        graph("Mistakes in the configuration", "short", "Found at the last push. All should be 0.", [
            found("pilot_conflict_inbound_listener", "conflicting inbound listeners"),
            found("pilot_conflict_outbound_listener_tcp_over_current_tcp", "conflicting TCP listeners"),
            found("pilot_destrule_subsets", "duplicate subsets"),
            found("pilot_dns_cluster_without_endpoints", "DNS clusters without endpoints"),
            found("pilot_duplicate_envoy_clusters", "duplicate clusters"),
            found("pilot_eds_no_instances", "clusters without instances"),
            found("pilot_vservice_dup_domain", "domains of several virtual services"),
        ]),
        graph("Refused configuration", "cps", "By proxies, by kind; and Gateways that istiod had to ignore.", [
            { expr: rate(["type"], "pilot_total_xds_rejects"), legend: "proxies refused {{type}}" },
            {
                expr: rate(["type", "name"], "pilot_total_rejected_configs"),
                legend: "istiod ignored {{type}} {{name}}",
            },
        ]),
    ];
}

function webhooks(): Panel[] {
    return [
        graph(
            "Validations",
            "cps",
            "Istio's objects that the API server asked istiod about, by kind.",
            [
                { expr: rate(["resource"], "galley_validation_passed"), legend: "{{resource}} valid" },
                { expr: rate(["resource", "reason"], "galley_validation_failed"), legend: "{{resource}} {{reason}}" },
                { expr: rate(["status"], "galley_validation_http_error"), legend: "HTTP error {{status}}" },
            ],
            { width: WIDTH.third },
        ),
        graph(
            "Sidecar injections",
            "cps",
            "New pods that the API server asked istiod about.",
            [
                counted("sidecar_injection_requests_total", "asked"),
                counted("sidecar_injection_success_total", "injected"),
                counted("sidecar_injection_skip_total", "left alone"),
                counted("sidecar_injection_failure_total", "failed"),
            ],
            { width: WIDTH.third },
        ),
        graph(
            "Injection time",
            "s",
            "A new pod waits for it.",
            [
                { expr: quantile(0.5, [], "sidecar_injection_time_seconds_bucket"), legend: "p50" },
                { expr: quantile(0.99, [], "sidecar_injection_time_seconds_bucket"), legend: "p99" },
            ],
            { width: WIDTH.third },
        ),
    ];
}

function certificates(): Panel[] {
    return [
        graph("Certificates signed", "cps", "Requests of workloads for a certificate, and what became of them.", [
            counted("citadel_server_csr_count", "asked"),
            counted("citadel_server_success_cert_issuance_count", "signed"),
            counted("citadel_server_authentication_failure_count", "not authenticated"),
            counted("citadel_server_csr_parsing_err_count", "not understood"),
            counted("citadel_server_id_extraction_err_count", "without identity"),
            { expr: rate(["error"], "citadel_server_csr_sign_err_count"), legend: "not signed: {{error}}" },
        ]),
        graph("Certificates expire in", "s", "istiod's own certificates; the chain only where it is not the root.", [
            { expr: "min(citadel_server_root_cert_expiry_seconds)", legend: "root" },
            { expr: "min(citadel_server_cert_chain_expiry_seconds)", legend: "chain" },
        ]),
    ];
}

function resources(): Panel[] {
    return [
        graph("CPU", "none", "Cores that each replica keeps busy.", [
            { expr: ofIstiod("rate(process_cpu_seconds_total[$__rate_interval])"), legend: "{{pod}}" },
        ]),
        graph("Memory", "bytes", "Resident memory of each replica, and the part that is live objects.", [
            { expr: ofIstiod("process_resident_memory_bytes"), legend: "{{pod}}" },
            { expr: ofIstiod("go_memstats_heap_inuse_bytes"), legend: "{{pod}} heap" },
        ]),
        graph("Goroutines", "short", "A count that only grows is a leak.", [
            { expr: ofIstiod("go_goroutines"), legend: "{{pod}}" },
        ]),
        graph("Uptime", "s", "A fall to 0 is a restart.", [{ expr: "istiod_uptime_seconds", legend: "{{pod}}" }]),
    ];
}

/** Every Go process exports these metrics. istiod's are those of the targets that export its uptime. */
function ofIstiod(expression: string): string {
    return `${expression} and on (job, instance) istiod_uptime_seconds`;
}

function counted(counter: string, legend: string): Series {
    return { expr: rate([], counter), legend };
}
