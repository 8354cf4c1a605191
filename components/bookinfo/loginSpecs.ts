/** Tokens at the door: what the product page asks its callers for. */
import type { AuthorizationPolicySpec, RequestAuthenticationSpec } from "../istio/api";
import { BOOKINFO_PORT, PRODUCTPAGE } from "../names";

/** Whose tokens are good: JSON Web Tokens of one issuer. It has either `jwks` or `jwksUri`. */
export interface Jwt {
    issuer: string;
    /** The issuer's public keys: a JSON Web Key Set, as text. */
    jwks?: string;
    /** Where istiod gets them. */
    jwksUri?: string;
    /** Default: tokens for anybody. */
    audiences?: readonly string[];
}

const selector = { matchLabels: { app: PRODUCTPAGE } };

/** Which tokens are good. A request with another token gets 401. One without any token passes. */
export function tokensSpec({ issuer, jwks, jwksUri, audiences = [] }: Jwt): RequestAuthenticationSpec {
    const rule = {
        issuer,
        ...(audiences.length > 0 && { audiences: [...audiences] }),
        ...(jwks !== undefined && { jwks }),
        ...(jwksUri !== undefined && { jwksUri }),
    };
    return { selector, jwtRules: [rule] };
}

/**
 * Refuses requests without a good token, with 403. It refuses and does not allow: so it says nothing of callers, and applies
 * together with policies that do. It names the issuer, because others can accept the tokens of another one in the namespace or in
 * the mesh; and the port, because for other protocols than HTTP it would refuse everything.
 */
export function tokenRequiredSpec({ issuer }: Jwt): AuthorizationPolicySpec {
    const rule = {
        from: [{ source: { notRequestPrincipals: [`${issuer}/*`] } }],
        to: [{ operation: { ports: [String(BOOKINFO_PORT)] } }],
    };
    return { selector, action: "DENY", rules: [rule] };
}
