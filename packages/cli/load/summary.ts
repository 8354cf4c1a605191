import type { Load, Outcome } from "./requests";
import type { Asked, SeenPages } from "./asked";
import { missingOn, type PagePart, reviewsOn } from "./reviews";

/** Percentiles of the time until an answer, in milliseconds. */
export interface Latency {
    p50: number;
    p90: number;
    p99: number;
    max: number;
}

/** The result of a load. Counts are sorted by their key. */
export interface LoadSummary {
    url: string;
    /** `planned` is missing if only the time ended the load. */
    requests: { planned?: number; done: number };
    concurrency: number;
    seconds: number;
    requestsPerSecond: number;
    statuses: Record<string, number>;
    failed: number;
    failures: Record<string, number>;
    /** Of all answers, those with an error status too; undefined if there was no answer. */
    latency?: Latency;
    /** Number of pages by version of reviews: see `reviewsOn`. */
    reviews: Record<string, number>;
    /** Number of pages without a service's answer, of those services that were missing. */
    missing: Record<string, number>;
    /** What the config asks for beside what was seen; missing if it asks for nothing, or cannot be read. */
    asked?: Asked[];
    /** What the config asks for and this load cannot show, each with the reason; missing if there is nothing. */
    unknown?: string[];
}

export class Tally {
    private readonly latencies: number[] = [];
    private readonly statuses = new Map<string, number>();
    private readonly failures = new Map<string, number>();
    /** The times of pages, by version of reviews. */
    private readonly pages = new Map<string, number[]>();
    private readonly missing = new Map<PagePart, number>();
    done = 0;

    constructor(private readonly load: Load) {}

    add({ milliseconds, status, body, failure }: Outcome): void {
        this.done += 1;
        if (status !== undefined) {
            this.latencies.push(milliseconds);
            count(this.statuses, String(status));
        }
        if (failure !== undefined) {
            count(this.failures, failure);
        } else if (body !== undefined) {
            const version = reviewsOn(body);
            this.pages.set(version, this.pages.get(version) ?? []);
            this.pages.get(version)?.push(milliseconds);
            missingOn(body).forEach((part) => {
                count(this.missing, part);
            });
        }
    }

    get failed(): number {
        return [...this.failures.values()].reduce((sum, each) => sum + each, 0);
    }

    get seen(): SeenPages {
        const missing = (part: PagePart) => this.missing.get(part) ?? 0;
        return {
            statuses: sorted(this.statuses),
            silent: this.done - this.latencies.length,
            times: Object.fromEntries(this.pages),
            missing: { details: missing("details"), reviews: missing("reviews"), ratings: missing("ratings") },
        };
    }

    /** @param milliseconds since the first request */
    summary(milliseconds: number): LoadSummary {
        const { url, requests, concurrency } = this.load;
        return {
            url,
            requests: { ...(requests !== Infinity && { planned: requests }), done: this.done },
            concurrency,
            seconds: rounded(milliseconds / 1000, 2),
            requestsPerSecond: milliseconds > 0 ? rounded((this.done * 1000) / milliseconds) : 0,
            statuses: sorted(this.statuses),
            failed: this.failed,
            failures: sorted(this.failures),
            latency: latencyOf(this.latencies),
            reviews: sorted(new Map([...this.pages].map(([version, { length }]) => [version, length]))),
            missing: sorted(this.missing),
        };
    }
}

export function latencyOf(milliseconds: readonly number[]): Latency | undefined {
    if (milliseconds.length === 0) {
        return undefined;
    }
    const ascending = [...milliseconds].sort((a, b) => a - b);
    const at = (share: number) => rounded(percentile(ascending, share));
    return { p50: at(50), p90: at(90), p99: at(99), max: at(100) };
}

/**
 * The smallest value that is at least as large as a share of all values (nearest rank).
 * @param ascending at least one value
 * @param share in percent, above 0
 */
export function percentile(ascending: readonly number[], share: number): number {
    const rank = Math.ceil((share / 100) * ascending.length);
    return ascending[Math.max(rank, 1) - 1] ?? Number.NaN;
}

function count<Key extends string>(counts: Map<Key, number>, key: Key): void {
    counts.set(key, (counts.get(key) ?? 0) + 1);
}

function sorted(counts: Map<string, number>): Record<string, number> {
    return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function rounded(number: number, digits = 1): number {
    return Number(number.toFixed(digits));
}
