/** Certificates as PEM, and what is wrong with them. No function quotes a private key. */
import { createPrivateKey, X509Certificate } from "node:crypto";

/** The certificates in a text; undefined if one of them cannot be read. */
export function certificatesIn(pem: string): X509Certificate[] | undefined {
    const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    try {
        return blocks.map((block) => new X509Certificate(block));
    } catch {
        return undefined;
    }
}

/** Whether a text has a private key as PEM. */
export function hasPemKey(text: string): boolean {
    return /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text);
}

/** Whether a text is the private key of a certificate, as PEM without a passphrase. */
export function isKeyOf(certificate: X509Certificate, pem: string): boolean {
    try {
        return certificate.checkPrivateKey(createPrivateKey(pem));
    } catch {
        // The message may quote the key.
        return false;
    }
}

/** A certificate's subject in one line. */
export function subjectOf({ subject }: X509Certificate): string {
    return (subject as string | undefined)?.replaceAll("\n", ", ") ?? "nobody";
}

/** When a certificate is not valid, as the end of a sentence about it; undefined if it is valid. */
export function whyNotNow({ validFrom, validTo }: X509Certificate, now = Date.now()): string | undefined {
    if (Date.parse(validTo) < now) {
        return `has expired at ${validTo}`;
    }
    return Date.parse(validFrom) > now ? `is valid only from ${validFrom} on` : undefined;
}

/** What is wrong with the CA of clients, as the end of a sentence; undefined if a gateway can use it. */
export function faultOfClientCa(pem: string, now = Date.now()): string | undefined {
    if (hasPemKey(pem)) {
        return "it has a private key, which belongs to the CA alone; only certificates are needed";
    }
    const certificates = certificatesIn(pem);
    if (certificates === undefined || certificates.length === 0) {
        return "it has no certificate that can be read";
    }
    for (const certificate of certificates) {
        const reason = certificate.ca ? whyNotNow(certificate, now) : "is not that of a CA (CA:TRUE)";
        if (reason !== undefined) {
            return `the certificate of ${subjectOf(certificate)} ${reason}`;
        }
    }
    return undefined;
}
