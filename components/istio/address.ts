import { isIPv6 } from "node:net";
import type * as k8s from "@pulumi/kubernetes";

/**
 * The address at which a load balancer answers: an IP address or, with clouds that give one, a host name. It is empty
 * while there is none, as with a Service that was overridden to be of another type.
 */
export function loadBalancerAddress(status: k8s.types.output.core.v1.ServiceStatus | undefined): string {
    // The SDK declares these fields as always present; the API server leaves out those that are empty.
    const ingress = (status as DeepPartial<typeof status>)?.loadBalancer?.ingress?.[0];
    return ingress?.ip ?? ingress?.hostname ?? "";
}

/** The URL of a path on a host, an IPv6 address in brackets; empty while the host is. */
export function urlOf(host: string, path: string): string {
    return host === "" ? "" : `http://${isIPv6(host) ? `[${host}]` : host}${path}`;
}

type DeepPartial<T> = T extends object ? { [K in keyof T]?: DeepPartial<T[K]> } : T;
