import * as http from "node:http";
import { gzipSync } from "node:zlib";
import {
    type Element,
    type FakePrometheus,
    fakePrometheus,
    listenOnLoopback,
    type Reply,
} from "../testing/fakePrometheus";
import { prometheusAt } from "./client";

const ELEMENTS: Element[] = [{ metric: { a: "b" }, value: "1" }];
const VECTOR = JSON.stringify({
    status: "success",
    data: { resultType: "vector", result: [{ metric: { a: "b" }, value: [1, "1"] }] },
});

/** Runs a test with a Prometheus; `ask` gives the number of samples. */
async function withPrometheus(
    reply: Reply,
    test: (ask: () => Promise<number>, prometheus: FakePrometheus) => Promise<void>,
    addressOf = (url: string) => url,
): Promise<void> {
    const prometheus = await fakePrometheus(() => reply);
    const client = prometheusAt(new URL(addressOf(prometheus.url)), { timeout: 5000, answerBytes: 200_000 });
    const signal = new AbortController().signal;
    const ask = async () => {
        let samples = 0;
        await client.query("up", new Date(0), () => (samples += 1), { order: 1, optional: false, signal });
        return samples;
    };
    try {
        await test(ask, prometheus);
    } finally {
        await prometheus.close();
    }
}

it("asks again once if Prometheus closes a kept connection as it is used, and not if that happens to a new one", async () => {
    const seen = new Set<object>();
    let requests = 0;
    const closesKept: Reply = (response) => {
        const { socket } = response.req;
        requests += 1;
        if (seen.has(socket)) {
            socket.destroy();
        } else {
            seen.add(socket);
            response.end(VECTOR);
        }
    };
    await withPrometheus(closesKept, async (ask) => {
        expect([await ask(), await ask(), await ask()]).toEqual([1, 1, 1]);
        // The new connection is not kept.
        expect([requests, seen.size]).toEqual([4, 3]);
    });
    let closed = 0;
    const closes: Reply = (response) => {
        closed += 1;
        response.req.socket.destroy();
    };
    await withPrometheus(closes, async (ask) => {
        await expect(ask()).rejects.toThrow("cannot be queried");
        expect(closed).toBe(1);
    });
});

it("does not ask again if a part of the answer came back", async () => {
    let requests = 0;
    const breaks: Reply = (response) => {
        requests += 1;
        if (requests === 1) {
            response.end(VECTOR);
        } else {
            response.req.socket.end("HTTP/1.1 200 OK\r\nContent-");
        }
    };
    await withPrometheus(breaks, async (ask) => {
        await ask();
        await expect(ask()).rejects.toThrow("cannot be queried");
        expect(requests).toBe(2);
    });
});

it("asks for gzip, and limits the bytes after decompression", async () => {
    let asked: unknown;
    const zipped =
        (text: string, encoding = "gzip"): Reply =>
        (response) => {
            asked = response.req.headers["accept-encoding"];
            response.writeHead(200, { "Content-Encoding": encoding }).end(gzipSync(text));
        };
    await withPrometheus(zipped(VECTOR), async (ask) => {
        expect([await ask(), asked]).toEqual([1, "gzip"]);
    });
    for (const [reply, message] of [
        [zipped(" ".repeat(300_000)), "longer than 200000 bytes"],
        [zipped(VECTOR, "br"), "the encoding br, but only gzip was asked for"],
        [
            (response) => response.writeHead(200, { "Content-Encoding": "gzip" }).end(gzipSync(VECTOR).subarray(0, 40)),
            "unexpected end of file",
        ],
    ] satisfies [Reply, string][]) {
        await withPrometheus(reply, async (ask) => {
            await expect(ask()).rejects.toThrow(
                expect.objectContaining({ status: 502, message: expect.stringContaining(message) as string }) as Error,
            );
        });
    }
});

it("sends the path and the query of its address with each question", async () => {
    let url = "";
    const noted: Reply = (response) => {
        url = response.req.url ?? "";
        response.end(VECTOR);
    };
    await withPrometheus(
        noted,
        async (ask) => {
            await ask();
            expect(url).toMatch(/^\/prefix\/api\/v1\/query\?tenant=a%26b&query=up&time=1970[^&]*&timeout=5000ms$/);
        },
        (url) => `${url}/prefix/?tenant=a%26b&query=other#part`,
    );
});

describe("with a proxy", () => {
    const before = { ...process.env };
    afterEach(() => {
        process.env = { ...before };
    });

    it("asks Prometheus through HTTP_PROXY, and directly if NO_PROXY names it", async () => {
        const seen: unknown[] = [];
        const proxy = http.createServer(({ url, headers }, response) => {
            seen.push([url?.slice(0, 40), headers.host, headers["proxy-authorization"]]);
            response.end(VECTOR);
        });
        const { url, close } = await listenOnLoopback(proxy);
        try {
            process.env.HTTP_PROXY = url.replace("//", "//ann:se%20cret@");
            const away = (address: string) => address.replace("127.0.0.1", "prometheus.invalid");
            await withPrometheus(
                ELEMENTS,
                async (ask, prometheus) => {
                    expect([await ask(), prometheus.queries]).toEqual([1, []]);
                    const host = new URL(away(prometheus.url)).host;
                    expect(seen).toEqual([
                        [`http://${host}/api/v1/query`.slice(0, 40), host, `Basic ${btoa("ann:se cret")}`],
                    ]);
                    process.env.NO_PROXY = ".invalid";
                    await expect(ask()).rejects.toThrow("ENOTFOUND");
                },
                away,
            );
            // This machine itself is never asked through a proxy.
            await withPrometheus(ELEMENTS, async (ask, prometheus) => {
                await ask();
                expect(prometheus.queries).toEqual(["up"]);
            });
        } finally {
            await close();
        }
    });

    it("says what is wrong with HTTPS_PROXY", async () => {
        const proxy = http.createServer();
        proxy.on("connect", (_, socket) => socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"));
        const { url, close } = await listenOnLoopback(proxy);
        try {
            for (const [address, reason] of [
                [url, `the proxy ${url} answers CONNECT with status 407`],
                [
                    "socks5://ann:secret@proxy:1080",
                    "the proxy socks5://proxy:1080 of HTTPS_PROXY must have an http address",
                ],
            ] as const) {
                process.env.HTTPS_PROXY = address;
                await withPrometheus(
                    ELEMENTS,
                    async (ask) => {
                        await expect(ask()).rejects.toThrow(reason);
                    },
                    () => "https://prometheus.invalid",
                );
            }
        } finally {
            await close();
        }
    });
});
