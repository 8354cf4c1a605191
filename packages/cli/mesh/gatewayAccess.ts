/** What the deployed Gateway asks of clients: it may be another than the one in the stack's file. */
import type { X509Certificate } from "node:crypto";
import { isServedBy } from "../../../components/istio/address";
import type { DeepPartial, GatewaySpec, ServerTls } from "../../../components/istio/api";
import { GATEWAY, ISTIO_NAMESPACE } from "../../../components/names";
import { certificatesIn } from "../../../config/certificates";
import type { ClusterApi } from "../../kubernetes/api";
import { unlessForbidden } from "../../kubernetes/apiError";
import type { ObjectReference } from "../../kubernetes/object";

export interface GatewayAccess {
    /** The host names that it serves; empty for any. */
    hosts: readonly string[];
    tls?: GatewayTls;
}

/** HTTPS at the gateway. */
export interface GatewayTls {
    /** Whether clients need a certificate. */
    mutual: boolean;
    /** Whether port 80 sends clients to HTTPS. */
    redirect: boolean;
    /** The Secret with the gateway's certificate, in the namespace of its pods. */
    credentialName: string;
    /** The certificate and those that lead to its CA. Empty if there is no such Secret; undefined if the user may not read it. */
    chain?: readonly X509Certificate[];
}

const ANY = { hosts: [] };

/** @param namespace of Bookinfo */
export async function readGatewayAccess(api: ClusterApi, namespace: string): Promise<GatewayAccess> {
    const metadata = { name: GATEWAY, namespace };
    const reference = { apiVersion: "networking.istio.io/v1", kind: "Gateway", metadata };
    const gateway = await unlessForbidden(() => api.read(reference));
    const { servers = [] } = (gateway?.spec ?? {}) as DeepPartial<GatewaySpec>;
    const https = servers.find(({ port }) => port?.protocol === "HTTPS");
    const http = servers.find(({ port }) => port?.protocol === "HTTP");
    const hosts = (https ?? http)?.hosts ?? [];
    const served = hosts.includes("*") ? ANY : { hosts };
    const { mode, credentialName } = (https?.tls ?? {}) as Partial<ServerTls>;
    if (credentialName === undefined) {
        return served;
    }
    const redirect = (http?.tls as { httpsRedirect?: boolean } | undefined)?.httpsRedirect ?? false;
    const chain = await readChain(api, credentialName);
    return { ...served, tls: { mutual: mode === "MUTUAL", redirect, credentialName, ...(chain && { chain }) } };
}

export function gatewaySecret(name: string): ObjectReference {
    return { apiVersion: "v1", kind: "Secret", metadata: { name, namespace: ISTIO_NAMESPACE } };
}

/** Only certificates are taken from the Secret. */
async function readChain(api: ClusterApi, name: string): Promise<readonly X509Certificate[] | undefined> {
    const answer = await unlessForbidden(async () => ({ secret: await api.read(gatewaySecret(name)) }));
    return answer && (certificatesIn(pemIn(answer.secret?.data, "cert")) ?? []);
}

/** The names under which istiod finds a certificate and its key, the first first. */
const PAIRS = [
    { cert: "cert", key: "key" },
    { cert: "tls.crt", key: "tls.key" },
];

/** The PEM of the certificate or of the key in a Secret, as istiod finds them; empty if it has none. */
export function pemIn(data: unknown, what: "cert" | "key"): string {
    const values = (data ?? {}) as Record<string, string | undefined>;
    const pair = PAIRS.find(({ cert, key }) => values[cert] && values[key]);
    return Buffer.from(values[pair?.[what] ?? ""] ?? "", "base64").toString();
}

/** The host names in a certificate. */
export function namesIn({ subjectAltName = "" }: X509Certificate): string[] {
    return [...subjectAltName.matchAll(/(?:^|, )DNS:([^,]+)/g)].map(([, name = ""]) => name);
}

/** The hosts, some perhaps with a wildcard, that a certificate does not name. As for clients, `*` covers one label. */
export function hostsMissingIn(certificate: X509Certificate, hosts: readonly string[]): string[] {
    const names = namesIn(certificate);
    const covers = (name: string, host: string) =>
        name === host ||
        (name.startsWith("*.") && isServedBy(host, name) && name.split(".").length === host.split(".").length);
    return hosts.filter((host) => host !== "*" && !names.some((name) => covers(name.toLowerCase(), host)));
}
