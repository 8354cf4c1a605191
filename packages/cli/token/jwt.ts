import { sign } from "node:crypto";
import type { KeyPair } from "./keyPair";

/** What a token says (RFC 7519, 4.1). Times are in seconds since 1970. */
export interface Claims {
    iss: string;
    sub: string;
    aud?: string;
    iat: number;
    exp: number;
}

/** Who gets a token, from whom, for how long. */
export interface TokenContent {
    user: string;
    issuer: string;
    audience?: string;
    /** Milliseconds from now. Negative: it has expired. */
    expires: number;
}

/** A signed JSON Web Token (RFC 7515, compact form). @param now default: the current time, in milliseconds since 1970 */
export function signedToken(
    { privateKey, publicJwk }: KeyPair,
    { user, issuer, audience, expires }: TokenContent,
    now = Date.now(),
): string {
    const exp = Math.floor((now + expires) / 1000);
    // A token that has expired was issued before.
    const iat = Math.min(Math.floor(now / 1000), exp - 1);
    const claims: Claims = { iss: issuer, sub: user, ...(audience !== undefined && { aud: audience }), iat, exp };
    const header = { alg: publicJwk.alg, typ: "JWT", kid: publicJwk.kid };
    const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    // JSON Web Signatures have the two numbers of the signature one after the other (RFC 7518, 3.4).
    const signature = sign("sha256", Buffer.from(signed), { key: privateKey, dsaEncoding: "ieee-p1363" });
    return `${signed}.${signature.toString("base64url")}`;
}
