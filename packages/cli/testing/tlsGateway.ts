/** The ingress gateway with TLS, and a cluster that has it, for tests of what asks it. */
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import { type AddressInfo, connect } from "node:net";
import { selfSigned } from "../../../components/istio/selfSigned";
import type { KubernetesObject } from "../../kubernetes/object";
import { FakeCluster, pod } from "../../kubernetes/testing/fakeCluster";
import { createAuthority } from "../../sandbox/controlPlane/certificates";

const NAMESPACE = "istio-system";

const certificates = new Map<string, ReturnType<typeof selfSigned>>();

/** The same for the same hosts: for each new one, a client reads all root certificates of Node.js again, which takes 50 ms. */
function certificateFor(hosts: readonly string[]) {
    const certificate = certificates.get(hosts.join()) ?? selfSigned([...hosts]);
    certificates.set(hosts.join(), certificate);
    return certificate;
}

export interface TlsGatewayOptions {
    hosts?: string[];
    /** What the gateway shows. Default: the certificate in its Secret. */
    shown?: { certificate: string; key: string };
    /** What its Secret has; null for no Secret. Default: a certificate for the hosts that signs itself. */
    secret?: { certificate: string; key: string } | null;
    /** PEM of the CA whose clients may connect. */
    clientCa?: string;
    /** Whether the Gateway's port 80 redirects, and what it answers there. Default: both do. */
    redirect?: boolean;
    answersRedirect?: boolean;
    /** The bearer token that it asks for with 403. Default: none. */
    token?: string;
    /** Whether the Service has an external address: this machine. Default: true. */
    external?: boolean;
}

/** A request as the gateway got it. */
export interface Seen {
    method: string;
    host: string;
    servername: string | false | undefined;
    body: string;
    headers: http.IncomingHttpHeaders;
}

export class TlsGateway {
    readonly cluster = new FakeCluster();
    readonly seen: Seen[] = [];
    /** Connections that were opened through the API server, by the pod's port. */
    readonly forwarded: number[] = [];
    private readonly servers: (http.Server | https.Server)[] = [];
    secured = 0;

    private constructor(private readonly token?: string) {}

    static async start({
        hosts = ["books.example.com"],
        secret = certificateFor(hosts),
        shown = secret ?? certificateFor(hosts),
        clientCa,
        redirect = true,
        answersRedirect = redirect,
        token,
        external = true,
    }: TlsGatewayOptions = {}): Promise<TlsGateway> {
        const gateway = new TlsGateway(token);
        const { certificate: cert, key } = shown;
        const mutual = clientCa !== undefined;
        const options = { cert, key, requestCert: mutual, rejectUnauthorized: mutual, ca: clientCa };
        gateway.secured = await gateway.listen(https.createServer(options, gateway.answer));
        const plain = await gateway.listen(
            http.createServer((request, response) => {
                const location = `https://${request.headers.host ?? ""}${request.url ?? ""}`;
                response.writeHead(answersRedirect ? 301 : 200, answersRedirect ? { location } : {}).end();
            }),
        );
        const { cluster, secured } = gateway;
        cluster.connect = (_, port) => {
            gateway.forwarded.push(port);
            return Promise.resolve(connect(port === 443 ? secured : plain, "127.0.0.1"));
        };
        const credentialName = "books";
        const served = hosts.length > 0 ? hosts : ["*"];
        const object = (apiVersion: string, kind: string, name: string, others: object): KubernetesObject => ({
            apiVersion,
            kind,
            metadata: { name, namespace: kind === "Gateway" ? "default" : NAMESPACE },
            ...others,
        });
        const tls = { mode: mutual ? "MUTUAL" : "SIMPLE", credentialName };
        const base64 = (text: string) => Buffer.from(text).toString("base64");
        cluster.objects = [
            pod(NAMESPACE, "serving", { istio: "ingressgateway" }, { "istio-proxy": true }),
            object("v1", "Service", "istio-ingressgateway", {
                spec: {
                    ports: [
                        { port: 80, targetPort: 80 },
                        { port: secured, targetPort: 443 },
                    ],
                },
                status: external ? { loadBalancer: { ingress: [{ ip: "127.0.0.1" }] } } : {},
            }),
            object("networking.istio.io/v1", "Gateway", "bookinfo-gateway", {
                spec: {
                    servers: [
                        {
                            port: { number: 80, protocol: "HTTP" },
                            hosts: served,
                            ...(redirect && { tls: { httpsRedirect: true } }),
                        },
                        { port: { number: 443, protocol: "HTTPS" }, hosts: served, tls },
                    ],
                },
            }),
            ...(secret
                ? [
                      object("v1", "Secret", credentialName, {
                          data: { "tls.crt": base64(secret.certificate), "tls.key": base64(secret.key) },
                      }),
                  ]
                : []),
        ];
        return gateway;
    }

    stop(): void {
        for (const server of this.servers) {
            server.closeAllConnections();
            server.close();
        }
    }

    private async listen(server: http.Server | https.Server): Promise<number> {
        this.servers.push(server);
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
        return (server.address() as AddressInfo).port;
    }

    private readonly answer = (request: http.IncomingMessage, response: http.ServerResponse): void => {
        let body = "";
        request.setEncoding("utf8").on("data", (chunk: string) => {
            body += chunk;
        });
        request.on("end", () => {
            const { servername } = request.socket as unknown as { servername?: string | false };
            const { method = "", headers } = request;
            this.seen.push({ method, host: headers.host ?? "", servername, body, headers });
            const served = this.token === undefined || headers.authorization === `Bearer ${this.token}`;
            response
                .writeHead(served ? 200 : 403, { "set-cookie": ["a=1", "b=2"] })
                .end("Reviews served by: reviews-v2-a-b");
        });
    };
}

/** A CA for clients and servers, and what it signs. */
export async function authority() {
    const ca = await createAuthority();
    const { certificate, key } = await ca.client("ann");
    return { ca, client: { cert: certificate, key } };
}
