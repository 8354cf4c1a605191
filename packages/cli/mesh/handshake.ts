/** A TLS handshake with the ingress gateway, without a request. */
import { X509Certificate } from "node:crypto";
import * as net from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { curlProxyFor } from "../../shared/proxy";
import type { ClusterApi } from "../../kubernetes/api";
import { connectionError } from "../load/requests";
import type { Ingress } from "./ingress";
import { type ClientCertificate, securityOf } from "./pageClient";
import { connectToGateway, overTls } from "./throughApi";

/** What a handshake has shown. */
export interface Handshake {
    /** The gateway's certificate; undefined if the handshake ended before it, or if it is wrong. */
    certificate?: X509Certificate;
    /** Such as `TLSv1.3`. */
    protocol?: string;
    /** Whether the gateway ended it because the client has no certificate. */
    wantsCertificate: boolean;
    /** Why it failed otherwise. */
    failure?: string;
}

/** With TLS 1.3, a client learns only after the handshake that its certificate is missing. Longest time for that, in milliseconds. */
const VERDICT = 5000;

/** Longest time for a connection, in milliseconds. */
const TIMEOUT = 10_000;

/** The alert for a missing certificate: of TLS 1.3, and of TLS 1.2, which has no own one. */
const WANTS_CERTIFICATE = [
    "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
    "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
    "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE",
];

/**
 * Shakes hands with the gateway: at its external address or, without one and behind a proxy, by a port-forward.
 * @param certificate the client's own
 */
export async function shakeHands(
    api: ClusterApi,
    ingress: Ingress,
    certificate?: ClientCertificate,
): Promise<Handshake> {
    const { page, ports, access } = ingress;
    const direct = page && curlProxyFor(new URL(page.url)) === undefined ? page.endpoint : undefined;
    const connection = direct ? net.connect({ ...direct, timeout: TIMEOUT }) : await connectToGateway(api, ports.pod);
    return handshakeOver(connection, securityOf(access, certificate), access.tls?.mutual ?? false);
}

/** @param asked whether the server should ask for a certificate: then it has time to end the connection */
export async function handshakeOver(
    connection: Duplex,
    security: ReturnType<typeof securityOf>,
    asked: boolean,
): Promise<Handshake> {
    if (connection instanceof net.Socket) {
        connection.once("timeout", () => connection.destroy(new Error(`no answer in ${TIMEOUT / 1000} s`)));
    }
    try {
        const socket = await overTls(connection, security);
        const shown = {
            certificate: new X509Certificate(socket.getPeerCertificate().raw),
            protocol: socket.getProtocol() ?? undefined,
        };
        const error = await verdictOf(socket, asked ? VERDICT : 0);
        socket.on("error", () => undefined);
        socket.destroy();
        return { ...shown, ...judged(error) };
    } catch (error) {
        return judged(error);
    } finally {
        connection.destroy();
    }
}

/** Why a server ends a connection after the handshake; undefined if it accepts the client, or says nothing in some milliseconds. */
function verdictOf(socket: TLSSocket, time: number): Promise<Error | undefined> {
    return new Promise((resolve) => {
        const accepted = () => {
            resolve(undefined);
        };
        const timer = setTimeout(accepted, time);
        // A server sends a session to a client that it has accepted.
        socket.once("session", accepted).once("close", accepted).once("error", resolve);
        socket.once("close", () => {
            clearTimeout(timer);
        });
    });
}

function judged(error: unknown): Pick<Handshake, "wantsCertificate" | "failure"> {
    const wantsCertificate = WANTS_CERTIFICATE.includes((error as NodeJS.ErrnoException | undefined)?.code ?? "");
    return { wantsCertificate, ...(error !== undefined && !wantsCertificate && { failure: connectionError(error) }) };
}
