/** A certificate that signs itself. Node.js reads X.509 but does not write it, and a library for it takes longer to load than all else here. */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { isIP, isIPv4 } from "node:net";

/** A certificate and its private key, both PEM. */
export interface KeyedCertificate {
    certificate: string;
    key: string;
}

/** Nothing renews the certificate, so it outlives every stack. */
const LIFETIME_IN_DAYS = 3650;

/** Another clock may be a little behind, in milliseconds. */
const LEEWAY = 60 * 60_000;

const DAY = 24 * 60 * 60_000;

/** Tags of ASN.1 (X.690, 8.1.2), as far as a certificate needs them. */
const TAG = { integer: 2, bits: 3, octets: 4, oid: 6, utf8: 12, utcTime: 23, time: 24, sequence: 48, set: 49 } as const;

/** In `oid` form: RFC 5758 (signature), RFC 5280 (the others). */
const OID = {
    ecdsaWithSha256: "1.2.840.10045.4.3.2",
    commonName: "2.5.4.3",
    alternativeNames: "2.5.29.17",
    basicConstraints: "2.5.29.19",
    extendedKeyUsage: "2.5.29.37",
    serverAuthentication: "1.3.6.1.5.5.7.3.1",
} as const;

const SUBJECT = "Bookinfo ingress gateway";

/**
 * A certificate for a TLS server, with a new key (ECDSA, P-256). Nobody trusts it unless told to.
 * @param names host names, with or without a wildcard, and IP addresses
 * @param now in milliseconds
 */
export function selfSigned(names: readonly string[], now = Date.now()): KeyedCertificate {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const subject = sequence(der(TAG.set, sequence(oid(OID.commonName), der(TAG.utf8, Buffer.from(SUBJECT)))));
    const algorithm = sequence(oid(OID.ecdsaWithSha256));
    const begin = now - LEEWAY;
    const content = sequence(
        explicit(0, der(TAG.integer, Buffer.of(2))),
        der(TAG.integer, serialNumber()),
        algorithm,
        subject,
        sequence(time(begin), time(begin + LIFETIME_IN_DAYS * DAY)),
        subject,
        publicKey.export({ type: "spki", format: "der" }),
        explicit(3, sequence(...extensions(names))),
    );
    const signature = sign("sha256", content, privateKey);
    const certificate = sequence(content, algorithm, der(TAG.bits, Buffer.of(0), signature));
    return {
        certificate: pem("CERTIFICATE", certificate),
        key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    };
}

/** RFC 5280, 4.2.1: a server and no CA. Without keyUsage, because some clients want of an issuer, also of itself, that it signs certificates. */
function extensions(names: readonly string[]): Buffer[] {
    const extension = (id: string, critical: boolean, value: Buffer) =>
        sequence(oid(id), ...(critical ? [TRUE] : []), der(TAG.octets, value));
    return [
        extension(OID.basicConstraints, true, sequence()),
        extension(OID.extendedKeyUsage, false, sequence(oid(OID.serverAuthentication))),
        extension(OID.alternativeNames, false, sequence(...names.map(alternativeName))),
    ];
}

const TRUE = Buffer.of(1, 1, 0xff);

/** A GeneralName: an iPAddress or a dNSName. */
function alternativeName(name: string): Buffer {
    return isIP(name) === 0 ? der(0x82, Buffer.from(name, "ascii")) : der(0x87, addressBytes(name));
}

/** The 4 or 16 bytes of an IP address. */
function addressBytes(address: string): Buffer {
    if (isIPv4(address)) {
        return Buffer.from(address.split(".").map(Number));
    }
    // The last 32 bits may be written as an IPv4 address. A URL has all of them in hexadecimal.
    const [before = "", after] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
    const groups = (text = "") => text.split(":").filter((group) => group !== "");
    const [first, last] = [groups(before), groups(after)];
    const zeros = Array.from({ length: 8 - first.length - last.length }, () => "0");
    const all = [...first, ...zeros, ...last].map((group) => group.padStart(4, "0"));
    return Buffer.from(all.join(""), "hex");
}

/** A positive number of 16 octets: RFC 5280, 4.1.2.2. */
function serialNumber(): Buffer {
    const octets = randomBytes(16);
    octets[0] = ((octets[0] ?? 0) & 0x7f) | 0x40;
    return octets;
}

/** RFC 5280, 4.1.2.5: from 2050 on, a year has four digits. */
function time(milliseconds: number): Buffer {
    const text = new Date(milliseconds).toISOString().replace(/[-:T]|\.\d+/g, "");
    return text < "2050" ? der(TAG.utcTime, Buffer.from(text.slice(2))) : der(TAG.time, Buffer.from(text));
}

function sequence(...parts: Buffer[]): Buffer {
    return der(TAG.sequence, ...parts);
}

function explicit(number: number, content: Buffer): Buffer {
    return der(0xa0 + number, content);
}

/** An object identifier: two numbers in the first byte, then seven bits in each. */
function oid(dotted: string): Buffer {
    const [first = 0, second = 0, ...others] = dotted.split(".").map(Number);
    const bytes = others.flatMap((number) => {
        const digits = [number & 0x7f];
        for (let rest = number >> 7; rest > 0; rest >>= 7) {
            digits.unshift((rest & 0x7f) | 0x80);
        }
        return digits;
    });
    return der(TAG.oid, Buffer.of(first * 40 + second, ...bytes));
}

/** Tag, length and content: X.690, 8.1. */
function der(tag: number, ...parts: Buffer[]): Buffer {
    const content = Buffer.concat(parts);
    const { length } = content;
    if (length < 0x80) {
        return Buffer.concat([Buffer.of(tag, length), content]);
    }
    const hex = length.toString(16);
    const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex");
    return Buffer.concat([Buffer.of(tag, 0x80 + bytes.length), bytes, content]);
}

function pem(label: string, content: Buffer): string {
    const lines = content.toString("base64").match(/.{1,64}/g) ?? [];
    return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
