/** The key pair of the tokens of this clone: made once, and kept beside the other secrets of the commands. */
import { createHash, createPrivateKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from "node:crypto";
import { chmodSync, existsSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { UserError } from "../../shared/errors";
import { makePrivateFolder, writePrivately } from "../../shared/privateFiles";
import { STATE_FOLDER } from "../../shared/project";

/** A public key in a JSON Web Key Set, with the members that tell it from others (RFC 7517). */
export interface PublicJwk {
    kty: string;
    crv: string;
    x: string;
    y: string;
    /** Its thumbprint (RFC 7638). */
    kid: string;
    alg: "ES256";
    use: "sig";
}

export interface KeyPair {
    /** Never to be printed or written elsewhere. */
    privateKey: KeyObject;
    publicJwk: PublicJwk;
}

/** Only the owner may read it. */
const MODE = 0o600;

function fileIn(folder: string): string {
    return path.join(folder, "token-key.json");
}

/** The key pair, which is made if there is none. @throws UserError if its file is damaged */
export function keyPair(folder = STATE_FOLDER): KeyPair {
    return findKeyPair(folder) ?? makeKeyPair(folder);
}

/** The key pair, if it was made before. @throws UserError if its file is damaged */
export function findKeyPair(folder = STATE_FOLDER): KeyPair | undefined {
    const file = fileIn(folder);
    if (!existsSync(file)) {
        return undefined;
    }
    if ((statSync(file).mode & 0o777) !== MODE) {
        chmodSync(file, MODE);
    }
    try {
        return pairOf(JSON.parse(readFileSync(file, "utf8")) as JsonWebKey);
    } catch {
        // Its message may quote the key.
        throw new UserError(`${file}, the key of tokens, is damaged; move it away to have a new one made`);
    }
}

function makeKeyPair(folder: string): KeyPair {
    const jwk = newKey();
    makePrivateFolder(folder);
    try {
        writePrivately(fileIn(folder), JSON.stringify(jwk), MODE);
    } catch (error) {
        // Another command has made one in the meantime.
        const other = (error as NodeJS.ErrnoException).code === "EEXIST" ? findKeyPair(folder) : undefined;
        if (other) {
            return other;
        }
        throw error;
    }
    return pairOf(jwk);
}

/** A key pair of somebody else, kept nowhere. @param kid the key that its tokens name. Default: itself */
export function foreignKeyPair(kid?: string): KeyPair {
    const pair = pairOf(newKey());
    return kid === undefined ? pair : { ...pair, publicJwk: { ...pair.publicJwk, kid } };
}

/**
 * P-256: Envoy and Istio take it, and its public key is short enough for a line of config. Node.js 20 can wait for itself without an end
 * when it exports the JWK of a key that it has generated: if it collects garbage just then, it takes the lock of the same key again. A key
 * that it has read has another lock.
 */
function newKey(): JsonWebKey {
    const { privateKey } = generateKeyPairSync("ec", {
        namedCurve: "P-256",
        publicKeyEncoding: { type: "spki", format: "der" },
        privateKeyEncoding: { type: "pkcs8", format: "der" },
    });
    return createPrivateKey({ key: privateKey, type: "pkcs8", format: "der" }).export({ format: "jwk" });
}

function pairOf(jwk: JsonWebKey): KeyPair {
    const { kty = "", crv = "", x = "", y = "" } = jwk;
    // The members that a thumbprint is made of, in its order (RFC 7638, 3.2).
    const kid = createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");
    return {
        privateKey: createPrivateKey({ key: jwk, format: "jwk" }),
        publicJwk: { kty, crv, x, y, kid, alg: "ES256", use: "sig" },
    };
}
