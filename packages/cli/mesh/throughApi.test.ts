import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, createServer as createSocketServer } from "node:net";
import { Duplex } from "node:stream";
import { ApiError } from "../../kubernetes/apiError";
import { FakeCluster, pod } from "../../kubernetes/testing/fakeCluster";
import { UserError } from "../../shared/errors";
import { pageFor } from "../dashboard/page";
import { pageLine } from "../deployment/deploy";
import { makeRequest } from "../load/requests";
import { openWay } from "../load/way";
import { stackOf } from "../testing/stack";
import { askThroughApi } from "./throughApi";

/** The gateway's pod: it answers with the header that it got. */
let gateway: Server;
let cluster: FakeCluster;
/** The ports of pods that were connected to. */
let connected: string[];

const plain = { ports: { service: 80, pod: 8080 }, access: { hosts: [] } };

beforeAll(async () => {
    gateway = createServer((request, response) => {
        const { traceparent = "none" } = request.headers;
        response.writeHead(request.url === "/productpage" ? 200 : 404).end(`trace ${String(traceparent)}`);
    });
    gateway.listen(0, "127.0.0.1");
    await once(gateway, "listening");
});
afterAll(() => {
    gateway.closeAllConnections();
    gateway.close();
});

beforeEach(() => {
    connected = [];
    cluster = new FakeCluster();
    cluster.objects = [
        pod("istio-system", "starting", { istio: "ingressgateway" }, { "istio-proxy": false }),
        pod("istio-system", "serving", { istio: "ingressgateway" }, { "istio-proxy": true }),
        pod("elsewhere", "other", { istio: "ingressgateway" }, { "istio-proxy": true }),
        {
            apiVersion: "v1",
            kind: "Service",
            metadata: { name: "istio-ingressgateway", namespace: "istio-system" },
            spec: { type: "ClusterIP", ports: [{ port: 80, targetPort: 8080 }] },
        },
    ];
    cluster.connect = ({ namespace, name }, port) => {
        connected.push(`${namespace}/${name}:${port}`);
        // As a port-forward, it is no socket.
        const socket = connect((gateway.address() as AddressInfo).port, "127.0.0.1");
        return Promise.resolve(Duplex.from({ readable: socket, writable: socket }).on("error", () => undefined));
    };
});

describe("A6: the page through the API server", () => {
    it("is asked by its proxy", async () => {
        cluster.answer = ({ kind, namespace, name, port }, path) => ({
            status: 200,
            text: `${kind} ${namespace}/${name}:${port}${path}`,
        });
        expect(await askThroughApi(cluster.api, plain)).toEqual({
            status: 200,
            text: "services istio-system/istio-ingressgateway:80/productpage",
        });
        expect(connected).toEqual([]);
    });

    it.each([403, 503, 0])("is asked by a port-forward if the proxy ends with %d", async (status) => {
        cluster.answer = () => new ApiError(status, "no");
        expect(await askThroughApi(cluster.api, plain, { headers: { traceparent: "00-1-2-01" } })).toEqual({
            status: 200,
            text: "trace 00-1-2-01",
        });
        expect(connected).toEqual(["istio-system/serving:8080"]);
    });

    it("says why, if the gateway ends the handshake", async () => {
        const closing = createSocketServer((socket) => socket.once("data", () => socket.destroy()));
        closing.listen(0, "127.0.0.1");
        await once(closing, "listening");
        cluster.connect = () => {
            const socket = connect((closing.address() as AddressInfo).port, "127.0.0.1");
            return Promise.resolve(Duplex.from({ readable: socket, writable: socket }));
        };
        const tls = { mutual: false, redirect: true, credentialName: "s" };
        const access = { hosts: ["books.example.com"], tls };
        await expect(askThroughApi(cluster.api, { ...plain, access })).rejects.toBeInstanceOf(UserError);
        // The second error comes when the connection is destroyed.
        await new Promise(setImmediate);
        closing.close();
    });

    it("is asked by a port-forward if it wants a token, which the API server would take for its own", async () => {
        cluster.answer = () => ({ status: 200, text: "by the proxy" });
        const headers = { authorization: "Bearer token", traceparent: "00-1-2-01" };
        expect(await askThroughApi(cluster.api, plain, { headers })).toEqual({
            status: 200,
            text: "trace 00-1-2-01",
        });
        expect(connected).toEqual(["istio-system/serving:8080"]);
    });

    it("fails with both reasons", async () => {
        cluster.answer = () => new ApiError(403, "services/proxy is forbidden");
        cluster.remove("Pod", "serving");
        await expect(askThroughApi(cluster.api, plain)).rejects.toEqual(
            new UserError("services/proxy is forbidden; a port-forward fails too: no pod is ready"),
        );
    });
});

describe("A6: a gateway without an external address", () => {
    it("has its page in the dashboard, from its pods", async () => {
        const page = await pageFor(cluster.api, "bookinfo", { appNamespace: "default" });
        expect(page).toMatchObject({ name: "bookinfo", port: 8080 });
        await page.wait(new AbortController().signal);
        (await page.connect()).destroy();
        expect(connected).toEqual(["istio-system/serving:8080"]);
    });

    it("gets its load through a port-forward, and that is said", async () => {
        const said = jest.spyOn(console, "error").mockReturnValue(undefined);
        const way = await openWay({ stack: stackOf(), api: cluster.api });
        try {
            expect(way.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/productpage$/);
            expect(await makeRequest(way.url, 5)).toMatchObject({ status: 200 });
            expect(said.mock.calls.join()).toMatch(
                /^The ingress gateway has no external address.*\n {2}npx bookinfo dashboard bookinfo --stack there.*\nThe requests go/,
            );
        } finally {
            way.close();
            said.mockRestore();
        }
    });

    it("gets it at the address that the config names", async () => {
        const { port } = gateway.address() as AddressInfo;
        const istio = { gateway: { address: `127.0.0.1:${port}` } };
        const stack = stackOf({ file: { config: { "bookinfo-mesh:istio": istio } } });
        const way = await openWay({ stack, api: cluster.api });
        expect(way.url).toBe(`http://127.0.0.1:${port}/productpage`);
        way.close();
    });
});

describe("A6: the end of up", () => {
    it("names the address, and what to do if this machine does not reach it", () => {
        const outputs = { productpageUrl: "http://192.0.2.1/productpage" };
        expect(pageLine({ outputs })).toBe("\nBookinfo is up: http://192.0.2.1/productpage\n");
        expect(pageLine({ outputs, notice: "Not from here." })).toBe(
            "\nBookinfo is up: http://192.0.2.1/productpage\n\nNot from here.\n",
        );
        expect(pageLine({ outputs: {}, notice: "No address." })).toBe("\nBookinfo is up.\n\nNo address.\n");
    });
});
