import fc from "fast-check";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { createSecureContext } from "node:tls";
import { setTimeout as sleep } from "node:timers/promises";
import { selfSigned } from "../../../components/istio/selfSigned";
import type { Traffic } from "../../../components/bookinfo/traffic";
import { askedAndSeen, limitAsked, type SeenPages, tokensAsked } from "./asked";
import { chanceInterval } from "./chance";
import { loadReport } from "./report";
import { type Load, makeRequests, type Outcome } from "./requests";
import { reviewsOn } from "./reviews";
import { signIn } from "./signIn";
import { latencyOf, percentile, Tally } from "./summary";

describe("the version of reviews", () => {
    it("is that of the pod that the page names: in Istio's pages, new and old, and in the sandbox's", () => {
        const today = "<div>Reviews served by: \n                  reviews-v2-5f7b9c8d6-x2x4z\n</div>";
        const old = "<dt>Reviews served by:</dt>\n        <u>reviews-v1-bfc5cf5ff-8r2h2</u>";
        const sandbox = '<p class="server">Reviews served by: reviews-v3-0-a on cluster c</p>';
        expect([today, old, sandbox].map(reviewsOn)).toEqual(["v2", "v1", "v3"]);
    });

    it("follows from the stars if the page names no such pod", () => {
        const other = "Reviews served by: my-own-pod";
        expect(reviewsOn(`${other} <div class="flex gap-x-1 text-black-500">`)).toBe("v2");
        expect(reviewsOn(`${other} <p class="stars stars-red" role="img">`)).toBe("v3");
        expect(reviewsOn(`${other} <font color="red">\n          <!-- full stars: -->`)).toBe("v3");
        expect(reviewsOn('<div class="flex gap-x-1 text-green-500">')).toBe("unknown");
    });

    it("is v1 if the reviews have no ratings, but not if ratings did not answer", () => {
        const reviews = "<h4>Book Reviews</h4><blockquote>Fine</blockquote>";
        expect(reviewsOn(reviews)).toBe("v1");
        expect(reviewsOn(`${reviews}<p class="text-red-500">Ratings service is currently unavailable</p>`)).toBe(
            "unknown",
        );
    });

    it("is not guessed if the page has no reviews, or is another page", () => {
        expect(reviewsOn('<p class="text-2xl text-red-500">Error fetching product reviews</p>')).toBe("unavailable");
        expect(reviewsOn("[]")).toBe("unknown");
        expect(reviewsOn("")).toBe("unknown");
    });
});

describe("a percentile", () => {
    it("is the value at the nearest rank", () => {
        const values = Array.from({ length: 10 }, (_, index) => index + 1);
        expect([50, 90, 99, 100].map((share) => percentile(values, share))).toEqual([5, 9, 10, 10]);
        expect(percentile([7], 1)).toBe(7);
    });

    it("is the smallest of the values that is at least as large as the share of all values", () => {
        const sample = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 });
        fc.assert(
            fc.property(sample, fc.integer({ min: 1, max: 100 }), (values, share) => {
                const ascending = [...values].sort((a, b) => a - b);
                const found = percentile(ascending, share);
                const within = ascending.filter((value) => value <= found).length;
                const below = ascending.filter((value) => value < found).length;
                expect(values).toContain(found);
                expect(within * 100).toBeGreaterThanOrEqual(share * values.length);
                expect(below * 100).toBeLessThan(share * values.length);
            }),
        );
    });

    it("is right for unsorted latencies too, and undefined without any", () => {
        expect(latencyOf([30, 10, 20])).toEqual({ p50: 20, p90: 30, p99: 30, max: 30 });
        expect(latencyOf([])).toBeUndefined();
    });
});

describe("a summary", () => {
    const load: Load = { url: "http://mesh.test/productpage", requests: 5, concurrency: 2, timeout: 1 };
    const tally = () => {
        const tally = new Tally(load);
        const page = (version: string) => `Reviews served by: reviews-${version}-a-b`;
        tally.add({ milliseconds: 10, status: 200, body: page("v3") });
        tally.add({ milliseconds: 20, status: 200, body: page("v1") });
        tally.add({ milliseconds: 30, status: 503, failure: "503 no healthy upstream" });
        tally.add({ milliseconds: 1000, failure: "no answer in 1 s" });
        return tally;
    };

    it("counts statuses, failures by reason and versions, and measures only answers", () => {
        expect(tally().summary(2000)).toEqual({
            url: load.url,
            requests: { planned: 5, done: 4 },
            concurrency: 2,
            seconds: 2,
            requestsPerSecond: 2,
            statuses: { "200": 2, "503": 1 },
            failed: 2,
            failures: { "503 no healthy upstream": 1, "no answer in 1 s": 1 },
            latency: { p50: 20, p90: 30, p99: 30, max: 30 },
            reviews: { v1: 1, v3: 1 },
            missing: {},
        });
    });

    it("has a readable report, which says how many requests were planned", () => {
        const lines = loadReport(tally().summary(2000)).split("\n");
        expect(lines[1]).toBe("4 of 5 requests, 2 at a time, in 2 s: 2 per second");
        expect(lines).toContain("failures      503 no healthy upstream        1");
        expect(lines).toContain("latency       p50                      20.0 ms");
    });

    it("keeps the time of each page for what the config asks, and the requests without an answer", () => {
        expect(tally().seen).toEqual({
            statuses: { "200": 2, "503": 1 },
            silent: 1,
            times: { v1: [20], v3: [10] },
            missing: { details: 0, reviews: 0, ratings: 0 },
        });
    });

    it("has no table without requests", () => {
        expect(loadReport(new Tally(load).summary(0)).split("\n")).toHaveLength(2);
    });
});

describe("what chance allows", () => {
    it("is exact for what is certain", () => {
        expect(chanceInterval(100, 0)).toEqual({ least: 0, most: 0 });
        expect(chanceInterval(100, 1)).toEqual({ least: 100, most: 100 });
        expect(chanceInterval(0, 0.5)).toEqual({ least: 0, most: 0 });
    });

    it("is that of the binomial distribution: the rarest 0.05 % on each side are outside", () => {
        // Sums of math.comb(n, k) * p**k * (1 - p)**(n - k) in Python.
        expect(chanceInterval(1000, 0.9)).toEqual({ least: 868, most: 930 });
        expect(chanceInterval(10, 0.5)).toEqual({ least: 0, most: 10 });
    });

    it("contains the mean, and grows with the square root of the number", () => {
        fc.assert(
            fc.property(
                fc.integer({ min: 1, max: 100_000 }),
                fc.double({ min: 0.01, max: 0.99, noNaN: true }),
                (count, share) => {
                    const { least, most } = chanceInterval(count, share);
                    const deviation = Math.sqrt(count * share * (1 - share));
                    expect(least).toBeGreaterThanOrEqual(0);
                    expect(most).toBeLessThanOrEqual(count);
                    expect(least).toBeLessThanOrEqual(Math.ceil(count * share));
                    expect(most).toBeGreaterThanOrEqual(Math.floor(count * share));
                    expect(most - least).toBeLessThanOrEqual(2 * (4.2 * deviation + 3));
                },
            ),
        );
    });
});

describe("what the config asks for beside what was seen", () => {
    const times = (length: number, time = 20) => Array.from({ length }, () => time);
    const seen: SeenPages = {
        statuses: { "200": 1000 },
        silent: 0,
        times: { v1: times(880), v2: times(20), v3: times(100) },
        missing: { details: 95, reviews: 12, ratings: 120 },
    };
    const summary = new Tally({ url: "http://mesh.test/", requests: 1, concurrency: 1, timeout: 1 }).summary(1);
    const rows = (traffic: Traffic, user?: string) =>
        askedAndSeen(traffic, user, seen).map(({ what, percent, seen, of }) => [what, percent, seen, of]);

    it("are the shares of the versions, of pages that show one", () => {
        expect(rows({ reviews: { weights: { v1: 90, v3: 10 } } })).toEqual([
            ["reviews v1", 90, 880, 1000],
            ["reviews v2", 0, 20, 1000],
            ["reviews v3", 10, 100, 1000],
        ]);
    });

    it("are those of the user who is signed in", () => {
        const traffic = { reviews: { version: "v3", users: { jason: "v2" } } };
        expect(rows(traffic, "jason").map(([, percent]) => percent)).toEqual([0, 100, 0]);
        expect(rows(traffic, "ann").map(([, percent]) => percent)).toEqual([0, 0, 100]);
        expect(rows({ reviews: { users: { jason: "v2" } } }, "ann")).toEqual([]);
    });

    it("are aborted answers: reviews is asked twice, and only v2 and v3 ask ratings", () => {
        const abort = { status: 500, percent: 10 };
        expect(rows({ details: { abort }, reviews: { abort }, ratings: { abort } })).toEqual([
            ["without details", 10, 95, 1000],
            ["without reviews", 1, 12, 1000],
            ["without ratings", 10, 120, 120],
        ]);
    });

    it("is nothing where other settings change the outcome, or a status is no failure", () => {
        const abort = { status: 500, percent: 10 };
        expect(rows({ details: { abort, timeout: "1s" }, ratings: { abort: { status: 204, percent: 5 } } })).toEqual(
            [],
        );
        expect(rows({ details: { abort: { ...abort, users: ["ann"] } } }, "bob")).toEqual([]);
    });

    describe("are delayed pages", () => {
        /** Half of the pages with ratings took this long. */
        const late = (time: number, others = 20): SeenPages => ({
            ...seen,
            times: {
                v1: times(880, others),
                v2: [...times(10), ...times(10, time)],
                v3: [...times(50), ...times(50, time)],
            },
        });
        const delayed = (traffic: Traffic, pages: SeenPages, user?: string) =>
            askedAndSeen(traffic, user, pages)
                .filter(({ what }) => /delayed|without/.test(what))
                .map(({ what, percent, seen, of }) => [what, percent, seen, of]);
        const delay = { for: "2s", percent: 50 };

        it("if nothing else makes pages late: of all pages, or of those with ratings", () => {
            expect(delayed({ ratings: { delay } }, late(2010))).toEqual([["delayed by ratings", 50, 60, 120]]);
            expect(delayed({ details: { delay } }, late(2010))).toEqual([["delayed by details", 50, 60, 1000]]);
            const jason = { details: { delay: { ...delay, users: ["jason"] } } };
            expect(delayed(jason, late(2010), "jason")).toEqual([["delayed by details", 50, 60, 1000]]);
            expect(delayed(jason, late(2010), "ann")).toEqual([]);
        });

        it("are not claimed if pages are late for other reasons, but all pages can be asked to be late", () => {
            expect(delayed({ details: { delay } }, late(2010, 1200))).toEqual([]);
            expect(delayed({ details: { delay: { for: "1s", percent: 100 } } }, late(2010, 600))).toEqual([
                ["delayed by details", 100, 60, 1000],
            ]);
        });

        it.each<[string, Traffic]>([
            ["two delays", { details: { delay }, reviews: { delay } }],
            ["an abort elsewhere", { details: { delay }, ratings: { abort: { status: 500, percent: 1 } } }],
            ["a timeout", { ratings: { delay }, reviews: { timeout: "1s" } }],
            ["retries", { ratings: { delay, retries: { attempts: 1 } } }],
            ["a breaker", { details: { delay }, productpage: { circuitBreaker: { connections: 1 } } }],
            ["a delay near the time-outs of the callers", { ratings: { delay: { for: "2400ms", percent: 50 } } }],
        ])("are not claimed with %s", (_, traffic) => {
            const claimed = delayed(traffic, late(2410)).filter(([what]) => String(what).startsWith("delayed"));
            expect(claimed).toEqual([]);
        });

        it("are not claimed if requests had no answer: these may be the late ones", () => {
            expect(delayed({ details: { delay } }, { ...late(2010), silent: 1 })).toEqual([]);
        });

        it("lack what is too late for productpage: reviews only after two tries", () => {
            const long = { for: "7s", percent: 50 };
            expect(delayed({ details: { delay: long } }, seen)).toEqual([["without details", 50, 95, 1000]]);
            expect(delayed({ reviews: { delay: long } }, seen)).toEqual([["without reviews", 25, 12, 1000]]);
            // reviews v2 waits longer for ratings than productpage for reviews; v3 and v1 do not.
            const all = { ratings: { delay: long }, reviews: { version: "v2" } };
            expect(delayed(all, seen)).toEqual([["without reviews", 25, 12, 1000]]);
            expect(delayed({ ratings: { delay: long } }, seen)).toEqual([]);
        });
    });

    it("are the requests that a limit can let in: what its pods have at once, and get during the load", () => {
        const limited = { ...seen, statuses: { "200": 25, "429": 175 } };
        const row = limitAsked({ requests: 10, per: 60_000 }, 2, 13_000, limited);
        expect(row).toEqual({ what: "let in by the limit", seen: 25, of: 200, least: 0, most: 24 });
        const report = loadReport({ ...summary, asked: [row, { ...row, seen: 24 }] });
        expect(report).toMatch(/let in by the limit +at most 24 +25 of 200 +0 to 24 +differs/);
        expect(report).toMatch(/let in by the limit +at most 24 +24 of 200 +0 to 24 +ok/);
    });

    it("are all requests, if they need a token and have none", () => {
        const statuses = { "200": 1, "403": 199 };
        expect(tokensAsked({ ...seen, statuses })).toMatchObject({ percent: 100, seen: 199, of: 200, least: 200 });
    });

    it("is in the report, with what chance allows", () => {
        const traffic = { reviews: { weights: { v1: 90, v3: 10 } } };
        const report = loadReport({ ...summary, asked: askedAndSeen(traffic, undefined, seen), unknown: ["a: b"] });
        expect(report).toMatch(/reviews v1 +90 % +880 of 1000 +868 to 930 +ok/);
        expect(report).toMatch(/reviews v2 +0 % +20 of 1000 +0 +differs/);
        expect(report).toMatch(/\n\nnot known: a: b$/);
    });
});

describe("requests", () => {
    let server: Server;
    let url: string;
    let secured: https.Server | undefined;
    let answer: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;
    beforeEach(async () => {
        server = createServer((request, response) => void answer(request, response));
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/productpage`;
    });
    afterEach(() => {
        for (const each of [server, secured]) {
            each?.closeAllConnections();
            each?.close();
        }
    });
    const outcomesOf = async (load: Partial<Load>, stop?: AbortSignal, onOutcome?: () => void) => {
        const outcomes: Outcome[] = [];
        const note = (outcome: Outcome) => {
            outcomes.push(outcome);
            onOutcome?.();
        };
        await makeRequests({ url, requests: 1, concurrency: 1, timeout: 5, ...load }, note, stop);
        return outcomes;
    };

    it("keep to the number and the concurrency, over connections that stay open", async () => {
        let underWay = 0;
        let most = 0;
        const connections = new Set<unknown>();
        answer = async (request, response) => {
            connections.add(request.socket);
            most = Math.max(most, (underWay += 1));
            await sleep(5);
            underWay -= 1;
            response.end("page");
        };
        const outcomes = await outcomesOf({ requests: 20, concurrency: 3 });
        expect(outcomes).toHaveLength(20);
        expect(outcomes.every(({ status, body, failure }) => status === 200 && body === "page" && !failure)).toBe(true);
        expect(most).toBe(3);
        expect(connections.size).toBe(3);
    });

    it("fail with the proxy's explanation, or else with the meaning of the status", async () => {
        const answers: [number, string][] = [
            [503, "no healthy upstream"],
            [500, "<html>long story</html>"],
            [302, ""],
            [204, ""],
        ];
        answer = (_, response) => {
            const [status, body] = answers.shift() ?? [0, ""];
            response.writeHead(status).end(body);
        };
        const failures = (await outcomesOf({ requests: 4 })).map(({ failure }) => failure);
        expect(failures).toEqual(["503 no healthy upstream", "500 Internal Server Error", "302 Found", undefined]);
    });

    it("fail if the answer does not end in time, even if it has begun", async () => {
        answer = (request, response) => {
            if (request.url === "/begun") {
                response.write("half a page");
            }
        };
        const [silent] = await outcomesOf({ timeout: 0.1 });
        const [begun] = await outcomesOf({ timeout: 0.1, url: new URL("/begun", url).href });
        expect(silent).toMatchObject({ failure: "no answer in 0.1 s" });
        expect(silent).not.toHaveProperty("status");
        expect(begun).toMatchObject({ failure: "no answer in 0.1 s" });
    });

    it("fail with the reason if the connection breaks", async () => {
        answer = (request) => {
            request.socket.destroy();
        };
        expect(await outcomesOf({})).toMatchObject([{ failure: "connection reset" }]);
        server.close();
        server.closeAllConnections();
        expect(await outcomesOf({})).toMatchObject([{ failure: "connection refused" }]);
    });

    it("begin at the rate, and until the time is over", async () => {
        const begun: number[] = [];
        answer = (_, response) => {
            begun.push(performance.now());
            response.end();
        };
        const start = performance.now();
        await outcomesOf({ requests: Infinity, concurrency: 4, rate: 50, duration: 0.3 });
        // On a busy machine some are late, and the last ones may not begin at all. None is early.
        expect(begun.length).toBeGreaterThan(1);
        expect(begun.length).toBeLessThanOrEqual(15);
        expect(begun.every((time, index) => time - start > index * 20 - 1)).toBe(true);
    });

    it("carry their headers", async () => {
        const seen: unknown[] = [];
        answer = ({ headers }, response) => {
            seen.push(headers.authorization);
            response.end();
        };
        await outcomesOf({ headers: { authorization: "Bearer abc" } });
        expect(seen).toEqual(["Bearer abc"]);
    });

    it("of a signed-in user carry the session, which the product page's own form gives", async () => {
        const asked: unknown[] = [];
        answer = ({ method, url: path, headers }, response) => {
            asked.push([method, path, headers.authorization, headers.referer]);
            response.writeHead(302, { "set-cookie": ["session=amFzb24; Path=/; HttpOnly", "other=1"] }).end();
        };
        const token = { authorization: "Bearer abc" };
        expect(await signIn("mary ann", { url, headers: token }, 5)).toEqual({
            url,
            headers: { ...token, cookie: "session=amFzb24; other=1" },
        });
        expect(asked).toEqual([["POST", "/login?username=mary+ann", "Bearer abc", url]]);
    });

    it("of a signed-in user follow the gateway's redirect to HTTPS, but to no other host", async () => {
        const { certificate, key } = selfSigned(["localhost"]);
        secured = https.createServer({ cert: certificate, key }, (request, response) => {
            response.writeHead(302, { "set-cookie": "session=1" }).end();
        });
        await new Promise<void>((resolve) => secured?.listen(0, resolve));
        const { port } = secured.address() as AddressInfo;
        let to = `https://localhost:${port}`;
        answer = (request, response) => {
            response.writeHead(301, { location: `${to}${request.url ?? ""}` }).end();
        };
        const access = { secureContext: createSecureContext({ ca: certificate }) };
        const page = { url: url.replace("127.0.0.1", "localhost"), access };
        expect(await signIn("ann", page, 5)).toEqual({
            url: `https://localhost:${port}/productpage`,
            headers: { cookie: "session=1" },
        });
        to = `https://127.0.0.1:${port}`;
        await expect(signIn("ann", page, 5)).rejects.toThrow("cannot sign in as ann: /login answers 301");
    });

    it("cannot be made for a user if there is no session", async () => {
        answer = (_, response) => {
            response.writeHead(404).end();
        };
        await expect(signIn("ann", { url }, 5)).rejects.toThrow("cannot sign in as ann: /login answers 404");
        answer = (request) => {
            request.socket.destroy();
        };
        await expect(signIn("ann", { url }, 5)).rejects.toThrow("cannot sign in as ann: connection reset");
    });

    it("stop if the user stops them: no new ones begin, and the current ones do not count", async () => {
        const stop = new AbortController();
        let asked = 0;
        answer = (_, response) => {
            asked += 1;
            if (asked <= 3) {
                response.end();
            }
        };
        let answered = 0;
        const outcomes = await outcomesOf({ requests: 100, concurrency: 2 }, stop.signal, () => {
            answered += 1;
            if (answered === 3) {
                setTimeout(() => {
                    stop.abort();
                }, 20);
            }
        });
        expect(outcomes).toHaveLength(3);
        expect(asked).toBeLessThanOrEqual(5);
    });
});
