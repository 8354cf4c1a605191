import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { UserError } from "../../shared/errors";
import { requestPage, waitForPage } from "./page";

let server: Server;
let url: string;
/** The server's answers; it repeats the last one. */
let answers: number[];

/** Nothing listens there. */
const SILENT = "http://127.0.0.1:9/productpage";

beforeAll(async () => {
    server = createServer(({ headers }, response) => {
        const status = (answers.length > 1 ? answers.shift() : answers[0]) ?? 500;
        response.statusCode = headers.authorization === "Bearer good" ? 200 : status;
        response.end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

afterAll(() => {
    server.closeAllConnections();
    server.close();
});

it("waits until the page answers 200", async () => {
    answers = [503, 404, 200];
    const ask = () => Promise.reject(new Error("is not asked"));
    expect(await waitForPage({ url, ask })).toEqual({ throughApi: false });
    expect(answers).toEqual([200]);
});

it("does not wait long for a gateway with another status", async () => {
    answers = [404];
    await expect(waitForPage({ url, routesTimeout: 0.5 })).rejects.toThrow(`${url} has answered 404 for 0.5 s`);
});

it("takes other statuses for an answer too, if the config says that they are to be expected", async () => {
    answers = [503, 403];
    expect(await waitForPage({ url, expected: { 403: "tokens" } })).toEqual({ throughApi: false });
    answers = [403];
    await expect(waitForPage({ url, routesTimeout: 0.1, expected: { 429: "limit" } })).rejects.toThrow("answered 403");
});

it("shows what the page asks for", async () => {
    answers = [403];
    const headers = { authorization: "Bearer good" };
    expect(await waitForPage({ url, request: (address) => requestPage(address, { headers }) })).toEqual({
        throughApi: false,
    });
    answers = [403];
    await expect(waitForPage({ url, routesTimeout: 0.1 })).rejects.toThrow("answered 403");
});

it("asks at ports that fetch refuses, because a user may map one", async () => {
    const blocked = "http://127.0.0.1:10080/";
    const other = createServer((_request, response) => response.end());
    other.listen(10080, "127.0.0.1");
    await once(other, "listening");
    try {
        expect(await waitForPage({ url: blocked })).toEqual({ throughApi: false });
    } finally {
        other.close();
    }
});

it("asks through the proxy that curl uses", async () => {
    answers = [503, 200];
    const before = process.env.http_proxy;
    process.env.http_proxy = url;
    try {
        // Without the proxy, there is no such host.
        expect(await waitForPage({ url: "http://page.invalid/productpage" })).toEqual({ throughApi: false });
    } finally {
        if (before === undefined) {
            delete process.env.http_proxy;
        } else {
            process.env.http_proxy = before;
        }
    }
    expect(answers).toEqual([200]);
});

it("waits without any answer until it is stopped", async () => {
    const stop = AbortSignal.timeout(1000);
    const began = performance.now();
    await expect(waitForPage({ url: SILENT, stop, routesTimeout: 0.1 })).rejects.toThrow();
    expect(performance.now() - began).toBeGreaterThan(900);
});

describe("A6: an address that is silent", () => {
    const answering = (...statuses: number[]) => {
        const asked: number[] = [];
        const ask = () => {
            const status = statuses[Math.min(asked.length, statuses.length - 1)] ?? 0;
            asked.push(status);
            return status === 0 ? Promise.reject(new UserError("no pod is ready")) : Promise.resolve({ status });
        };
        return { asked, ask };
    };

    it("is given time first, and then the page is asked through the API server until it answers", async () => {
        const { asked, ask } = answering(0, 503, 200);
        const began = performance.now();
        expect(await waitForPage({ url: SILENT, ask, silence: 0.4 })).toEqual({
            throughApi: true,
            failure: "connection refused",
        });
        expect(performance.now() - began).toBeGreaterThan(400);
        expect(asked).toEqual([0, 503, 200]);
    });

    it("is asked for 20 s by default", async () => {
        const { asked, ask } = answering(200);
        const stop = AbortSignal.timeout(700);
        await expect(waitForPage({ url: SILENT, ask, stop })).rejects.toThrow();
        expect(asked).toEqual([]);
    });

    it("does not matter if the page does not answer inside the cluster either", async () => {
        const { ask } = answering(404);
        await expect(waitForPage({ url: SILENT, ask, silence: 0, routesTimeout: 0.3 })).rejects.toThrow(
            "the page, asked through the API server, has answered 404 for 0.3 s",
        );
    });

    it("is not needed without an external address", async () => {
        const { asked, ask } = answering(404, 200);
        expect(await waitForPage({ ask })).toEqual({ throughApi: true });
        expect(asked).toEqual([404, 200]);
    });

    it("is told apart from another server at that address", async () => {
        answers = [404];
        const { ask } = answering(200);
        await expect(waitForPage({ url, ask, silence: 0, routesTimeout: 0.3 })).rejects.toThrow(
            `${url} has answered 404 for 0.3 s, but the page answers through the API server: something else is at that address`,
        );
    });
});
