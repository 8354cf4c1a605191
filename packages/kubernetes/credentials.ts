import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { User } from "@kubernetes/client-node";
import { parseJson } from "../shared/json";

/** Why a cluster may refuse these credentials, and how to get new ones. The text does not quote them. */
export function credentialsAdvice(user: User | undefined, now = Date.now()): string {
    const command = (user?.exec as { command?: unknown } | undefined)?.command;
    if (typeof command === "string") {
        return `They come from the command ${command}: log in again with it, or with its tool.`;
    }
    if (user?.token) {
        return `${validity("token", tokenExpiry(user.token), now)} Get a new one, and put it into the kubeconfig.`;
    }
    if (user?.certData ?? user?.certFile) {
        return `${validity("client certificate", certificateExpiry(user), now)} Get a new kubeconfig from the administrator of the cluster.`;
    }
    return user === undefined || Object.keys(user).every((key) => key === "name")
        ? "The context names a user without credentials. Get a kubeconfig with credentials from the administrator of the cluster."
        : "Renew them, or get a new kubeconfig from the administrator of the cluster.";
}

function validity(what: string, expiry: number | undefined, now: number): string {
    if (expiry === undefined) {
        return `The ${what} has expired, was revoked, or belongs to another cluster.`;
    }
    const date = new Date(expiry).toISOString().replace(/\.\d+Z$/, "Z");
    return expiry < now
        ? `The ${what} expired at ${date}.`
        : `The ${what} is valid until ${date}, so it was revoked, or belongs to another cluster.`;
}

/** When a JSON Web Token expires, in milliseconds since 1970 (RFC 7519, 4.1.4); undefined if it has no expiry. */
function tokenExpiry(token: string): number | undefined {
    const claims = parseJson(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    const { exp } = (claims ?? {}) as { exp?: unknown };
    return typeof exp === "number" ? exp * 1000 : undefined;
}

function certificateExpiry({ certData, certFile }: User): number | undefined {
    try {
        const pem = certData === undefined ? readFileSync(certFile ?? "") : Buffer.from(certData, "base64");
        return Date.parse(new X509Certificate(pem).validTo);
    } catch {
        return undefined;
    }
}
