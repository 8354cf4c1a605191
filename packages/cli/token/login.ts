/** What a stack's config says of tokens, as far as it can be read here. */
import { keysIn } from "../../../config/jwks";
import { valueAt } from "../../../config/valueAt";
import { sectionOf, type StackFile } from "../program/projectConfig";
import { isEncrypted } from "../program/stackConfig";
import type { PublicJwk } from "./keyPair";

/** Issues tokens if the config names nobody. */
export const DEFAULT_ISSUER = "bookinfo-mesh";

export interface Login {
    issuer: string;
    audiences: readonly string[];
    /** The public keys; undefined if they are elsewhere. */
    keys?: readonly unknown[];
    jwksUri?: string;
}

/** What the page asks for; undefined if it asks for nothing. "encrypted": only the Pulumi CLI can read it. */
export function loginIn(file: StackFile | undefined): Login | "encrypted" | undefined {
    const jwt = valueAt(sectionOf(file, "bookinfo"), ["login", "jwt"]);
    if (isEncrypted(sectionOf(file, "bookinfo"))) {
        return "encrypted";
    }
    if (typeof jwt !== "object" || jwt === null) {
        return undefined;
    }
    const { issuer, audiences, jwks, jwksUri } = jwt as Record<string, unknown>;
    const keys = keysIn(jwks);
    return {
        issuer: typeof issuer === "string" ? issuer : DEFAULT_ISSUER,
        audiences: Array.isArray(audiences) ? audiences.filter((each) => typeof each === "string") : [],
        ...(keys && { keys }),
        ...(typeof jwksUri === "string" && { jwksUri }),
    };
}

/** Whether a key is among the keys of a login: by its value, because a `kid` can be missing. */
export function knows({ keys = [] }: Login, { x, y }: PublicJwk): boolean {
    return keys.some((key) => valueAt(key, ["x"]) === x && valueAt(key, ["y"]) === y);
}
