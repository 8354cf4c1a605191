/** What to tell the user of a token that a stack's page would refuse. */
import { shellWord } from "../../shared/shell";
import { commandLine } from "../../shared/invocation";
import type { TokenContent } from "./jwt";
import type { PublicJwk } from "./keyPair";
import { type Login, knows } from "./login";

export interface Question {
    stack: string;
    /** What the stack's config says of tokens; see `loginIn`. */
    login: Login | "encrypted" | undefined;
    publicJwk: PublicJwk;
}

/** Why the page of a stack refuses such a token, or asks for none, and what to do; undefined if the token is good there. */
export function adviceFor(
    { stack, login, publicJwk }: Question,
    { issuer, audience }: Pick<TokenContent, "issuer" | "audience">,
): string | undefined {
    const config = `the config of stack "${stack}"`;
    if (login === "encrypted") {
        return `Only the Pulumi CLI can read ${config}, so this does not know whether the page takes the token.`;
    }
    if (login === undefined) {
        const settings = settingsFor({ stack, login, publicJwk }, issuer);
        return `By ${config}, the page asks for no token. To have it ask for one:\n${settings}`;
    }
    if (login.issuer !== issuer) {
        return `By ${config}, the page only takes tokens of the issuer ${login.issuer}: leave out --issuer.`;
    }
    if (login.audiences.length > 0 && !login.audiences.includes(audience ?? "")) {
        return `By ${config}, the page only takes tokens for ${login.audiences.join(" or ")}: leave out --audience.`;
    }
    if (login.jwksUri !== undefined) {
        return `By ${config}, keys are at ${login.jwksUri}. If this one is not among them, the page answers 401.`;
    }
    if (!knows(login, publicJwk)) {
        const settings = settingsFor({ stack, login, publicJwk }, issuer);
        return `This key is not in ${config}, so the page answers 401. To add it:\n${settings}`;
    }
    return undefined;
}

/** The public keys for a stack's config: those that it has, and this one. */
export function keySetFor({ login, publicJwk }: Pick<Question, "login" | "publicJwk">): { keys: unknown[] } {
    const known = login === undefined || login === "encrypted" ? [] : (login.keys ?? []);
    const others = known.filter((key) => (key as Partial<PublicJwk> | null)?.x !== publicJwk.x);
    return { keys: [...others, publicJwk] };
}

/** How to put the keys into a stack's config: by the Pulumi CLI, or by hand. */
export function settingsFor({ stack, login, publicJwk }: Question, issuer: string): string {
    const jwks = JSON.stringify(keySetFor({ login, publicJwk }));
    const set = (key: string, value: string) =>
        `  pulumi config set --stack ${stack} --path bookinfo.login.jwt.${key} ${shellWord(value)}`;
    return [
        ...[set("issuer", issuer), set("jwks", jwks)],
        `or, in Pulumi.${stack}.yaml:`,
        ...["  bookinfo-mesh:bookinfo:", "    login:", "      jwt:"],
        ...[`        issuer: ${JSON.stringify(issuer)}`, `        jwks: '${jwks}'`],
        ...(typeof login === "object" && login.jwksUri !== undefined
            ? ["A config has either jwks or jwksUri: these keys take the place of those at the URI."]
            : []),
        `Then deploy it, as with ${commandLine("up")}.`,
    ].join("\n");
}
