/** How the commands ask for the product page of a stack that asks for tokens, or that limits requests. */
import { valueAt } from "../../../config/valueAt";
import { sectionOf, type StackFile } from "../program/projectConfig";
import { signedToken } from "./jwt";
import { findKeyPair, type KeyPair } from "./keyPair";
import { knows, type Login, loginIn } from "./login";

export interface PageAccess {
    /** Headers of requests for the page: a token, if the page takes those of this clone's key. */
    headers: Record<string, string>;
    /** Statuses besides 200 by which the page does what its config says, with the reason in words. */
    expected: Readonly<Record<number, string>>;
    /** Whose tokens the page asks for, and the key of this clone if its tokens are good; undefined if that is unknown. */
    jwt?: { login: Login; own?: KeyPair };
}

/** What a token of the commands says of its user. */
const USER = "bookinfo-mesh";

/** How long it is good, in milliseconds. It is made for one run of a command. */
export const LIFE = 3_600_000;

/** @param pair the key of this clone, if it was made. @throws UserError if its file is damaged */
export function pageAccessOf(file: StackFile | undefined, pair = ownKey): PageAccess {
    const login = loginIn(file);
    const { rateLimit } = (sectionOf(file, "bookinfo") ?? {}) as { rateLimit?: unknown };
    const limited = valueAt(rateLimit, ["productpage"]) !== undefined;
    const tooMany: Record<number, string> = limited ? { 429: LIMITED } : {};
    // What is encrypted may ask for tokens.
    const refused = { headers: {}, expected: { 403: NO_TOKEN, ...tooMany } };
    if (typeof login !== "object") {
        return login === "encrypted" ? refused : { headers: {}, expected: tooMany };
    }
    const own = pair();
    if (!own || !knows(login, own.publicJwk)) {
        return { ...refused, jwt: { login } };
    }
    const headers = bearer(tokenFor(login, own, LIFE));
    return { headers, expected: tooMany, jwt: { login, own } };
}

/** A token that says what a page asks for. @param expires in milliseconds from now; negative if it has expired */
export function tokenFor({ issuer, audiences }: Login, pair: KeyPair, expires: number): string {
    return signedToken(pair, { user: USER, issuer, audience: audiences[0], expires });
}

/** The header with a token. */
export function bearer(token: string): { authorization: string } {
    return { authorization: `Bearer ${token}` };
}

const NO_TOKEN = "bookinfo.login.jwt asks for tokens that are not made here";
const LIMITED = "bookinfo.rateLimit.productpage allows no more requests now";

function ownKey(): KeyPair | undefined {
    return findKeyPair();
}
