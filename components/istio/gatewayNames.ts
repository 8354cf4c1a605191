/** What the certificate of the ingress gateway is for, and what its Secret is called. The commands need it too, without Pulumi's SDK. */
import { createHash } from "node:crypto";
import { GATEWAY, ISTIO_NAMESPACE, RELEASES } from "../names";

/** What clients call the gateway. */
export interface GatewayNames {
    /** The host names that it serves, some perhaps with a wildcard. Default: any. */
    hosts?: readonly string[];
    /** What stands in front of it. */
    address?: { host: string };
}

/** The name by which the cluster's DNS knows the gateway. */
const CLUSTER_NAME = `${RELEASES.gateway}.${ISTIO_NAMESPACE}.svc`;

/**
 * The names of a certificate that the program makes, at least one: the gateway's hosts, else the address in front of it, else
 * the gateway's name in the cluster. The address of a load balancer is not known before there is one.
 */
export function certificateNames({ hosts = [], address }: GatewayNames): string[] {
    const named = hosts.filter((host) => host !== "*");
    return named.length > 0 ? named : [address?.host ?? CLUSTER_NAME];
}

/**
 * Name of the Secret with the gateway's certificate. With other names it is another Secret: the gateway serves with the old
 * one until it has the new one.
 * @param settings `secret` is the user's Secret. Default: the program makes one.
 */
export function credentialNameOf({ secret }: { secret?: string }, names: GatewayNames): string {
    return secret ?? `${GATEWAY}-${fingerprintOf(names)}`;
}

/** Tells certificates for other names apart, in characters for names of objects. */
export function fingerprintOf(names: GatewayNames): string {
    const sorted = certificateNames(names).sort().join(" ");
    return createHash("sha256").update(sorted).digest("hex").slice(0, 8);
}
