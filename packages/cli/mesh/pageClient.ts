/** How this machine asks a gateway for the page that wants a host name, trusts a certificate of its own, or asks for one. */
import { readFileSync } from "node:fs";
import tls from "node:tls";
import { hostFor } from "../../../components/istio/address";
import { certificatesIn, isKeyOf } from "../../../config/certificates";
import { messageOf, UserError } from "../../shared/errors";
import type { Access } from "../load/route";
import { type GatewayAccess, namesIn } from "./gatewayAccess";
import type { Ingress } from "./ingress";

/** Options by which a user names the client's certificate. */
export interface CertificateOptions {
    cert?: string;
    key?: string;
}

/** A client's certificate with those that lead to its CA, and its private key, both PEM. */
export interface ClientCertificate {
    cert: string;
    key: string;
}

/** @throws UserError if only one of the options is set, or a file cannot be used. No part of a key is quoted. */
export function readClientCertificate({ cert, key }: CertificateOptions): ClientCertificate | undefined {
    if (cert === undefined && key === undefined) {
        return undefined;
    }
    if (cert === undefined || key === undefined) {
        throw new UserError(
            "--cert and --key belong together: the files of a client's certificate and of its private key",
        );
    }
    const own = { cert: readText("--cert", cert), key: readText("--key", key) };
    const [certificate] = certificatesIn(own.cert) ?? [];
    if (!certificate) {
        throw new UserError(`--cert ${cert}: the file has no certificate that can be read; it must be PEM`);
    }
    if (!isKeyOf(certificate, own.key)) {
        throw new UserError(
            `--key ${key}: the file has no private key of ${cert} that can be read; it must be PEM, without a passphrase`,
        );
    }
    return own;
}

function readText(option: string, file: string): string {
    try {
        return readFileSync(file, "utf8");
    } catch (error) {
        throw new UserError(`${option} ${file}: the file cannot be read (${messageOf(error)})`);
    }
}

/** Whether the gateway wants a client's certificate, and there is none. */
export function lacksCertificate({ access }: Pick<Ingress, "access">, own: ClientCertificate | undefined): boolean {
    return own === undefined && (access.tls?.mutual ?? false);
}

/** What a user does who has no certificate for the gateway. */
export const NEEDS_CERTIFICATE =
    "the gateway asks clients for a certificate (istio.gateway.tls.mode is mutual); name one with --cert FILE --key FILE";

/** Whether a gateway serves any host over plain HTTP. */
export function isPlain({ hosts, tls }: GatewayAccess): boolean {
    return hosts.length === 0 && tls === undefined;
}

/** What requests to the page's URL need: nothing for a plain gateway. They connect to the gateway, whatever DNS knows. */
export function accessTo({ page, access }: Pick<Ingress, "page" | "access">, own?: ClientCertificate): Access {
    if (isPlain(access)) {
        return {};
    }
    const { secureContext, servername } = securityOf(access, own);
    return {
        ...(page && { endpoint: page.endpoint }),
        ...(secureContext && { secureContext }),
        // If the gateway serves only some hosts, the URL has one of them.
        ...(access.hosts.length === 0 && servername !== undefined && { servername }),
    };
}

/** The host that a request to the gateway names. */
export function requestHost({ hosts }: GatewayAccess): string {
    return hostFor("", hosts) ?? "localhost";
}

/**
 * The security of a connection to the gateway: its certificate is right if this machine trusts it anyway, or if it is the one
 * in the stack's own Secret. A gateway that serves any host is told from others by a name in its certificate.
 */
export function securityOf({ hosts, tls: own }: GatewayAccess, client?: ClientCertificate): Omit<Access, "endpoint"> {
    if (!own) {
        return {};
    }
    const [leaf] = own.chain ?? [];
    const servername = hostFor("", hosts) ?? hostFor("", leaf ? namesIn(leaf) : []);
    return { secureContext: contextFor(leaf?.toString(), client), ...(servername !== undefined && { servername }) };
}

/**
 * A context that trusts what this machine trusts.
 * @param own a certificate that is trusted too, as PEM
 */
function contextFor(own: string | undefined, client: ClientCertificate | undefined): tls.SecureContext {
    // The gateway's certificate itself is trusted, not its CA.
    const secure = tls.createSecureContext({ ...client, allowPartialTrustChain: true });
    if (own !== undefined) {
        // The option `ca` would replace the usual CAs. To name these too takes 50 ms, because Node.js reads each of them again.
        (secure.context as { addCACert(certificate: string): void }).addCACert(own);
    }
    return secure;
}
