import { isIPv6 } from "node:net";
import type * as k8s from "@pulumi/kubernetes";
import type { DeepPartial } from "./api";

/** A load balancer's IP address or, with some clouds, its host name; empty if a Service has none (yet). */
export function loadBalancerAddress(status: k8s.types.output.core.v1.ServiceStatus | undefined): string {
    // The SDK's types require these fields, but the API server leaves out empty ones.
    const ingress = (status as DeepPartial<typeof status>)?.loadBalancer?.ingress?.[0];
    return ingress?.ip ?? ingress?.hostname ?? "";
}

/** The URL of a path on a host, with an IPv6 address in brackets; empty if the host is empty. */
export function urlOf(host: string, path: string): string {
    return host === "" ? "" : `http://${isIPv6(host) ? `[${host}]` : host}${path}`;
}
