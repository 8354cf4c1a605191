/* The metrics of the server, in Prometheus' text format 0.0.4. */

/** Upper bounds of the histograms' buckets, in seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface Histogram {
    buckets: number[];
    sum: number;
    count: number;
}

export class Metrics {
    private readonly requests = new Map<string, number>();
    private readonly requestSeconds = new Map<string, Histogram>();
    private readonly queries = new Map<string, number>();
    private readonly querySeconds: Histogram = histogram();
    private inFlight = 0;

    /** Counts a request. Call the result when it ends. */
    begin(): (endpoint: string, status: number) => void {
        const start = performance.now();
        this.inFlight += 1;
        return (endpoint, status) => {
            this.inFlight -= 1;
            const labels = `endpoint="${endpoint}",code="${status}"`;
            this.requests.set(labels, (this.requests.get(labels) ?? 0) + 1);
            const seconds = this.requestSeconds.get(endpoint) ?? histogram();
            this.requestSeconds.set(endpoint, seconds);
            observe(seconds, (performance.now() - start) / 1000);
        };
    }

    /** Counts a query to Prometheus. */
    countQuery(outcome: string, seconds: number): void {
        this.queries.set(outcome, (this.queries.get(outcome) ?? 0) + 1);
        observe(this.querySeconds, seconds);
    }

    /** The body of `/metrics`. */
    text(): string {
        const { rss, heapUsed } = process.memoryUsage();
        const { user, system } = process.cpuUsage();
        const gauge = (name: string, help: string, value: number) => family(name, "gauge", help, [`${name} ${value}`]);
        return [
            family(
                "servicegraph_http_requests_total",
                "counter",
                "Requests answered, by endpoint and status code.",
                [...this.requests].map(([labels, count]) => `servicegraph_http_requests_total{${labels}} ${count}`),
            ),
            family(
                "servicegraph_http_request_duration_seconds",
                "histogram",
                "How long requests took, by endpoint.",
                [...this.requestSeconds].flatMap(([endpoint, seconds]) =>
                    series("servicegraph_http_request_duration_seconds", `endpoint="${endpoint}"`, seconds),
                ),
            ),
            gauge("servicegraph_http_requests_in_flight", "Requests being answered now.", this.inFlight),
            family(
                "servicegraph_prometheus_queries_total",
                "counter",
                "Queries to Prometheus, by how they ended.",
                [...this.queries].map(
                    ([outcome, count]) => `servicegraph_prometheus_queries_total{outcome="${outcome}"} ${count}`,
                ),
            ),
            family(
                "servicegraph_prometheus_query_duration_seconds",
                "histogram",
                "How long Prometheus took to answer.",
                series("servicegraph_prometheus_query_duration_seconds", "", this.querySeconds),
            ),
            family("process_cpu_seconds_total", "counter", "CPU time used, in seconds.", [
                `process_cpu_seconds_total ${(user + system) / 1e6}`,
            ]),
            gauge("process_resident_memory_bytes", "Resident memory, in bytes.", rss),
            gauge("nodejs_heap_used_bytes", "Memory of JavaScript's heap in use, in bytes.", heapUsed),
            gauge(
                "process_start_time_seconds",
                "When the process started, in seconds since 1970.",
                Math.round(performance.timeOrigin) / 1000,
            ),
        ].join("");
    }
}

function histogram(): Histogram {
    return { buckets: BUCKETS.map(() => 0), sum: 0, count: 0 };
}

function observe(histogram: Histogram, seconds: number): void {
    histogram.sum += seconds;
    histogram.count += 1;
    BUCKETS.forEach((bound, index) => {
        histogram.buckets[index] = (histogram.buckets[index] ?? 0) + (seconds <= bound ? 1 : 0);
    });
}

function series(name: string, labels: string, { buckets, sum, count }: Histogram): string[] {
    const separator = labels && ",";
    const own = labels && `{${labels}}`;
    return [
        ...BUCKETS.map((bound, index) => `${name}_bucket{${labels}${separator}le="${bound}"} ${buckets[index] ?? 0}`),
        `${name}_bucket{${labels}${separator}le="+Inf"} ${count}`,
        `${name}_sum${own} ${sum}`,
        `${name}_count${own} ${count}`,
    ];
}

function family(name: string, type: "counter" | "gauge" | "histogram", help: string, samples: string[]): string {
    return `${[`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples].join("\n")}\n`;
}
