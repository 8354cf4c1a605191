import { factsOf, healthOf } from "./facts";

const edge = { source: 0, target: 1, mutualTls: undefined };

it.each([
    [0, "0 req/s"],
    [0.2, "0.2 req/s"],
    [1.13333, "1.13 req/s"],
    [12.345, "12.3 req/s"],
    [1234.5, "1\u202f235 req/s"],
    [123456789, "123\u202f456\u202f789 req/s"],
    [0.00002, "2.0e-5 req/s"],
    [1e20, "1.0e+20 req/s"],
    [NaN, "no data"],
    [Infinity, "∞ req/s"],
    [-Infinity, "−∞ req/s"],
])("writes %d requests per second as %s", (requestsPerSecond, words) => {
    expect(factsOf({ ...edge, requestsPerSecond }).traffic).toBe(words);
});

it.each([
    [3, "3 B/s"],
    [48_300, "48.3 kB/s"],
    [1_230_000, "1.23 MB/s"],
    [5e15, "5\u202f000 TB/s"],
    [Infinity, "∞ B/s"],
])("writes %d bytes per second as %s", (bytesPerSecond, words) => {
    expect(factsOf({ ...edge, bytesPerSecond }).traffic).toBe(words);
});

it.each([
    [0, "0 % errors", "healthy"],
    [0.00001, "< 0.1 % errors", "degraded"],
    [0.0123, "1.2 % errors", "degraded"],
    [0.05, "5 % errors", "failing"],
    [0.99999, "> 99.9 % errors", "failing"],
    [1, "100 % errors", "failing"],
])("writes an error ratio of %d as %s, which is %s", (errorRatio, words, health) => {
    const one = { ...edge, requestsPerSecond: 1, errorRatio };
    expect([factsOf(one).errors, healthOf(one)]).toEqual([words, health]);
});

it.each([
    [{ refusedRatio: 0.03 }, "3 % refused", "stopped"],
    [{ injectedRatio: 0.12, unsentRatio: 0.0004 }, "12 % injected, < 0.1 % not sent", "stopped"],
    [{ delayedRatio: 1 }, "100 % delayed", "healthy"],
    [{ refusedRatio: 0.5, errorRatio: 0.02 }, "50 % refused", "degraded"],
    [{ injectedRatio: 1, requestsPerSecond: 0, errorRatio: undefined }, "100 % injected", "stopped"],
])("writes %j as %s, which is %s", (figures, words, health) => {
    const one = { ...edge, requestsPerSecond: 1, errorRatio: 0, ...figures };
    expect([factsOf(one).stopped, healthOf(one)]).toEqual([words, health]);
});

it.each([
    [4.75, "p95 4.75 ms"],
    [999.6, "p95 1\u202f000 ms"],
    [1300, "p95 1.3 s"],
])("writes a latency of %d ms as %s", (p95Milliseconds, words) => {
    expect(factsOf({ ...edge, p95Milliseconds }).latency).toBe(words);
});

it("distinguishes no traffic from unknown traffic", () => {
    expect(factsOf(edge).traffic).toBe("no traffic");
    expect(healthOf(edge)).toBe("idle");
    expect(healthOf({ ...edge, requestsPerSecond: 0 })).toBe("idle");
    expect(healthOf({ ...edge, bytesPerSecond: 1 })).toBe("unknown");
    expect(healthOf({ ...edge, requestsPerSecond: NaN })).toBe("unknown");
    expect(factsOf({ ...edge, requestsPerSecond: NaN, bytesPerSecond: 5 }).traffic).toBe("5 B/s");
});
