import tls from "node:tls";
import { selfSigned } from "../../../components/istio/selfSigned";
import type { Mesh } from "../mesh/mesh";
import { NEEDS_CERTIFICATE } from "../mesh/pageClient";
import { authority, TlsGateway, type TlsGatewayOptions } from "../testing/tlsGateway";
import { checkHttps, hasHttps } from "./https";
import { failed } from "./check";
import { checkPage } from "./page";
import { unlessRefused } from "./visit";

const HOST = "books.example.com";
const DAY = 24 * 60 * 60_000;

let gateway: TlsGateway;
let mesh: Mesh;
let signed: Awaited<ReturnType<typeof authority>>;

async function start(options?: TlsGatewayOptions): Promise<void> {
    gateway = await TlsGateway.start(options);
    mesh = {
        api: gateway.cluster.api,
        on: { mtls: true, prometheus: true, grafana: true, jaeger: true, kiali: true, servicegraph: true },
        appNamespace: "default",
        drainSeconds: 45,
        https: "user's",
        configured: true,
        source: "a test",
        commands: { kubectl: "kubectl", up: "up", redeploy: "redeploy", load: "load", dashboard: "dashboard" },
    };
}

beforeAll(async () => {
    signed = await authority();
});
afterEach(() => {
    gateway.stop();
});

describe("HTTPS is proved by a handshake:", () => {
    it("its certificate, its names, and the redirect", async () => {
        await start({ hosts: [HOST, "*.books.example.com"] });
        expect(await checkHttps(mesh)).toEqual({
            status: "ok",
            found: `TLSv1.3 with a certificate for ${HOST}, *.books.example.com; port 80 redirects`,
        });
        expect(gateway.forwarded).toEqual([80]);
    });

    it("without an external address, in a pod of the gateway", async () => {
        await start({ external: false, redirect: false });
        expect(await checkHttps(mesh)).toEqual({ status: "ok", found: `TLSv1.3 with a certificate for ${HOST}` });
        expect(gateway.forwarded).toEqual([443]);
    });

    it("with clients that need a certificate", async () => {
        await start({ clientCa: signed.ca.certificate, redirect: false });
        const closed = "refuses clients without a certificate";
        expect(await checkHttps(mesh)).toMatchObject({
            status: "ok",
            found: expect.stringMatching(`${closed}$`) as string,
        });
        expect(await checkPage(mesh)).toMatchObject({
            status: "off",
            found: expect.stringContaining(NEEDS_CERTIFICATE) as string,
        });
        const certificate = signed.client;
        expect(await checkHttps({ ...mesh, certificate })).toMatchObject({
            status: "ok",
            found: expect.stringMatching(`${closed}, lets ours in$`) as string,
        });
        expect(await checkPage({ ...mesh, certificate })).toMatchObject({ status: "ok" });
        // What needs requests cannot be made without a certificate.
        const needy = failed("no requests yet", "load");
        expect(await unlessRefused(mesh, Promise.resolve(needy))).toEqual({
            status: "off",
            found: `no requests yet; ${NEEDS_CERTIFICATE}`,
        });
        expect(await unlessRefused({ ...mesh, certificate }, Promise.resolve(needy))).toEqual(needy);
    });

    it("and a certificate that ends soon is mentioned", async () => {
        await start({ secret: selfSigned([HOST], Date.now() - 3645 * DAY) });
        expect((await checkHttps(mesh)).note).toMatch(/^the gateway's certificate ends in 4 days, at /);
    });
});

describe("what is wrong has a remedy:", () => {
    it("a certificate of the program's making is made again", async () => {
        await start({ secret: null });
        expect(await checkHttps({ ...mesh, https: "selfSigned" })).toEqual({
            status: "failed",
            found: "the Secret istio-system/books of the stack is missing",
            remedy: mesh.commands.redeploy,
        });
    });

    it.each<[string, () => TlsGatewayOptions | Promise<TlsGatewayOptions>, RegExp, RegExp]>([
        [
            "no Secret",
            () => ({ secret: null }),
            /^the Secret istio-system\/books, .* is not there yet.*Then the page is at https:\/\/books.example.com/,
            /create secret tls books --cert=FILE --key=FILE/,
        ],
        [
            "another certificate of a CA that is trusted",
            async () => ({ secret: await signed.ca.server([HOST], []), shown: selfSigned([HOST]) }),
            /^the handshake fails: self-signed certificate/,
            /logs deployment\/istiod/,
        ],
        [
            "a host that the certificate lacks",
            () => ({ hosts: [HOST, "other.example.com"], secret: selfSigned([HOST]) }),
            /^the gateway's certificate does not name other.example.com$/,
            /names all of istio.gateway.hosts/,
        ],
        [
            "an expired certificate",
            () => ({ secret: selfSigned([HOST], Date.UTC(2001)) }),
            /^the handshake fails: certificate has expired/,
            /istiod/,
        ],
        [
            "no redirect",
            () => ({ answersRedirect: false }),
            /^port 80 does not send clients to HTTPS, it answers 200$/,
            /redeploy/,
        ],
    ])("%s", async (_, options, found, remedy) => {
        await start(await options());
        expect(await checkHttps(mesh)).toEqual({
            status: "failed",
            found: expect.stringMatching(found) as string,
            remedy: expect.stringMatching(remedy) as string,
        });
    });

    it("another certificate than the Secret's, although its CA is trusted", async () => {
        // A machine that trusts the CA, such as by NODE_EXTRA_CA_CERTS, which Node.js reads when it starts.
        const { createSecureContext } = tls;
        const trusting = jest.spyOn(tls, "createSecureContext").mockImplementation((options) => {
            const secure = createSecureContext(options);
            (secure.context as { addCACert(certificate: string): void }).addCACert(signed.ca.certificate);
            return secure;
        });
        try {
            await start({ secret: await signed.ca.server([HOST], []), shown: await signed.ca.server([HOST], []) });
            expect(await checkHttps(mesh)).toMatchObject({
                status: "failed",
                found: `the gateway shows the certificate of CN=${HOST} and not the one in the Secret istio-system/books`,
                remedy: expect.stringMatching(
                    /^another Gateway on the same pods may have these hosts: kubectl get/,
                ) as string,
            });
        } finally {
            trusting.mockRestore();
        }
    });

    it("clients without a certificate who are let in", async () => {
        await start();
        const spec = gateway.cluster.find("Gateway", "bookinfo-gateway").spec as { servers: { tls?: object }[] };
        Object.assign(spec.servers[1]?.tls ?? {}, { mode: "MUTUAL" });
        expect(await checkHttps(mesh)).toMatchObject({
            found: expect.stringMatching(/^a client without .* is let in/) as string,
        });
    });

    it("a Gateway that is another than the config's", async () => {
        await start();
        expect(await checkHttps({ ...mesh, https: undefined })).toMatchObject({ status: "failed", remedy: "up" });
        gateway.cluster.remove("Gateway", "bookinfo-gateway");
        expect(await checkHttps(mesh)).toMatchObject({ status: "failed", remedy: "redeploy" });
    });
});

it("has a row only if the config or the Gateway has HTTPS", async () => {
    await start();
    expect(await hasHttps({ ...mesh, https: undefined })).toBe(true);
    gateway.cluster.remove("Gateway", "bookinfo-gateway");
    expect(await hasHttps({ ...mesh, https: undefined })).toBe(false);
    expect(await hasHttps(mesh)).toBe(true);
});
