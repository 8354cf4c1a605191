import { isIPv6 } from "node:net";
import type * as k8s from "@pulumi/kubernetes";
import { GATEWAY_HTTP_PORT } from "../names";
import type { DeepPartial } from "./api";

/** Where clients reach the ingress gateway. */
export interface Endpoint {
    /** An IP address, without brackets, or a host name. */
    host: string;
    port: number;
}

type Spec = DeepPartial<k8s.types.output.core.v1.ServiceSpec>;
type Status = k8s.types.output.core.v1.ServiceStatus;
type Port = { port?: number; targetPort?: number | string };

/** Port of HTTPS: what stands in front of the gateway there speaks TLS. */
const HTTPS_PORT = 443;

/** A load balancer's IP address or, with some clouds, its host name; empty if a Service has none (yet). */
export function loadBalancerAddress(status: Status | undefined): string {
    // The SDK's types require these fields, but the API server leaves out empty ones.
    const ingress = (status as DeepPartial<Status> | undefined)?.loadBalancer?.ingress?.[0];
    return ingress?.ip ?? ingress?.hostname ?? "";
}

/**
 * Where clients outside of the cluster reach a gateway's Service: at its load balancer, or at the first of its external IP
 * addresses. Undefined if it has neither, as most Services of type NodePort and ClusterIP.
 */
export function endpointOf({ spec, status }: { spec?: unknown; status?: unknown }): Endpoint | undefined {
    const { type = "LoadBalancer", externalIPs = [], ports } = (spec ?? {}) as Spec;
    const balanced = type === "LoadBalancer" ? loadBalancerAddress(status as Status | undefined) : "";
    const host = balanced || externalIPs[0];
    return host ? { host, port: pagePort(ports) } : undefined;
}

/** The port of the gateway's Service that leads to the page: 80, unless the Service maps another port to 80. */
export function pagePort(ports: readonly Port[] | undefined): number {
    return portOfPage(ports)?.port ?? GATEWAY_HTTP_PORT;
}

/** The port of the gateway's pods that the page's port of the Service leads to. A port's name does not tell its number. */
export function podPort(ports: readonly Port[] | undefined): number {
    const target = portOfPage(ports)?.targetPort;
    return typeof target === "number" ? target : GATEWAY_HTTP_PORT;
}

// istiod opens the Gateway's port 80 where the Service's port 80 leads to. Without such a port it opens 80 itself.
function portOfPage(ports: readonly Port[] = []): Port | undefined {
    return (
        ports.find(({ port }) => port === GATEWAY_HTTP_PORT) ??
        ports.find(({ targetPort }) => targetPort === GATEWAY_HTTP_PORT)
    );
}

/** The URL of a path on a host, with an IPv6 address in brackets; empty if the host is empty. Port 443 means HTTPS. */
export function urlOf(host: string, path: string, port: number = GATEWAY_HTTP_PORT): string {
    if (host === "") {
        return "";
    }
    const [scheme, usual] = port === HTTPS_PORT ? ["https", HTTPS_PORT] : ["http", 80];
    return `${scheme}://${isIPv6(host) ? `[${host}]` : host}${port === usual ? "" : `:${port}`}${path}`;
}
