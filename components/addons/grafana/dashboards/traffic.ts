import { AT_EACH_POINT, quantile, rate, select, share, sum, WHOLE_RANGE, type Window } from "./promql";

// A request fails if the answer is a server error, or if there is no answer (Envoy's code 0). With gRPC the response code
// is always 200. These gRPC codes are errors of the server: unknown, deadline exceeded, unimplemented, internal, unavailable,
// data loss.
const SUCCEEDED = ['response_code!~"0|5.."', 'grpc_response_status!~"2|4|12|13|14|15"'];

/** Both proxies of a request count it. A variable of the dashboards chooses one of them. */
const CHOSEN_REPORTER = 'reporter="$reporter"';

// The client's proxy does not know the policy of the connection: there it is "unknown".
const KNOWS_POLICY = 'reporter="destination"';

/**
 * Requests that the server's proxy or application refused. Envoy's filters rbac (403) and jwt_authn (401, 403) set no response flag
 * (their rbac_filter.cc and filter.cc), so only the code shows them; local_ratelimit (429) sets RL.
 */
export const REFUSED = 'response_code=~"401|403|429"';

/** The requests with one of Envoy's response flags; a request can have several, separated by commas. */
export const flagged = (flags: string) => `response_flags=~"(.*,)?(${flags})(,.*)?"`;

/**
 * Requests that the client's proxy answered itself: a fault (FI), an open circuit breaker (UO), no healthy pod (UH), no connection (UF),
 * no route (NR) or cluster (NC). No other proxy counts them.
 */
export const NOT_SENT = flagged("FI|UO|UH|UF|NR|NC");

type By = readonly string[];

/** The workload that gets copies of requests. */
const MIRRORED_TO = ["destination_workload", "destination_workload_namespace"];

/**
 * Queries over Istio's standard metrics, for the traffic that matchers such as `destination_workload="reviews-v1"` select.
 * The parameter `by` has the labels to group by. Rates are per second, latencies in milliseconds, sizes in bytes, shares
 * from 0 to 1.
 */
export class Traffic {
    /**
     * @param sent matchers for the same traffic as the clients' proxies count it. For requests that they do not send, they know neither
     * workload nor namespace, only `destination_service` and its name (istio/proxy release-1.31, istio_stats.cc: populatePeerInfo).
     * Undefined if no matchers select these requests.
     */
    constructor(
        private readonly matchers: readonly string[],
        private readonly sent?: readonly string[],
        private readonly window: Window = AT_EACH_POINT,
    ) {}

    /** The same traffic, aggregated over the dashboard's whole time range. */
    overRange(): Traffic {
        return new Traffic(this.matchers, this.sent, WHOLE_RANGE);
    }

    /** The part of this traffic that these matchers select too. */
    where(...matchers: string[]): Traffic {
        return new Traffic([...this.matchers, ...matchers], this.sent && [...this.sent, ...matchers], this.window);
    }

    requests(by: By = []): string {
        return this.rate("istio_requests_total", by);
    }

    /** The number of requests in the window, not per second. */
    requestCount(): string {
        return sum([], `increase(${this.select("istio_requests_total")}[${this.window}])`);
    }

    failures(by: By = []): string {
        return `${this.requests(by)} - (${this.successes(by)} or 0 * ${this.requests(by)})`;
    }

    /** Share of the requests that succeeded. */
    success(by: By = []): string {
        return share(this.successes(by), this.requests(by));
    }

    latency(q: number, by: By = []): string {
        return this.quantile(q, "istio_request_duration_milliseconds", by);
    }

    size(of: "request" | "response", q: number): string {
        return this.quantile(q, `istio_${of}_bytes`, []);
    }

    tcp(counted: "received_bytes" | "sent_bytes" | "connections_opened" | "connections_closed", by: By): string {
        return this.rate(`istio_tcp_${counted}_total`, by);
    }

    /** Requests counted by the servers' proxies, regardless of the chosen reporter: only these know about mutual TLS. */
    requestsAtServer(by: By = []): string {
        return this.rate("istio_requests_total", by, KNOWS_POLICY);
    }

    /** Share of the requests that came over mutual TLS. */
    mutualTls(by: By = []): string {
        return this.shareAtServer('connection_security_policy="mutual_tls"', by);
    }

    /** Share of the requests at the servers' proxies that the matcher selects. */
    shareAtServer(matcher: string, by: By = []): string {
        return share(this.where(matcher).requestsAtServer(by), this.requestsAtServer(by));
    }

    /** Requests counted by the clients' proxies, regardless of the chosen reporter; undefined if nothing selects them. */
    requestsAtClient(): string | undefined {
        return this.sent && rate([], select("istio_requests_total", ['reporter="source"', ...this.sent]), this.window);
    }

    /** Share of the requests at the clients' proxies that the matcher selects. */
    shareAtClient(matcher: string): string | undefined {
        const [part, whole] = [this.where(matcher).requestsAtClient(), this.requestsAtClient()];
        return part && whole && share(part, whole);
    }

    /**
     * Copies of requests (mirroring) that succeeded, for each workload that gets them. The server's proxy counts a copy, the client's does
     * not (istio/istio#23496), and no label tells it from other requests. A retry follows a failure, so successes are compared. A client
     * without a proxy counts nothing, and differences of up to a tenth come from different moments of scraping: both are left out.
     */
    mirrored(): string {
        const pair = ["source_workload", "source_workload_namespace", ...MIRRORED_TO];
        const { matchers } = this.where(...SUCCEEDED);
        const [received, sent] = ["destination", "source"].map((reporter) =>
            rate(pair, select("istio_requests_total", [`reporter="${reporter}"`, ...matchers]), this.window),
        );
        const counts =
            'group by (source_workload, source_workload_namespace) (istio_requests_total{reporter="source"})';
        const more = `(${received} - (${sent} or 0 * ${received})) > 0.1 * ${received}`;
        return sum(MIRRORED_TO, `(${more}) and on (source_workload, source_workload_namespace) ${counts}`);
    }

    private successes(by: By): string {
        return this.where(...SUCCEEDED).requests(by);
    }

    private select(metric: string, reporter: string = CHOSEN_REPORTER): string {
        return select(metric, [reporter, ...this.matchers]);
    }

    private rate(metric: string, by: By, reporter?: string): string {
        return rate(by, this.select(metric, reporter), this.window);
    }

    private quantile(q: number, histogram: string, by: By): string {
        return quantile(q, by, this.select(`${histogram}_bucket`), this.window);
    }
}
