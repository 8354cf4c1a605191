/** JSON Web Key Sets (RFC 7517), as far as Istio and Envoy take them: with public keys to check signatures with. */
import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";
import { parseJson } from "../packages/shared/json";
import { hasPemKey } from "./certificates";

/** Members of keys that must stay with their owner (RFC 7518, 6.2.2, 6.3.2 and 6.4). */
const PRIVATE = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/** Kinds of keys that Envoy checks signatures with, and their curves (RFC 7518, 3.1; RFC 8037). */
const CURVES: Record<string, (string | undefined)[]> = {
    RSA: [undefined],
    EC: ["P-256", "P-384", "P-521"],
    OKP: ["Ed25519"],
};

/** The least size of an RSA key, in bits (RFC 7518, 3.3). */
const LEAST_RSA = 2048;

/** The set that is given as JSON, or as what JSON means; undefined if it is neither. */
export function keysIn(jwks: unknown): unknown[] | undefined {
    const set = typeof jwks === "string" ? parseJson(jwks) : jwks;
    const { keys } = (typeof set === "object" && set !== null ? set : {}) as { keys?: unknown };
    return Array.isArray(keys) ? keys : undefined;
}

/** The set as the text that Istio takes. */
export function jwksText(jwks: unknown): string {
    return JSON.stringify(typeof jwks === "string" ? parseJson(jwks) : jwks);
}

/** Whether there is a key that must stay with its owner, in whichever form. */
export function hasPrivateJwk(jwks: unknown): boolean {
    if (typeof jwks === "string" && hasPemKey(jwks)) {
        return true;
    }
    const value = typeof jwks === "string" ? parseJson(jwks) : jwks;
    const keys = keysIn(value) ?? (Array.isArray(value) ? (value as unknown[]) : [value]);
    return keys.some((key) => typeof key === "object" && key !== null && PRIVATE.some((name) => name in key));
}

/** What is wrong with a set, as the end of a sentence without any of its values; undefined if nothing is. */
export function faultOfJwks(jwks: unknown): string | undefined {
    if (typeof jwks === "string" && /-----BEGIN/.test(jwks)) {
        return "it is a key in PEM and not a set in JSON";
    }
    const keys = keysIn(jwks);
    if (!keys) {
        return 'it is not an object with a list of "keys"';
    }
    if (keys.length === 0) {
        return "it has no keys";
    }
    if (hasPrivateJwk(jwks)) {
        return "it has a private key, with which anybody who reads the config can make tokens";
    }
    const faults = keys.map(faultOfKey);
    const first = faults.findIndex((fault) => fault !== undefined);
    if (first >= 0) {
        return `its key ${String(first + 1)} ${faults[first] ?? ""}`;
    }
    return keys.every((key) => (key as JsonWebKey).use === "enc") ? "all of its keys are for encryption" : undefined;
}

/** What is wrong with a public key, as the end of a sentence about it. */
function faultOfKey(key: unknown): string | undefined {
    const { kty, crv, kid } = (key ?? {}) as JsonWebKey;
    if (typeof key !== "object" || typeof kty !== "string") {
        return "has no kty";
    }
    if (kid !== undefined && typeof kid !== "string") {
        return "has a kid that is not a text";
    }
    const curves = Object.hasOwn(CURVES, kty) ? CURVES[kty] : undefined;
    if (!curves) {
        return `is none of the types ${Object.keys(CURVES).join(", ")}`;
    }
    if (kty !== "RSA" && !curves.includes(crv)) {
        return `is on none of the curves ${curves.join(", ")}`;
    }
    let loaded: KeyObject;
    try {
        loaded = createPublicKey({ key: key as JsonWebKey, format: "jwk" });
    } catch {
        // Its message may quote the key.
        return `is not a valid key of type ${kty}`;
    }
    const bits = loaded.asymmetricKeyDetails?.modulusLength ?? LEAST_RSA;
    return bits < LEAST_RSA ? `has ${String(bits)} bits, and RSA needs at least ${String(LEAST_RSA)}` : undefined;
}
