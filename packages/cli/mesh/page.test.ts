import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { waitForPage } from "./page";

let server: Server;
let url: string;
/** The server's answers; it repeats the last one. */
let answers: number[];

beforeAll(async () => {
    server = createServer((_request, response) => {
        response.statusCode = (answers.length > 1 ? answers.shift() : answers[0]) ?? 500;
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
    await waitForPage(url, undefined, 30);
    expect(answers).toEqual([200]);
});

it("does not wait long for a gateway with another status", async () => {
    answers = [404];
    await expect(waitForPage(url, undefined, 0.5)).rejects.toThrow(`${url} has answered 404 for 0.5 s`);
});

it("waits without any answer until it is stopped", async () => {
    const stop = AbortSignal.timeout(1000);
    const began = performance.now();
    await expect(waitForPage("http://127.0.0.1:9/", stop, 0.1)).rejects.toThrow();
    expect(performance.now() - began).toBeGreaterThan(900);
});
