import { AT_EACH_POINT, quantile, rate, select, share, sum, WHOLE_RANGE, type Window } from "./promql";

// A request fails where the answer is a server error, or where there is none (Envoy then notes 0). gRPC answers 200 in
// any case; of its codes these blame the server: unknown, deadline exceeded, unimplemented, internal, unavailable, data
// loss.
const SUCCEEDED = ['response_code!~"0|5.."', 'grpc_response_status!~"2|4|12|13|14|15"'];

/** Both proxies of a request count it; the dashboards' variable says whose count to take. */
const CHOSEN_REPORTER = 'reporter="$reporter"';

// The client's proxy does not know the policy of the connection: it notes "unknown".
const KNOWS_POLICY = 'reporter="destination"';

type By = readonly string[];

/**
 * Queries over Istio's standard metrics, for the traffic that matchers such as `destination_workload="reviews-v1"`
 * select. Each method takes the labels to group by. Rates are per second, latencies in milliseconds, sizes in bytes,
 * shares from 0 to 1.
 */
export class Traffic {
    constructor(
        private readonly matchers: readonly string[],
        private readonly window: Window = AT_EACH_POINT,
    ) {}

    /** The same traffic, taken together over the dashboard's whole time range. */
    overRange(): Traffic {
        return new Traffic(this.matchers, WHOLE_RANGE);
    }

    /** The part of this traffic that the matchers select as well. */
    where(...matchers: string[]): Traffic {
        return new Traffic([...this.matchers, ...matchers], this.window);
    }

    requests(by: By = []): string {
        return this.rate("istio_requests_total", by);
    }

    /** How many requests there were within the window, and not per second. */
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

    requestSize(q: number, by: By = []): string {
        return this.quantile(q, "istio_request_bytes", by);
    }

    responseSize(q: number, by: By = []): string {
        return this.quantile(q, "istio_response_bytes", by);
    }

    tcpReceived(by: By = []): string {
        return this.rate("istio_tcp_received_bytes_total", by);
    }

    tcpSent(by: By = []): string {
        return this.rate("istio_tcp_sent_bytes_total", by);
    }

    tcpOpened(by: By = []): string {
        return this.rate("istio_tcp_connections_opened_total", by);
    }

    tcpClosed(by: By = []): string {
        return this.rate("istio_tcp_connections_closed_total", by);
    }

    /** Requests as the servers' proxies counted them, whichever reporter is chosen: only these know of mutual TLS. */
    requestsAtServer(by: By = []): string {
        return this.rate("istio_requests_total", by, KNOWS_POLICY);
    }

    /** Share of the requests that came over mutual TLS. */
    mutualTls(by: By = []): string {
        const encrypted = this.where('connection_security_policy="mutual_tls"');
        return share(encrypted.requestsAtServer(by), this.requestsAtServer(by));
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
