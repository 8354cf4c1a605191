import { GATEWAY_HTTP_PORT, GATEWAY_HTTPS_PORT } from "../names";
import type { HelmValues } from "./merge";

export const SERVICE_TYPES = ["LoadBalancer", "NodePort", "ClusterIP"] as const;

export type ServiceType = (typeof SERVICE_TYPES)[number];

/** The Service of the ingress gateway, as far as it differs from the chart's. */
export interface GatewayService {
    /** Default: LoadBalancer. */
    type?: ServiceType;
    annotations?: Record<string, string>;
    /** Only for a LoadBalancer: who makes it. */
    loadBalancerClass?: string;
    /** Only for a LoadBalancer: the ranges in CIDR notation that its clients may come from. */
    loadBalancerSourceRanges?: string[];
    /** Only for a NodePort: the port of each node that leads to the page. */
    nodePort?: number;
    /** Whether the gateway serves HTTPS, and the page there. Default: false. */
    https?: boolean;
}

/** Port of the gateway's own health, for what checks it without the page (readiness probe of the injection template). */
const STATUS_PORT = 15021;

/**
 * The ports of the Service: those that are served. The chart has all three (`service.ports` in its values.yaml), and a load balancer
 * opens each of them to everyone. No cloud's health check needs the one of the status: it asks the ports of the Service, or the node. What
 * a user puts in front of another type of Service may ask it.
 */
export function servicePorts({ type = "LoadBalancer", https = false }: Pick<GatewayService, "type" | "https"> = {}) {
    return [
        ...(type === "LoadBalancer" ? [] : [{ name: "status-port", port: STATUS_PORT }]),
        { name: "http2", port: GATEWAY_HTTP_PORT },
        ...(https ? [{ name: "https", port: GATEWAY_HTTPS_PORT }] : []),
    ].map(({ name, port }) => ({ name, port, protocol: "TCP", targetPort: port }));
}

/** Whether an entry of `service.ports` is one that the API server accepts: an object with a number of a port. */
export function isServicePort(entry: unknown): entry is { port: number } {
    const port = typeof entry === "object" && entry !== null && "port" in entry ? entry.port : undefined;
    return typeof port === "number" && Number.isInteger(port) && port >= 1 && port <= 65_535;
}

/** The values under `service` of the chart `gateway`. Helm replaces lists, so no port can be changed alone. */
export function serviceValues({ nodePort, https, ...others }: GatewayService = {}): HelmValues {
    const page = https ? GATEWAY_HTTPS_PORT : GATEWAY_HTTP_PORT;
    const isPage = ({ port }: { port: number }) => nodePort !== undefined && port === page;
    const ports = servicePorts({ type: others.type, https });
    return { ...others, ports: ports.map((port) => (isPage(port) ? { ...port, nodePort } : port)) };
}
