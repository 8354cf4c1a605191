import { X509Certificate } from "node:crypto";
import { gatewaySpec, virtualServiceSpec } from "../../components/bookinfo/gateway";
import { gatewayValues } from "../../components/istio/values";
import { credentialNameOf } from "../../components/istio/gatewayNames";
import { selfSigned } from "../../components/istio/selfSigned";
import { parseConfig } from "../../config";
import { faultOfClientCa } from "../../config/certificates";
import type { Files } from "../../config/files";
import { createAuthority } from "../../packages/sandbox/controlPlane/certificates";
import { issueLines } from "./issueLines";
import { ADDRESS, CLUSTER, find, ofType, runProgram, waitedFor } from "./program";

const files: Files = {
    read: () => "clusters: [{name: c, cluster: {server: s}}]\ncontexts: [{name: here, context: {cluster: c}}]",
    exists: () => true,
    home: "/home/me",
};
const cluster = JSON.stringify({ kind: "kubeconfig", path: "~/config", context: "here" });
const parse = (gateway: object, others: object = {}) =>
    parseConfig({ cluster, istio: JSON.stringify({ gateway, ...others }) }, { files });
const issues = (gateway: object, others?: object) => issueLines(() => parse(gateway, others));

const SELF_SIGNED = { selfSigned: true };
const GATEWAY = "kubernetes:networking.istio.io/v1:Gateway";
const SECRET = "kubernetes:core/v1:Secret";

let clientCa: string;
beforeAll(async () => {
    clientCa = (await createAuthority()).certificate;
});

describe("the specs are those of Istio's task Secure Gateways", () => {
    const selector = { istio: "ingressgateway" };
    const hosts = ["httpbin.example.com"];
    const http = { port: { number: 80, name: "http", protocol: "HTTP" }, hosts };
    const https = { port: { number: 443, name: "https", protocol: "HTTPS" }, hosts };
    const credentialName = "httpbin-credential";

    it("for a single host", () => {
        expect(gatewaySpec(selector, { hosts, tls: { mode: "simple", credentialName, redirect: false } })).toEqual({
            selector,
            servers: [http, { ...https, tls: { mode: "SIMPLE", credentialName } }],
        });
    });

    it("for a mutual gateway, and with a redirect", () => {
        expect(gatewaySpec(selector, { hosts, tls: { mode: "mutual", credentialName, redirect: true } })).toEqual({
            selector,
            servers: [
                { ...http, tls: { httpsRedirect: true } },
                { ...https, tls: { mode: "MUTUAL", credentialName } },
            ],
        });
    });

    it("and without hosts and TLS, that of Bookinfo's own sample", () => {
        expect(gatewaySpec(selector)).toEqual({ selector, servers: [{ ...http, hosts: ["*"] }] });
        expect(virtualServiceSpec("bookinfo-gateway").hosts).toEqual(["*"]);
    });
});

describe("what is wrong is said at once, before anything is touched:", () => {
    const tlsIssues = (tls: unknown, gateway: object = {}, others?: object) => issues({ tls, ...gateway }, others);

    it.each<[string, unknown, RegExp]>([
        ["no certificate", {}, /tls = {}: it has neither secret nor selfSigned.*allowed: either.*tls.selfSigned true/],
        ["an unset one", { selfSigned: false }, /tls = .*neither secret nor selfSigned/],
        ["a redirect without TLS", { redirect: true }, /tls.redirect = true: there is no HTTPS to send clients to/],
        [
            "two certificates",
            { ...SELF_SIGNED, secret: "books" },
            /tls.selfSigned = true: istio.gateway.tls.secret names a certificate already.*config rm/,
        ],
        [
            "mutual without a CA",
            { ...SELF_SIGNED, mode: "mutual" },
            /tls.clientCa is not set: it is required because istio.gateway.tls.mode is mutual.* < FILE/,
        ],
        [
            "a mode",
            { ...SELF_SIGNED, mode: "MUTUAL" },
            /tls.mode = "MUTUAL": there is no such choice; allowed: simple or mutual/,
        ],
        [
            "a CA that is none",
            { ...SELF_SIGNED, mode: "mutual", clientCa: "ca.crt" },
            /clientCa = "ca.crt": it has no certificate/,
        ],
        ["a Secret's name", { secret: "My_Secret" }, /tls.secret = "My_Secret": it is not a name for a Secret/],
        [
            "a name for a CA",
            { secret: "books-cacert" },
            /tls.secret = "books-cacert": istiod takes a Secret of such a name for a CA/,
        ],
        ["a misspelt key", { ...SELF_SIGNED, hosts: [] }, /tls.hosts = .*there is no such key/],
        ["no section", true, /tls = true: it is a boolean and not an object/],
    ])("%s", (_, tls, expected) => {
        const lines = tlsIssues(tls);
        expect(lines).toEqual([expect.stringMatching(expected)]);
        expect(lines[0]).toMatch(/ Run: pulumi config /);
    });

    it("a CA without effect", () => {
        expect(tlsIssues({ ...SELF_SIGNED, clientCa })).toEqual([
            expect.stringMatching(
                /no effect because istio.gateway.tls.mode is simple.*config set --path istio.gateway.tls.mode mutual/,
            ),
        ]);
        expect(tlsIssues({ ...SELF_SIGNED, mode: "mutual", clientCa: `${clientCa}\n${clientCa}` })).toEqual([]);
    });

    it("a certificate that is no CA's, or that has expired, or is not valid yet", () => {
        const leaf = selfSigned(["a.example.com"]).certificate;
        expect(faultOfClientCa(leaf)).toBe(
            "the certificate of CN=Bookinfo ingress gateway is not that of a CA (CA:TRUE)",
        );
        const year = 366 * 24 * 60 * 60_000;
        expect(faultOfClientCa(clientCa, Date.now() + year)).toMatch(
            /^the certificate of CN=bookinfo-mesh-sandbox has expired at /,
        );
        expect(faultOfClientCa(clientCa, Date.now() - year)).toMatch(/is valid only from .* on$/);
        expect(faultOfClientCa(clientCa)).toBeUndefined();
    });

    it("a private key among the certificates, or in place of a name, which is never shown", () => {
        const { key } = selfSigned(["a.example.com"]);
        const lines = [
            ...tlsIssues({ ...SELF_SIGNED, mode: "mutual", clientCa: key + clientCa }),
            ...tlsIssues({ secret: key }),
            ...tlsIssues(key),
            ...issues({ hosts: [key] }),
        ];
        expect(lines).toHaveLength(4);
        expect(lines[0]).toMatch(/clientCa = "\[secret\]": it has a private key/);
        const body = key.split("\n")[1] ?? "";
        expect(lines.join("\n")).not.toContain(body.slice(0, 10));
    });

    it("a Service without a port for HTTPS", () => {
        const service = (...ports: object[]) => ({ values: { gateway: { service: { ports } } } });
        expect(tlsIssues(SELF_SIGNED, {}, service({ port: 80 }))).toEqual([
            expect.stringMatching(/service.ports = .*lead to HTTPS.*allowed: a list with a port 443, or/),
        ]);
        expect(tlsIssues(SELF_SIGNED, {}, service({ port: 80 }, { port: 8443, targetPort: 443 }))).toEqual([]);
        expect(issues({}, service({ port: 80 }))).toEqual([]);
    });

    it("a gateway that may not read its certificate", () => {
        const values = { gateway: { rbac: { enabled: false } } };
        expect(tlsIssues(SELF_SIGNED, {}, { values })).toEqual([
            expect.stringMatching(/rbac.enabled = false: the gateway may not read/),
        ]);
    });

    it("plain HTTP in front of it", () => {
        expect(tlsIssues(SELF_SIGNED, { address: "books.example.com:80" })).toEqual([
            expect.stringMatching(
                /address = "books.example.com:80": port 80 is that of plain HTTP.* books.example.com$/,
            ),
        ]);
        const { ingress } = parse({ tls: SELF_SIGNED, address: "books.example.com" }).istio;
        expect(ingress).toMatchObject({ address: { host: "books.example.com", port: 443 }, port: 443 });
    });

    it("each fault once, and all of them", () => {
        expect(tlsIssues({ mode: "both", secret: "-" }, { hosts: ["books"] })).toHaveLength(3);
    });
});

it("leads a port of the nodes to HTTPS", () => {
    const { gateway, ...settings } = parse({ tls: SELF_SIGNED, service: { type: "NodePort", nodePort: 30_443 } }).istio;
    const { service } = gatewayValues({ ...settings, gateway }) as { service: { ports: object[] } };
    expect(service).not.toHaveProperty("pagePort");
    expect(service.ports).toEqual([
        expect.not.objectContaining({ nodePort: 30_443 }),
        expect.not.objectContaining({ nodePort: 30_443 }),
        expect.objectContaining({ port: 443, nodePort: 30_443 }),
    ]);
});

describe("the program", () => {
    const hosts = ["books.example.com", "*.books.example.com"];
    const secure = () => ({ hosts, tls: { ...SELF_SIGNED, mode: "mutual", clientCa } });
    const run = (gateway: object) => runProgram({ cluster: CLUSTER, istio: { gateway } });

    it("makes a certificate and keeps it, in a Secret beside the gateway", async () => {
        const found = await run(secure());
        const name = credentialNameOf({}, { hosts });
        const [fingerprint] = name.split("-").slice(-1);
        const own = find(found, SECRET, `gateway-certificate-${fingerprint ?? ""}`);
        expect(own.inputs).toMatchObject({ metadata: { name, namespace: "istio-system" }, type: "kubernetes.io/tls" });
        expect(own.ignoreChanges).toEqual(["data"]);
        // Wrapped as a secret.
        const { value } = own.inputs.data as { value: Record<string, string> };
        const pem = Buffer.from(value["tls.crt"] ?? "", "base64");
        expect(new X509Certificate(pem).subjectAltName).toBe("DNS:books.example.com, DNS:*.books.example.com");
        const ca = find(found, SECRET, "gateway-client-ca");
        expect(ca.inputs).toMatchObject({ metadata: { name: `${name}-cacert`, namespace: "istio-system" } });
        expect(ca.ignoreChanges).toEqual([]);
    });

    it("creates the Secrets before the Gateway that names them", async () => {
        const found = await run(secure());
        const gateway = find(found, GATEWAY, "bookinfo-gateway");
        const secrets = ofType(found, /:Secret$/).filter(({ name }) => name.startsWith("gateway-"));
        expect(secrets).toHaveLength(2);
        expect(waitedFor(found, gateway.urn)).toEqual(expect.arrayContaining(secrets));
        const { credentialName } = (gateway.inputs.spec as ReturnType<typeof gatewaySpec>).servers[1]?.tls as {
            credentialName: string;
        };
        expect(secrets.map(({ inputs }) => (inputs.metadata as { name: string }).name).sort()).toEqual([
            credentialName,
            `${credentialName}-cacert`,
        ]);
    });

    it("shows the page's URL and how curl gets it", async () => {
        const { outputs } = await run(secure());
        expect(outputs).toMatchObject({
            ingressIp: { value: ADDRESS },
            productpageUrl: { value: "https://books.example.com/productpage" },
            curlCommand: {
                value: expect.stringContaining(` --resolve books.example.com:443:${ADDRESS} `) as string,
                secret: false,
            },
        });
    });

    it("makes no certificate if there is one, and none without TLS", async () => {
        const named = await run({ tls: { secret: "books", redirect: false } });
        expect(ofType(named, /:Secret$/).filter(({ name }) => name.startsWith("gateway-"))).toEqual([]);
        expect(find(named, GATEWAY, "bookinfo-gateway").inputs.spec).toEqual({
            selector: { istio: "ingressgateway" },
            servers: [
                { port: { number: 80, name: "http", protocol: "HTTP" }, hosts: ["*"] },
                {
                    port: { number: 443, name: "https", protocol: "HTTPS" },
                    hosts: ["*"],
                    tls: { mode: "SIMPLE", credentialName: "books" },
                },
            ],
        });
        expect(named.outputs.productpageUrl?.value).toBe(`https://${ADDRESS}/productpage`);
    });

    it("changes nothing but the Gateway and the ports of its Service, and nothing at all without these keys", async () => {
        const plain = await runProgram({ cluster: CLUSTER });
        expect(ofType(plain, /GatewayTls/)).toEqual([]);
        expect(Object.keys(plain.outputs)).not.toContain("curlCommand");
        expect(parse({}).istio.ingress).toEqual({
            type: "LoadBalancer",
            ports: [80],
            port: 80,
            external: true,
        });
        const found = await run(secure());
        const { urn, parent } = find(plain, GATEWAY, "bookinfo-gateway");
        const istio = find(plain, "bookinfo-mesh:istio:Istio", "istio");
        const release = find(plain, "kubernetes:helm.sh/v3:Release", "istio-gateway");
        const changing = [urn, parent, istio.urn, release.urn];
        for (const { urn, inputs, type } of plain.resources) {
            if (!changing.includes(urn) && type !== SECRET) {
                expect(found.resources.find((other) => other.urn === urn)?.inputs).toEqual(inputs);
            }
        }
        const added = found.resources.filter(({ urn }) => plain.resources.every((other) => other.urn !== urn));
        expect(added.map(({ type }) => type)).toEqual(["bookinfo-mesh:istio:GatewayTls", SECRET, SECRET]);
    });
});
