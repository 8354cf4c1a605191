import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { makeRequest, makeRequests } from "./requests";

/** A proxy on loopback that answers plain requests itself, and opens tunnels to a server on loopback. */
let proxy: Server;
let asked: IncomingMessage[];
let tunnels: string[];
let env: jest.ReplaceProperty<typeof process.env>;
const address = () => `127.0.0.1:${(proxy.address() as AddressInfo).port}`;

beforeAll(async () => {
    proxy = createServer((request, response) => {
        asked.push(request);
        response.end(`through the proxy to ${request.url ?? ""}`);
    });
    proxy.on("connect", ({ url = "" }: IncomingMessage, socket) => {
        tunnels.push(url);
        const upstream = connect((proxy.address() as AddressInfo).port, "127.0.0.1", () => {
            socket.write("HTTP/1.1 200 OK\r\n\r\n");
            socket.pipe(upstream).pipe(socket);
        });
        socket.on("error", () => upstream.destroy());
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
});
afterAll(() => {
    proxy.closeAllConnections();
    proxy.close();
});
beforeEach(() => {
    asked = [];
    tunnels = [];
    env = jest.replaceProperty(process, "env", { http_proxy: `http://ann:p%40ss@${address()}` });
});
afterEach(() => {
    env.restore();
});

// A host that no name server knows (RFC 6761): only the proxy can answer for it.
const PAGE = "http://bookinfo.invalid/productpage";

describe("A8: requests to the page", () => {
    it("go through the proxy that curl uses, with its credentials", async () => {
        expect(await makeRequest(PAGE, 5)).toMatchObject({ status: 200, body: `through the proxy to ${PAGE}` });
        expect(asked[0]?.headers).toMatchObject({
            host: "bookinfo.invalid",
            "proxy-authorization": `Basic ${Buffer.from("ann:p@ss").toString("base64")}`,
        });
    });

    it("go through it in a load too", async () => {
        const statuses: unknown[] = [];
        const load = { url: PAGE, requests: 5, concurrency: 2, timeout: 5 };
        await makeRequests(load, ({ status }) => statuses.push(status));
        expect(statuses).toEqual([200, 200, 200, 200, 200]);
        expect(asked).toHaveLength(5);
    });

    it("go directly to an exception", async () => {
        process.env.no_proxy = "bookinfo.invalid";
        expect(await makeRequest(PAGE, 5)).toMatchObject({ failure: expect.stringMatching(/^no such host/) as string });
        expect(asked).toEqual([]);
    });

    it("open a tunnel for https, and name the proxy if that fails", async () => {
        process.env.https_proxy = `http://${address()}`;
        const { status, failure } = await makeRequest("https://bookinfo.invalid/productpage", 5);
        // The server behind the tunnel has no TLS.
        expect(status).toBeUndefined();
        expect(failure).toContain(`(through the proxy http://${address()})`);
        expect(tunnels).toEqual(["bookinfo.invalid:443"]);
    });
});
