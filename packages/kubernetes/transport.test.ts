import { once } from "node:events";
import https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { KubeConfig } from "@kubernetes/client-node";
import { createAuthority } from "../sandbox/controlPlane/certificates";
import { Transport } from "./transport";

/** An API server that ends some connections without an answer. */
let server: https.Server;
let transport: Transport;
/** The connections that were made, each with the number of its requests. */
const connections = new Map<Socket, number>();
let answers: (request: number) => boolean;

beforeAll(async () => {
    const authority = await createAuthority();
    const { certificate, key } = await authority.server(["localhost"], ["127.0.0.1"]);
    server = https.createServer({ cert: certificate, key }, ({ socket }, response) => {
        const request = (connections.get(socket) ?? 0) + 1;
        connections.set(socket, request);
        if (answers(request)) {
            response.end(JSON.stringify({ request }));
        } else {
            socket.destroy();
        }
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const config = {
        // The library too makes an agent for each request.
        applyToHTTPSOptions: (options: https.RequestOptions) => {
            options.ca = authority.certificate;
            options.agent = new https.Agent({ ca: authority.certificate });
            return Promise.resolve();
        },
    } as unknown as KubeConfig;
    transport = new Transport(config, `https://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

afterAll(() => {
    server.closeAllConnections();
    server.close();
});

beforeEach(() => {
    connections.clear();
    server.closeAllConnections();
    answers = () => true;
});

it("makes requests over the same connection", async () => {
    for (const path of ["/api", "/apis", "/version"]) {
        await transport.request("GET", path);
    }
    expect([...connections.values()]).toEqual([3]);
});

it("makes a request again that the server did not answer because it had closed the connection", async () => {
    answers = (request) => request < 2;
    expect(await transport.request("PATCH", "/api", { body: {} })).toEqual({ request: 1 });
    expect(await transport.request("PATCH", "/api", { body: {} })).toEqual({ request: 1 });
    expect([...connections.values()]).toEqual([2, 1]);
});

it("fails if a new connection is closed", async () => {
    answers = () => false;
    await expect(transport.request("GET", "/api")).rejects.toMatchObject({ status: 0 });
    expect(connections.size).toBe(1);
});
