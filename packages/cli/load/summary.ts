import type { Load, Outcome } from "./requests";
import { reviewsOn } from "./reviews";

/** Times in milliseconds within which that share of the answers came. */
export interface Latency {
    p50: number;
    p90: number;
    p99: number;
    max: number;
}

/** What came of a load. Counts by a key are sorted by it. */
export interface LoadSummary {
    url: string;
    /** Requests that were to be made, and those that came to an end. */
    requests: { planned: number; done: number };
    concurrency: number;
    seconds: number;
    requestsPerSecond: number;
    /** How many answers had each HTTP status. */
    statuses: Record<string, number>;
    failed: number;
    /** How many requests failed for each reason. */
    failures: Record<string, number>;
    /** Of the answers, whatever their status; undefined where there was none. */
    latency?: Latency;
    /** How many pages showed each version of reviews: see `reviewsOn`. */
    reviews: Record<string, number>;
}

/** Counts outcomes as they come. */
export class Tally {
    private readonly latencies: number[] = [];
    private readonly statuses = new Map<string, number>();
    private readonly failures = new Map<string, number>();
    private readonly reviews = new Map<string, number>();
    private outcomes = 0;

    constructor(private readonly load: Load) {}

    add({ milliseconds, status, body, failure }: Outcome): void {
        this.outcomes += 1;
        if (status !== undefined) {
            this.latencies.push(milliseconds);
            count(this.statuses, String(status));
        }
        if (failure !== undefined) {
            count(this.failures, failure);
        } else if (body !== undefined) {
            count(this.reviews, reviewsOn(body));
        }
    }

    /** Requests that came to an end. */
    get done(): number {
        return this.outcomes;
    }

    get failed(): number {
        return [...this.failures.values()].reduce((sum, each) => sum + each, 0);
    }

    /** @param milliseconds since the first request */
    summary(milliseconds: number): LoadSummary {
        const { url, requests, concurrency } = this.load;
        return {
            url,
            requests: { planned: requests, done: this.done },
            concurrency,
            seconds: rounded(milliseconds / 1000, 2),
            requestsPerSecond: milliseconds > 0 ? rounded((this.done * 1000) / milliseconds) : 0,
            statuses: sorted(this.statuses),
            failed: this.failed,
            failures: sorted(this.failures),
            latency: latencyOf(this.latencies),
            reviews: sorted(this.reviews),
        };
    }
}

/** Latencies at the usual shares; undefined where there are none. */
export function latencyOf(milliseconds: readonly number[]): Latency | undefined {
    if (milliseconds.length === 0) {
        return undefined;
    }
    const ascending = [...milliseconds].sort((a, b) => a - b);
    const at = (share: number) => rounded(percentile(ascending, share));
    return { p50: at(50), p90: at(90), p99: at(99), max: at(100) };
}

/**
 * The smallest value that a share of all values does not exceed (nearest rank).
 * @param ascending at least one value
 * @param share in percent, above 0
 */
export function percentile(ascending: readonly number[], share: number): number {
    const rank = Math.ceil((share / 100) * ascending.length);
    return ascending[Math.max(rank, 1) - 1] ?? Number.NaN;
}

function count(counts: Map<string, number>, key: string): void {
    counts.set(key, (counts.get(key) ?? 0) + 1);
}

function sorted(counts: Map<string, number>): Record<string, number> {
    return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function rounded(number: number, digits = 1): number {
    return Number(number.toFixed(digits));
}
