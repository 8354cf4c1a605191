/** What protects Bookinfo: its final form, and checks of settings together. */
import type { Security } from "../components/bookinfo/security";
import { clusterDomainOf, TRUST_DOMAIN } from "../components/istio/values";
import { milliseconds } from "./duration";
import { type ConfigIssue, invalidValue, removeCommand, SECRET } from "./issues";
import { faultOfJwks, hasPrivateJwk, jwksText } from "./jwks";
import type { Section } from "./schema";
import { valueAt } from "./valueAt";

type Bookinfo = Section<"bookinfo">;
type Istio = Section<"istio">;

const JWT = ["bookinfo", "login", "jwt"];

/** What is set, and nothing of what is not. */
export function resolveSecurity({
    access,
    login: { jwt },
    rateLimit,
}: Pick<Bookinfo, "access" | "login" | "rateLimit">): Security {
    const limits = Object.entries(rateLimit).map(([service, { requests, per }]) => [
        service,
        { requests, per: milliseconds(per) ?? 0 },
    ]);
    return {
        ...(access === "least-privilege" && { leastPrivilege: true }),
        ...(jwt && { jwt: { ...jwt, ...(jwt.jwks !== undefined && { jwks: jwksText(jwt.jwks) }) } as Security["jwt"] }),
        ...(limits.length > 0 && { rateLimit: Object.fromEntries(limits) as Security["rateLimit"] }),
    };
}

/** @param istio the section `istio`; undefined if it is too faulty to know */
export function checkSecurity({ access, login }: Bookinfo, istio: Istio | undefined): ConfigIssue[] {
    return [
        ...(istio && access === "least-privilege" ? checkIdentities(istio) : []),
        ...(login.jwt ? checkKeys(login.jwt) : []),
        ...(login.jwt && istio ? checkKeysUrl(login.jwt, istio) : []),
    ];
}

/** Policies name callers by their certificates. Without strict mutual TLS, a caller may have none. */
function checkIdentities({ global, values }: Istio): ConfigIssue[] {
    const path = ["bookinfo", "access"];
    const issues: ConfigIssue[] = [];
    if (!global.mtls.enabled) {
        const problem = "it needs strict mutual TLS, which tells who calls, and istio.global.mtls.enabled is false";
        issues.push({
            ...invalidValue(path, "least-privilege", problem, { allowed: "open, or istio.global.mtls.enabled true" }),
            remedy: "Run: pulumi config set --path istio.global.mtls.enabled true",
        });
    }
    const domain = valueAt(values.istiod, TRUST_DOMAIN);
    if (domain !== undefined && (typeof domain !== "string" || !/^[a-z\d._-]{1,255}$/.test(domain))) {
        const at = ["istio", "values", "istiod", ...TRUST_DOMAIN];
        const problem = "it is not a trust domain, with which identities in the mesh begin";
        const allowed = "lower-case letters, digits, dots, hyphens and underscores, such as cluster.local";
        issues.push(invalidValue(at, domain, problem, { allowed }));
    }
    return issues;
}

type Jwt = NonNullable<Bookinfo["login"]["jwt"]>;

function checkKeys({ jwks, jwksUri }: Jwt): ConfigIssue[] {
    const path = [...JWT, "jwks"];
    const either = { allowed: "either jwks or jwksUri" };
    if (jwks === undefined) {
        const problem = "without keys no token is good; set it, or jwksUri";
        const remedy = "Run: npx bookinfo token --jwks, which prints a set to learn by";
        return jwksUri === undefined ? [{ ...invalidValue(path, undefined, problem, either), remedy }] : [];
    }
    const issues: ConfigIssue[] = [];
    const fault = faultOfJwks(jwks);
    if (fault !== undefined) {
        const remedy = hasPrivateJwk(jwks)
            ? `Set the public part of the key only, and make a new key, because this one has been in the config. ${removeCommand(path)}`
            : removeCommand(path);
        issues.push({ ...invalidValue(path, SECRET, fault), remedy });
    }
    if (jwksUri !== undefined) {
        const uri = [...JWT, "jwksUri"];
        const problem = "the keys are in jwks already";
        issues.push({ ...invalidValue(uri, jwksUri, problem, either), remedy: removeCommand(uri) });
    }
    return issues;
}

/**
 * istiod takes http too (pkg/config/security), but whoever is on the way can then put other keys in place of these. Inside of the
 * cluster, keys are often served without TLS.
 */
function checkKeysUrl({ jwks, jwksUri }: Jwt, { values }: Istio): ConfigIssue[] {
    if (jwksUri === undefined || jwks !== undefined) {
        return [];
    }
    const { protocol, hostname } = URL.canParse(jwksUri) ? new URL(jwksUri) : { protocol: "", hostname: "" };
    const inCluster = [".svc", `.svc.${clusterDomainOf(values.istiod)}`].some((end) => hostname.endsWith(end));
    const problem =
        protocol === "http:"
            ? "with http, whoever is on the way can put in other keys"
            : protocol === "https:"
              ? undefined
              : "it is not a URL with https";
    return problem === undefined || (protocol === "http:" && inCluster)
        ? []
        : [invalidValue([...JWT, "jwksUri"], jwksUri, problem)];
}
