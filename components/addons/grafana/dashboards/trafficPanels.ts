import { linkTo, ofRow, UID } from "./board";
import { HIGH_IS_GOOD, NONE_IS_USUAL } from "./colours";
import { breakdown, figure, graph, type Panel, type Series, WIDTH } from "./panels";
import { flagged, NOT_SENT, REFUSED, type Traffic } from "./traffic";

/** A way to group traffic. */
export interface Group {
    name: string;
    /** The labels, with their headings in a table. */
    keys: Record<string, string>;
    /** The name of a group in a graph. */
    legend: string;
    /** What a click on a value opens, by the heading of its column. */
    links: Record<string, string>;
}

export const SERVICE: Group = {
    name: "service",
    keys: { destination_service_name: "Service", destination_service_namespace: "Namespace" },
    legend: "{{destination_service_name}}.{{destination_service_namespace}}",
    links: { Service: linkTo(UID.service, { namespace: ofRow("Namespace"), service: ofRow("Service") }) },
};

/** The workload that answers: each version of a service is one. */
export const SERVER: Group = {
    name: "server",
    keys: { destination_workload: "Workload", destination_workload_namespace: "Namespace" },
    legend: "{{destination_workload}}.{{destination_workload_namespace}}",
    links: { Workload: linkTo(UID.workload, { namespace: ofRow("Namespace"), workload: ofRow("Workload") }) },
};

/** The workload that asks. */
export const CLIENT: Group = {
    name: "client",
    keys: { source_workload: "Workload", source_workload_namespace: "Namespace" },
    legend: "{{source_workload}}.{{source_workload_namespace}}",
    links: { Workload: linkTo(UID.workload, { namespace: ofRow("Namespace"), workload: ofRow("Workload") }) },
};

const QUIET = { empty: "no traffic" };

/** The most important numbers, over the time range. */
export function overview(traffic: Traffic): Panel[] {
    const total = traffic.overRange();
    const notSent = total.shareAtClient(NOT_SENT);
    const figures = [
        figure("Requests", "short", "HTTP and gRPC requests in the time range.", total.requestCount(), QUIET),
        figure(
            "Success",
            "percentunit",
            "Share of requests that did not fail in the time range. Failed are answers of 5xx, no answer at all, and gRPC codes that blame the server. Refused requests did not fail. Requests that were not sent count only if “Counted by” is “client”.",
            total.success(),
            { ...QUIET, colours: HIGH_IS_GOOD },
        ),
        figure(
            "Refused",
            "percentunit",
            "Share of requests with the answer 401 or 403 (a policy or a token) or 429 (a rate limit), as the servers' proxies counted them in the time range.",
            total.shareAtServer(REFUSED),
            { ...QUIET, colours: NONE_IS_USUAL },
        ),
        ...(notSent === undefined
            ? []
            : [
                  figure(
                      "Not sent",
                      "percentunit",
                      "Share of requests that the clients' proxies answered themselves in the time range: an injected fault, an open circuit breaker, no pod, connection or route.",
                      notSent,
                      { ...QUIET, colours: NONE_IS_USUAL },
                  ),
              ]),
        figure("Latency p50", "ms", "Half of the requests were answered faster.", total.latency(0.5), QUIET),
        figure("Latency p95", "ms", "One request in twenty took longer.", total.latency(0.95), QUIET),
        figure("Latency p99", "ms", "One request in a hundred took longer.", total.latency(0.99), QUIET),
        figure(
            "mTLS",
            "percentunit",
            "Share of requests that reached the server's proxy over mutual TLS, in the time range.",
            total.mutualTls(),
            { ...QUIET, colours: HIGH_IS_GOOD },
        ),
    ];
    // The first one gets what remains of the row.
    figures.forEach((panel, index) =>
        panel.span(index > 0 ? WIDTH.eighth : WIDTH.full - (figures.length - 1) * WIDTH.eighth),
    );
    return figures;
}

export function requestsBy(group: Group, traffic: Traffic): Panel {
    const series = each(group, (by) => traffic.requests(by));
    const description = `Requests per second, for each ${group.name}.`;
    return graph(`Requests by ${group.name}`, "reqps", description, series, { stacked: true });
}

export function successBy(group: Group, traffic: Traffic): Panel {
    const series = each(group, (by) => traffic.success(by));
    const description = `Share of requests that did not fail, for each ${group.name}.`;
    return graph(`Success by ${group.name}`, "percentunit", description, series, { max: 1 });
}

export function latencyBy(group: Group, traffic: Traffic): Panel {
    const series = each(group, (by) => traffic.latency(0.95, by));
    const description = `For each ${group.name}: one request in twenty took longer.`;
    return graph(`Latency p95 by ${group.name}`, "ms", description, series);
}

export function requestsByCode(traffic: Traffic): Panel {
    const description =
        "Requests per second by response code. 0 is no answer: the connection broke, or the client left.";
    const series = { expr: traffic.requests(["response_code"]), legend: "{{response_code}}" };
    return graph("Requests by response code", "reqps", description, [series], { stacked: true });
}

/** Why Envoy answered instead of the server. */
export function requestsByFlag(traffic: Traffic): Panel {
    const description =
        "Requests with Envoy's reason why they did not run their course: UF could not connect, UH no healthy server, UO circuit breaker open, UC connection lost, URX retries used up, UT timed out, NR no route, DC the client left, DI delay injected, FI fault injected, RL over a rate limit.";
    const flagged = traffic.where('response_flags!="-"').requests(["response_flags"]);
    const series = { expr: `${flagged} > 0`, legend: "{{response_flags}}" };
    return graph("Requests by response flag", "reqps", description, [series]);
}

/** What was not an ordinary answer or failure of the application, in words. Each is counted by the proxy that did it. */
export function interventions(traffic: Traffic): Panel {
    const atClient = (legend: string, flags: string): Series[] => {
        const expr = traffic.where(flagged(flags)).requestsAtClient();
        return expr === undefined ? [] : [{ expr, legend }];
    };
    return graph(
        "Faults, refusals, limits and copies",
        "reqps",
        "Requests per second that did not just get the application's answer, as the proxy counts them that did it: the client's, or for refusals the server's. Refused are bad tokens (401), missing rights (403) and too many requests (429). Mirrored are copies that succeeded: only the server's proxy counts them. While traffic starts or stops, other requests look like that for a moment.",
        [
            ...atClient("aborted by an injected fault (FI)", "FI"),
            ...atClient("delayed by an injected fault (DI)", "DI"),
            ...atClient("not sent: circuit breaker open (UO)", "UO"),
            ...atClient("not sent: no pod, connection or route (UH, UF, NR, NC)", "UH|UF|NR|NC"),
            {
                expr: traffic.where(REFUSED).requestsAtServer(["response_code"]),
                legend: "refused with {{response_code}}",
            },
            { expr: traffic.mirrored(), legend: "mirrored to {{destination_workload}}" },
        ],
        { width: WIDTH.full },
    );
}

export function latencyPercentiles(traffic: Traffic): Panel {
    const series = percentiles((q) => traffic.latency(q));
    const description = "How long requests took, from the first byte asked to the last byte answered.";
    return graph("Latency", "ms", description, series);
}

export function sizes(traffic: Traffic): Panel[] {
    const requests = percentiles((q) => traffic.size("request", q));
    const responses = percentiles((q) => traffic.size("response", q));
    return [
        graph("Request size", "bytes", "Bodies of requests.", requests),
        graph("Response size", "bytes", "Bodies of responses.", responses),
    ];
}

export function security(traffic: Traffic): Panel[] {
    const label = "connection_security_policy";
    const plain = traffic.where(`${label}!="mutual_tls"`).requestsAtServer(["source_workload", "destination_workload"]);
    return [
        graph(
            "Requests by connection security",
            "reqps",
            "Requests as the servers' proxies saw them. mutual_tls: both sides proved who they are; none: plain text, which strict mTLS refuses.",
            [{ expr: traffic.requestsAtServer([label]), legend: `{{${label}}}` }],
            { stacked: true },
        ),
        graph(
            "Plain-text requests",
            "reqps",
            "Who would be refused if nothing but mutual TLS were allowed. Empty is best.",
            [{ expr: `${plain} > 0`, legend: "{{source_workload}} → {{destination_workload}}" }],
        ),
    ];
}

/** Traffic that is not HTTP, for example with databases. */
export function tcp(group: Group, traffic: Traffic): Panel[] {
    return [
        graph(
            "TCP bytes",
            "binBps",
            `Bytes per second over plain TCP connections, for each ${group.name}, as the server received and sent them.`,
            [
                ...each(group, (by) => traffic.tcp("received_bytes", by), "received"),
                ...each(group, (by) => traffic.tcp("sent_bytes", by), "sent"),
            ],
        ),
        graph("TCP connections", "cps", `Connections per second that were opened and closed, for each ${group.name}.`, [
            ...each(group, (by) => traffic.tcp("connections_opened", by), "opened"),
            ...each(group, (by) => traffic.tcp("connections_closed", by), "closed"),
        ]),
    ];
}

/** The most important numbers over the time range, in a row for each group. */
export function comparison(title: string, description: string, group: Group, traffic: Traffic): Panel {
    const total = traffic.overRange();
    const by = Object.keys(group.keys);
    return breakdown(
        title,
        description,
        group.keys,
        [
            { heading: "Requests/s", unit: "reqps", expr: total.requests(by) },
            { heading: "Failures/s", unit: "reqps", expr: total.failures(by) },
            { heading: "Success", unit: "percentunit", expr: total.success(by), colours: HIGH_IS_GOOD },
            {
                heading: "Refused",
                unit: "percentunit",
                expr: total.shareAtServer(REFUSED, by),
                colours: NONE_IS_USUAL,
            },
            { heading: "p50", unit: "ms", expr: total.latency(0.5, by) },
            { heading: "p95", unit: "ms", expr: total.latency(0.95, by) },
            { heading: "p99", unit: "ms", expr: total.latency(0.99, by) },
            { heading: "mTLS", unit: "percentunit", expr: total.mutualTls(by), colours: HIGH_IS_GOOD },
        ],
        group.links,
    );
}

function each({ keys, legend }: Group, expr: (by: string[]) => string, suffix?: string): Series[] {
    return [{ expr: expr(Object.keys(keys)), legend: suffix ? `${legend} ${suffix}` : legend }];
}

function percentiles(expr: (q: number) => string): Series[] {
    return [0.5, 0.9, 0.95, 0.99].map((q) => ({ expr: expr(q), legend: `p${q * 100}` }));
}
