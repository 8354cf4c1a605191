import "reflect-metadata"; // @peculiar/x509 requires it first
import { generateKeyPairSync, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const lifetimeInDays = 365;
x509.cryptoProvider.set(webcrypto as unknown as NonNullable<Parameters<typeof x509.cryptoProvider.set>[0]>);

/** A certificate and its private key, both PEM. */
export interface KeyedCertificate {
    certificate: string;
    key: string;
}

/** Signs the certificates of one sandbox. */
interface CertificateAuthority extends KeyedCertificate {
    /** For a client of the API server with this user name and groups (Kubernetes docs, X.509 client certificates). */
    client: (user: string, groups?: readonly string[]) => Promise<KeyedCertificate>;
    /** For a server with these names and addresses. */
    server: (names: readonly string[], addresses: readonly string[]) => Promise<KeyedCertificate>;
}

/** Makes a certificate authority. */
export async function createAuthority(): Promise<CertificateAuthority> {
    const keys = await generateKeys();
    const name = "CN=bookinfo-mesh-sandbox";
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
        ...validity(),
        serialNumber: serialNumber(),
        name,
        keys,
        signingAlgorithm: algorithm,
        extensions: [
            new x509.BasicConstraintsExtension(true, undefined, true),
            new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        ],
    });
    const sign = async (subject: string, extensions: x509.Extension[]): Promise<KeyedCertificate> => {
        const own = await generateKeys();
        const signed = await x509.X509CertificateGenerator.create({
            ...validity(),
            serialNumber: serialNumber(),
            subject,
            issuer: name,
            publicKey: own.publicKey,
            signingKey: keys.privateKey,
            signingAlgorithm: algorithm,
            extensions: [new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true), ...extensions],
        });
        return { certificate: signed.toString("pem"), key: await pemOf(own.privateKey) };
    };
    return {
        certificate: certificate.toString("pem"),
        key: await pemOf(keys.privateKey),
        client: (user, groups = []) =>
            sign([...groups.map((group) => `O=${group}`), `CN=${user}`].join(","), [
                new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
            ]),
        server: (names, addresses) =>
            sign(`CN=${names[0] ?? ""}`, [
                new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
                new x509.SubjectAlternativeNameExtension([
                    ...names.map((value) => ({ type: "dns" as const, value })),
                    ...addresses.map((value) => ({ type: "ip" as const, value })),
                ]),
            ]),
    };
}

/** The key pair with which the API server signs the tokens of service accounts, PEM. */
export function createServiceAccountKeys(): { publicKey: string; privateKey: string } {
    return generateKeyPairSync("rsa", {
        modulusLength: 2048,
        publicKeyEncoding: { type: "spki", format: "pem" },
        privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
}

function generateKeys() {
    return webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
    return x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");
}

/** A positive number of 16 octets: RFC 5280, 4.1.2.2. */
function serialNumber(): string {
    const octets = webcrypto.getRandomValues(new Uint8Array(16));
    octets[0] = ((octets[0] ?? 0) & 0x7f) | 0x40;
    return Buffer.from(octets).toString("hex");
}

function validity() {
    const notBefore = new Date(Date.now() - 60_000); // another clock may be a little behind
    return { notBefore, notAfter: new Date(notBefore.getTime() + lifetimeInDays * 24 * 60 * 60 * 1000) };
}
