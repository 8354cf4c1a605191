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
import { makeRequest, makeRequests, type Outcome } from "../load/requests";
import { signIn } from "../load/signIn";
import { openWay } from "../load/way";
import { stackOf } from "../testing/stack";
import { visitPage } from "../verify/visit";
import { authority, TlsGateway, type TlsGatewayOptions } from "../testing/tlsGateway";
import { shakeHands } from "./handshake";
import { findIngress, type Ingress } from "./ingress";
import type { Mesh } from "./mesh";
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

describe("a page behind HTTPS that asks for tokens", () => {
    const token = { authorization: "Bearer good" };

    it("is up with a token, and without one if 403 is expected, outside and through the API server", async () => {
        for (const external of [true, false]) {
            await start({ token: "good", external });
            const { api } = gateway.cluster;
            const served = { throughApi: !external };
            expect(
                await waitForPage({ ...servedQuestion(api, ingress, { headers: token }), routesTimeout: 0.1 }),
            ).toEqual(served);
            const question = { ...servedQuestion(api, ingress), routesTimeout: 0.1 };
            expect(await waitForPage({ ...question, expected: { 403: "tokens" } })).toEqual(served);
            await expect(waitForPage(question)).rejects.toThrow("has answered 403");
            gateway.stop();
        }
    });

    it.each([true, false])("is loaded by a user who signs in there, external address: %s", async (external) => {
        await start({ token: "good", external, clientCa: signed.ca.certificate });
        const said = jest.spyOn(console, "error").mockReturnValue(undefined);
        const { close, ...way } = await openWay(
            { stack: stackOf(), api: gateway.cluster.api },
            undefined,
            signed.client,
        );
        const outcomes: Outcome[] = [];
        try {
            const { headers } = await signIn("ann", { ...way, headers: token }, 5);
            const limits = { requests: 1, concurrency: 1, timeout: 5 };
            await makeRequests({ ...way, ...limits, headers }, (outcome) => outcomes.push(outcome));
        } finally {
            close();
            said.mockRestore();
        }
        expect(outcomes).toMatchObject([{ status: 200 }]);
        const seen = gateway.seen.slice(-2).map(({ method, host, servername, headers: { authorization, cookie } }) => ({
            method,
            host: host.replace(/:\d+$/, ""),
            servername,
            authorization,
            cookie,
        }));
        const common = { host: HOST, servername: HOST, ...token };
        expect(seen).toEqual([
            { method: "POST", ...common, cookie: undefined },
            { method: "GET", ...common, cookie: "a=1; b=2" },
        ]);
    });

    it("is visited by verify with the token, outside and through the API server", async () => {
        for (const external of [true, false]) {
            await start({ token: "good", external });
            const access = { headers: token, expected: {} };
            const mesh = { api: gateway.cluster.api, appNamespace: "default", access } as unknown as Mesh;
            expect(await visitPage(mesh, { traceparent: "00-1-2-01" })).toMatchObject({ status: 200 });
            expect(gateway.seen).toMatchObject([{ servername: HOST, headers: { ...token, traceparent: "00-1-2-01" } }]);
            expect((await visitPage({ ...mesh, access: undefined }, {})).status).toBe(403);
            gateway.stop();
        }
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
