import { isIPv6 } from "node:net";
import type * as k8s from "@pulumi/kubernetes";
import { GATEWAY_HTTP_PORT, GATEWAY_HTTPS_PORT } from "../names";
import type { DeepPartial } from "./api";

/** Where clients reach the ingress gateway. */
export interface Endpoint {
    /** An IP address, without brackets, or a host name. */
    host: string;
    port: number;
}

/** How the ingress gateway serves the page. */
export interface Served {
    /** The host names that it serves, some perhaps with a wildcard. Default: any. */
    hosts?: readonly string[];
    /** Whether it speaks TLS. Default: false. */
    https?: boolean;
}

type Spec = DeepPartial<k8s.types.output.core.v1.ServiceSpec>;
type Status = k8s.types.output.core.v1.ServiceStatus;
type Port = { port?: number; targetPort?: number | string };

/** Port of HTTPS: what stands in front of the gateway there speaks TLS. */
const HTTPS_PORT = 443;

/** The first label of the page's host, if the gateway serves a whole domain. */
const PAGE_LABEL = "bookinfo";

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
export function endpointOf(
    { spec, status }: { spec?: unknown; status?: unknown },
    https?: boolean,
): Endpoint | undefined {
    const { type = "LoadBalancer", externalIPs = [], ports } = (spec ?? {}) as Spec;
    const balanced = type === "LoadBalancer" ? loadBalancerAddress(status as Status | undefined) : "";
    const host = balanced || externalIPs[0];
    return host ? { host, port: pagePort(ports, https) } : undefined;
}

/** The port of a Gateway that serves the page. */
export function gatewayPort(https = false): number {
    return https ? GATEWAY_HTTPS_PORT : GATEWAY_HTTP_PORT;
}

/** The port of the gateway's Service that leads to the page: the Gateway's, unless the Service maps another port to that one. */
export function pagePort(ports: readonly Port[] | undefined, https?: boolean): number {
    return portOfPage(ports, https)?.port ?? gatewayPort(https);
}

/** The port of the gateway's pods that the page's port of the Service leads to. A port's name does not tell its number. */
export function podPort(ports: readonly Port[] | undefined, https?: boolean): number {
    const target = portOfPage(ports, https)?.targetPort;
    return typeof target === "number" ? target : gatewayPort(https);
}

// istiod opens the Gateway's port where the Service's port of that number leads to. Without such a port it opens the number itself.
function portOfPage(ports: readonly Port[] = [], https?: boolean): Port | undefined {
    const number = gatewayPort(https);
    return ports.find(({ port }) => port === number) ?? ports.find(({ targetPort }) => targetPort === number);
}

/**
 * The URL of a path on a host, with an IPv6 address in brackets; empty if the host is empty.
 * @param https Default: port 443 means HTTPS.
 */
export function urlOf(
    host: string,
    path: string,
    port: number = GATEWAY_HTTP_PORT,
    https: boolean = port === HTTPS_PORT,
): string {
    if (host === "") {
        return "";
    }
    const [scheme, usual] = https ? ["https", HTTPS_PORT] : ["http", 80];
    return `${scheme}://${isIPv6(host) ? `[${host}]` : host}${port === usual ? "" : `:${port}`}${path}`;
}

/** The URL of a path at the gateway: with a host that it serves, which may not be where clients reach it. */
export function urlAt({ host, port }: Endpoint, path: string, { hosts = [], https }: Served = {}): string {
    return urlOf(hostFor(host, hosts) ?? host, path, port, https || undefined);
}

/**
 * The host name by which clients ask for the page: the address itself if the gateway serves it, else the first of the hosts.
 * Undefined if the gateway serves any.
 */
export function hostFor(address: string, hosts: readonly string[]): string | undefined {
    const named = hosts.filter((host) => host !== "*");
    if (named.some((host) => isServedBy(address, host))) {
        return address;
    }
    const first = named.find((host) => !host.startsWith("*")) ?? named[0];
    return first?.replace(/^\*/, PAGE_LABEL);
}

/** Whether a host of a Gateway, perhaps with a wildcard, is or covers a name. As with Istio, `*` covers several labels. */
export function isServedBy(name: string, host: string): boolean {
    return host.startsWith("*") ? name.endsWith(host.slice(1)) : name === host;
}
