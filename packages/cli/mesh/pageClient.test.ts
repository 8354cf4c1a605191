import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { Duplex } from "node:stream";
import { text as readText } from "node:stream/consumers";
import { selfSigned } from "../../../components/istio/selfSigned";
import { oneConnection } from "../dashboard/bridge";
import { pageFor } from "../dashboard/page";
import { UserError } from "../../shared/errors";
import { makeRequest } from "../load/requests";
import { openWay } from "../load/way";
import { stackOf } from "../testing/stack";
import { authority, TlsGateway, type TlsGatewayOptions } from "../testing/tlsGateway";
import { shakeHands } from "./handshake";
import { findIngress, type Ingress } from "./ingress";
import { waitForPage } from "./page";
import { accessTo, type ClientCertificate, NEEDS_CERTIFICATE, readClientCertificate } from "./pageClient";
import { servedQuestion } from "./served";
import { askThroughApi } from "./throughApi";

const HOST = "books.example.com";
const place = { appNamespace: "default" };

let gateway: TlsGateway;
let ingress: Ingress;
let signed: Awaited<ReturnType<typeof authority>>;

async function start(options?: TlsGatewayOptions): Promise<void> {
    gateway = await TlsGateway.start(options);
    ingress = await findIngress(gateway.cluster.api, place);
}
const request = (certificate?: ClientCertificate) =>
    makeRequest(ingress.page?.url ?? "", 5, { access: accessTo(ingress, certificate) });

beforeAll(async () => {
    signed = await authority();
});
afterEach(() => {
    gateway.stop();
});

describe("the page of a gateway with HTTPS", () => {
    it("is asked by its host name, at the gateway's address", async () => {
        await start();
        expect(ingress.page).toMatchObject({
            url: `https://${HOST}:${gateway.secured}/productpage`,
            endpoint: { host: "127.0.0.1", port: gateway.secured },
        });
        expect(ingress.ports).toEqual({ service: gateway.secured, pod: 443 });
        expect(await request()).toMatchObject({ status: 200, body: expect.stringContaining("reviews-v2") as string });
        expect(gateway.seen).toMatchObject([{ host: `${HOST}:${gateway.secured}`, servername: HOST }]);
    });

    it("is found if the gateway serves any host, or a whole domain", async () => {
        await start({ hosts: ["*"], secret: selfSigned(["istio-ingressgateway.istio-system.svc"]) });
        expect(ingress.page?.url).toBe(`https://127.0.0.1:${gateway.secured}/productpage`);
        expect(await request()).toMatchObject({ status: 200 });
        gateway.stop();
        await start({ hosts: ["*.example.com"] });
        expect(ingress.page?.url).toBe(`https://bookinfo.example.com:${gateway.secured}/productpage`);
        expect(await request()).toMatchObject({ status: 200 });
    });

    it("is that of the stack's own certificate, also of one whose CA is unknown", async () => {
        await start({ secret: await signed.ca.server([HOST], []) });
        expect(await request()).toMatchObject({ status: 200 });
    });

    it.each<[string, () => TlsGatewayOptions | Promise<TlsGatewayOptions>, RegExp]>([
        [
            "somebody else's certificate for the same host",
            () => ({ shown: selfSigned([HOST]) }),
            /self-signed certificate/,
        ],
        [
            "another one of the same CA",
            async () => ({ secret: await signed.ca.server([HOST], []), shown: await signed.ca.server([HOST], []) }),
            /unable to verify|issuer certificate/,
        ],
        ["a certificate for another host", () => ({ secret: selfSigned(["other.example.com"]) }), /altnames/],
        ["an expired certificate", () => ({ secret: selfSigned([HOST], Date.UTC(2001)) }), /expired/],
        ["a Secret that is missing", () => ({ secret: null }), /self-signed certificate/],
    ])("is not asked with %s", async (_, options, failure) => {
        await start(await options());
        expect((await request()).failure).toMatch(failure);
        await expect(askThroughApi(gateway.cluster.api, ingress)).rejects.toThrow(failure);
        expect(gateway.seen).toEqual([]);
    });

    it("is asked through the API server by a port-forward with TLS, because the API server's proxy names no host", async () => {
        await start({ external: false });
        gateway.cluster.answer = () => ({ status: 200, text: "from the proxy" });
        const { status, text } = await askThroughApi(gateway.cluster.api, ingress, {
            headers: { traceparent: "00-1-2-01" },
        });
        expect([status, text]).toEqual([200, "Reviews served by: reviews-v2-a-b"]);
        expect(gateway.forwarded).toEqual([443]);
        expect(gateway.seen).toMatchObject([{ host: HOST, servername: HOST, headers: { traceparent: "00-1-2-01" } }]);
    });

    it("gets its load by a port-forward if it has no external address", async () => {
        await start({ external: false });
        const said = jest.spyOn(console, "error").mockReturnValue(undefined);
        const { close, url, access } = await openWay({ stack: stackOf(), api: gateway.cluster.api });
        try {
            expect(url).toMatch(/^https:\/\/books\.example\.com:\d+\/productpage$/);
            expect(await makeRequest(url, 5, { access })).toMatchObject({ status: 200 });
        } finally {
            close();
            said.mockRestore();
        }
    });

    it("is in the dashboard, in plain HTTP, although the gateway knows no localhost", async () => {
        await start();
        const page = await pageFor(gateway.cluster.api, "bookinfo", place);
        const connection = await page.connect();
        const agent = oneConnection(connection);
        const ask = (method: string, body?: string) =>
            new Promise<{ status?: number; cookies?: string[]; text: string }>((resolve, reject) => {
                const headers = { host: "localhost:8080" };
                const sent = http.request({ agent, method, path: "/login", headers }, (answer) => {
                    readText(answer).then((text) => {
                        resolve({ status: answer.statusCode, cookies: answer.headers["set-cookie"], text });
                    }, reject);
                });
                sent.on("error", reject).end(body);
            });
        expect(await ask("POST", "username=ann")).toEqual({
            status: 200,
            cookies: ["a=1", "b=2"],
            text: "Reviews served by: reviews-v2-a-b",
        });
        await ask("GET");
        expect(gateway.seen).toMatchObject([
            { method: "POST", host: HOST, body: "username=ann" },
            { method: "GET", host: HOST },
        ]);
        expect(gateway.forwarded).toEqual([443]);
        connection.destroy();
    });
});

describe("a gateway that wants a certificate of its clients", () => {
    const mutual = () => start({ clientCa: signed.ca.certificate });

    it("serves those that have one", async () => {
        await mutual();
        expect(await request(signed.client)).toMatchObject({ status: 200 });
        expect((await askThroughApi(gateway.cluster.api, ingress, { certificate: signed.client })).status).toBe(200);
        expect(await shakeHands(gateway.cluster.api, ingress, signed.client)).toMatchObject({
            wantsCertificate: false,
        });
    });

    it("refuses all others, and this is said", async () => {
        await mutual();
        expect((await request()).failure).toMatch(/the server asks clients for a certificate|connection reset/);
        const { client: other } = await authority();
        // The alert may be lost, because the gateway closes the connection while the request arrives.
        expect((await request(other)).failure).toMatch(/does not know the CA|connection reset/);
        expect(await shakeHands(gateway.cluster.api, ingress)).toMatchObject({
            wantsCertificate: true,
            protocol: "TLSv1.3",
        });
        const { api } = gateway.cluster;
        await expect(openWay({ stack: stackOf(), api })).rejects.toThrow(NEEDS_CERTIFICATE);
        await expect(pageFor(api, "bookinfo", place)).rejects.toThrow(NEEDS_CERTIFICATE);
        expect(gateway.seen).toEqual([]);
    });

    it("is up when it refuses them", async () => {
        await mutual();
        expect(await waitForPage(servedQuestion(gateway.cluster.api, ingress))).toEqual({ throughApi: false });
        gateway.stop();
        await start({ clientCa: signed.ca.certificate, external: false });
        expect(await waitForPage(servedQuestion(gateway.cluster.api, ingress))).toEqual({ throughApi: true });
    });
});

describe("a handshake that does not begin", () => {
    it("says that nothing listens at the address", async () => {
        await start({ clientCa: signed.ca.certificate });
        gateway.stop();
        expect(await shakeHands(gateway.cluster.api, ingress)).toEqual({
            wantsCertificate: false,
            failure: "connection refused",
        });
    });

    it("says what the kubelet says, without an external address", async () => {
        await start({ external: false });
        gateway.cluster.connect = () => {
            const connection = new Duplex({
                read: () => undefined,
                write: (_chunk, _encoding, done) => {
                    done();
                },
            });
            setImmediate(() => connection.destroy(new UserError("nothing listens in the pod")));
            return Promise.resolve(connection);
        };
        const { api } = gateway.cluster;
        expect((await shakeHands(api, ingress)).failure).toBe("nothing listens in the pod");
        await expect(askThroughApi(api, ingress)).rejects.toThrow("nothing listens in the pod");
    });
});

it("up waits for the page of a gateway with HTTPS", async () => {
    await start();
    expect(await waitForPage(servedQuestion(gateway.cluster.api, ingress))).toEqual({ throughApi: false });
    expect(gateway.seen).toHaveLength(1);
});

describe("the files of a client's certificate", () => {
    let folder: string;
    const file = (name: string, content: string) => {
        const target = path.join(folder, name);
        writeFileSync(target, content);
        return target;
    };
    beforeAll(() => {
        folder = mkdtempSync(path.join(tmpdir(), "client-"));
    });
    afterAll(() => {
        rmSync(folder, { recursive: true });
    });
    // The gateway of the other tests.
    beforeEach(() => start());

    it("belong together", () => {
        const [cert, key] = [file("a.crt", signed.client.cert), file("a.key", signed.client.key)];
        expect(readClientCertificate({})).toBeUndefined();
        expect(readClientCertificate({ cert, key })).toEqual(signed.client);
        expect(() => readClientCertificate({ cert })).toThrow("--cert and --key belong together");
        expect(() => readClientCertificate({ key })).toThrow("--cert and --key belong together");
    });

    it("are named if they cannot be used, and no key is shown", () => {
        const { certificate, key: other } = selfSigned(["a.example.com"]);
        const [cert, key] = [file("b.crt", certificate), file("b.key", signed.client.key)];
        const missing = path.join(folder, "none");
        expect(() => readClientCertificate({ cert: missing, key })).toThrow(
            `--cert ${missing}: the file cannot be read`,
        );
        expect(() => readClientCertificate({ cert: key, key })).toThrow(`--cert ${key}: the file has no certificate`);
        expect(() => readClientCertificate({ cert, key })).toThrow(
            `--key ${key}: the file has no private key of ${cert}`,
        );
        const broken = file("c.key", other.slice(0, 100));
        expect(() => readClientCertificate({ cert, key: broken })).toThrow(/^(?!.*MIG)/s);
    });
});
