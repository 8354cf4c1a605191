import { foreignKeyPair } from "../token/keyPair";
import { bearer, LIFE, type PageAccess, tokenFor } from "../token/pageAccess";
import { valueAt } from "../../../config/valueAt";
import type { Mesh } from "../mesh/mesh";
import { NEEDS_CERTIFICATE } from "../mesh/pageClient";
import { type Check, type CheckResult, eventuallyDrained, failed, ok } from "./check";
import { visitPage } from "./visit";

/** A request for the page, with a token or without. */
interface Trial {
    /** Such as `an expired token`. */
    what: string;
    token?: string;
    /** The status that the page must answer. */
    expected: number;
}

/** Whether the config asks for tokens, as far as it can be read. */
export function asksForTokens({ access }: Mesh): boolean {
    return access?.jwt !== undefined;
}

/** The page answers 200 to a good token, 401 to one that has expired or that somebody else has signed, and 403 without one. */
export const checkTokens: Check = (mesh, stop) => {
    const trials = trialsOf(mesh.access?.jwt);
    return eventuallyDrained(mesh, stop, () => resultOf(mesh, trials, stop));
};

function trialsOf(jwt: PageAccess["jwt"]): Trial[] {
    const none = { what: "none", expected: 403 };
    if (!jwt) {
        return [none];
    }
    const { login, own } = jwt;
    // It names a key that the page knows, so that only its signature is wrong.
    const kid = own?.publicJwk.kid ?? valueAt(login.keys, ["0", "kid"]);
    const foreign = foreignKeyPair(typeof kid === "string" ? kid : undefined);
    return [
        ...(own
            ? [
                  { what: "a good token", token: tokenFor(login, own, LIFE), expected: 200 },
                  { what: "an expired one", token: tokenFor(login, own, -LIFE), expected: 401 },
              ]
            : []),
        { what: "one of a foreign key", token: tokenFor(login, foreign, LIFE), expected: 401 },
        none,
    ];
}

async function resultOf(mesh: Mesh, trials: readonly Trial[], stop?: AbortSignal): Promise<CheckResult> {
    const visits = await Promise.all(
        trials.map(async ({ what, token, expected }) => {
            const visit = await visitPage(
                { ...mesh, access: undefined },
                token === undefined ? {} : bearer(token),
                stop,
            );
            // A limit counts only the requests that policies let in.
            const isRight = visit.status === expected || (expected === 200 && visit.status === 429);
            return { ...visit, isRight, token: what, expected };
        }),
    );
    const silent = visits.find(({ status }) => status === undefined);
    if (silent) {
        const reason = silent.closed ? NEEDS_CERTIFICATE : (silent.failure ?? "no answer");
        return { status: "off", found: `${silent.what} cannot be seen from here: ${reason}` };
    }
    const wrong = visits.filter(({ isRight }) => !isRight);
    if (wrong.length > 0) {
        const texts = wrong.map(({ token, status, expected }) => `${token} gets ${String(status)}, not ${expected}`);
        return failed(texts.join("; "), mesh.commands.redeploy);
    }
    const texts = visits.map(({ token, status }) => `${token}: ${String(status)}`);
    const unmade = mesh.access?.jwt?.own ? "" : "; good tokens are not made here";
    return ok(`${texts.join(", ")}${unmade}`);
}
