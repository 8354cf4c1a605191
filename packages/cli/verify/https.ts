import http from "node:http";
import { gatewayPort, podPort } from "../../../components/istio/address";
import { ISTIO_NAMESPACE, PRODUCTPAGE_PATH } from "../../../components/names";
import { subjectOf } from "../../../config/certificates";
import { messageOf } from "../../shared/errors";
import { type GatewayTls, hostsMissingIn, readGatewayAccess } from "../mesh/gatewayAccess";
import { type Handshake, shakeHands } from "../mesh/handshake";
import { findIngress, type Ingress } from "../mesh/ingress";
import type { Mesh } from "../mesh/mesh";
import { requestHost } from "../mesh/pageClient";
import { connectToGateway } from "../mesh/throughApi";
import { missingCertificate } from "../preflight/gatewayCertificate";
import { type Check, type CheckResult, failed, ok } from "./check";

const DAY = 24 * 60 * 60_000;

/** A certificate that ends within so many days is mentioned. cert-manager renews one when a third of its time is left. */
const SOON = 14;

/** Time until a proxy has the certificate of a new Secret, or a redirect, in milliseconds. */
const TIMEOUT = 10_000;

/** Whether the config or the deployed Gateway has HTTPS. */
export async function hasHttps({ api, appNamespace, https }: Mesh): Promise<boolean> {
    return https !== undefined || (await readGatewayAccess(api, appNamespace)).tls !== undefined;
}

/**
 * The ingress gateway speaks TLS: with the certificate in its Secret, which names all its hosts, and with clients as the mode
 * says. Port 80 sends them to HTTPS, if it should.
 */
export const checkHttps: Check = async (mesh) => {
    const { api, appNamespace, address, commands, https, configured, certificate } = mesh;
    const ingress = await findIngress(api, { appNamespace, address });
    const { tls, hosts } = ingress.access;
    if (!tls) {
        return failed("istio.gateway.tls is set, but the Gateway has no HTTPS", commands.redeploy);
    }
    if (configured && !https) {
        return failed("istio.gateway.tls is not set, but the Gateway has HTTPS", commands.up);
    }
    const missing = await missingCertificate(api, ingress);
    if (missing !== undefined) {
        if (https === "selfSigned") {
            return failed(
                `the Secret ${ISTIO_NAMESPACE}/${tls.credentialName} of the stack is missing`,
                commands.redeploy,
            );
        }
        const [heading = "", ...remedy] = missing.split("\n");
        return failed(heading, remedy.join("\n"));
    }
    const closed = tls.mutual ? await shakeHands(api, ingress) : undefined;
    const handshake = closed && !certificate ? closed : await shakeHands(api, ingress, certificate);
    return (
        faultOfMode(closed, mesh) ??
        faultOfHandshake(handshake, closed === handshake, mesh) ??
        faultOfCertificate(handshake, { tls, hosts }, ingress, mesh) ??
        (tls.redirect ? await faultOfRedirect(ingress, mesh) : undefined) ??
        found(handshake, tls, certificate !== undefined)
    );
};

/** @param closed the handshake of a client without a certificate; undefined if clients need none */
function faultOfMode(closed: Handshake | undefined, { commands }: Mesh): CheckResult | undefined {
    return closed && !closed.wantsCertificate && closed.failure === undefined
        ? failed("a client without a certificate is let in, but istio.gateway.tls.mode is mutual", commands.redeploy)
        : undefined;
}

function faultOfHandshake(
    { failure, wantsCertificate }: Handshake,
    isClosed: boolean,
    { commands }: Mesh,
): CheckResult | undefined {
    if (failure !== undefined) {
        const logs = `${commands.kubectl} --namespace ${ISTIO_NAMESPACE} logs deployment/istiod`;
        return failed(`the handshake fails: ${failure}`, `if it is not the network, see what istiod says: ${logs}`);
    }
    return wantsCertificate && !isClosed
        ? failed("the gateway refuses the certificate of --cert", "name one of the CA in istio.gateway.tls.clientCa")
        : undefined;
}

function faultOfCertificate(
    { certificate }: Handshake,
    { tls, hosts }: { tls: GatewayTls; hosts: readonly string[] },
    { page }: Ingress,
    { commands }: Mesh,
): CheckResult | undefined {
    const [own] = tls.chain ?? [];
    if (!certificate) {
        return undefined;
    }
    // What stands in front of the gateway may have a certificate of its own.
    if (own && !page?.configured && own.fingerprint256 !== certificate.fingerprint256) {
        const secret = `${ISTIO_NAMESPACE}/${tls.credentialName}`;
        return failed(
            `the gateway shows the certificate of ${subjectOf(certificate)} and not the one in the Secret ${secret}`,
            `another Gateway on the same pods may have these hosts: ${commands.kubectl} get gateways.networking.istio.io --all-namespaces`,
        );
    }
    const lacking = hostsMissingIn(certificate, hosts);
    return lacking.length === 0
        ? undefined
        : failed(
              `the gateway's certificate does not name ${lacking.join(", ")}`,
              "let the Secret have one that names all of istio.gateway.hosts",
          );
}

/** Port 80, asked in a pod of the gateway: outside, it may be anywhere. */
async function faultOfRedirect(
    { service, access }: Ingress,
    { api, commands }: Mesh,
): Promise<CheckResult | undefined> {
    const { ports } = (service.spec ?? {}) as { ports?: { port: number; targetPort?: number | string }[] };
    const host = requestHost(access);
    const answer = await locationAt(() => connectToGateway(api, podPort(ports)), host).catch(messageOf);
    const what = `port ${gatewayPort()} does not send clients to HTTPS`;
    if (typeof answer === "string") {
        return failed(`${what}: ${answer}`, commands.redeploy);
    }
    const { status, location = "" } = answer;
    return [301, 308].includes(status) && location.startsWith("https://")
        ? undefined
        : failed(`${what}, it answers ${status}`, commands.redeploy);
}

/** The status and the location of an answer for the page over plain HTTP. */
async function locationAt(
    connect: () => ReturnType<typeof connectToGateway>,
    host: string,
): Promise<{ status: number; location?: string }> {
    const connection = await connect();
    return new Promise((resolve, reject) => {
        const options = { path: PRODUCTPAGE_PATH, headers: { host }, createConnection: () => connection };
        const request = http.get(options, ({ statusCode = 0, headers }) => {
            clearTimeout(timer);
            connection.destroy();
            resolve({ status: statusCode, location: headers.location });
        });
        // A connection through the API server has no timeout of its own.
        const timer = setTimeout(() => request.destroy(new Error(`no answer in ${TIMEOUT / 1000} s`)), TIMEOUT);
        request.on("error", (error) => {
            clearTimeout(timer);
            reject(error);
        });
        connection.on("error", reject);
    });
}

function found({ certificate, protocol }: Handshake, tls: GatewayTls, hasCertificate: boolean): CheckResult {
    const names = certificate?.subjectAltName?.replaceAll("DNS:", "") ?? "no names";
    const clients = tls.mutual
        ? `, refuses clients without a certificate${hasCertificate ? ", lets ours in" : ""}`
        : "";
    const redirect = tls.redirect ? "; port 80 redirects" : "";
    const days = certificate ? Math.floor((Date.parse(certificate.validTo) - Date.now()) / DAY) : Infinity;
    return ok(
        `${protocol ?? "TLS"} with a certificate for ${names}${clients}${redirect}`,
        days < SOON ? `the gateway's certificate ends in ${days} days, at ${certificate?.validTo ?? ""}` : undefined,
    );
}
