import { GATEWAY_HTTP_PORT } from "../names";
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
}

/** `service.ports` in the chart's values.yaml. Helm replaces lists, so one port cannot be changed alone. */
export const SERVICE_PORTS = [
    { name: "status-port", port: 15021, protocol: "TCP", targetPort: 15021 },
    { name: "http2", port: GATEWAY_HTTP_PORT, protocol: "TCP", targetPort: GATEWAY_HTTP_PORT },
    { name: "https", port: 443, protocol: "TCP", targetPort: 443 },
];

/** Whether an entry of `service.ports` is one that the API server accepts: an object with a number of a port. */
export function isServicePort(entry: unknown): entry is { port: number } {
    const port = typeof entry === "object" && entry !== null && "port" in entry ? entry.port : undefined;
    return typeof port === "number" && Number.isInteger(port) && port >= 1 && port <= 65_535;
}

/** The values under `service` of the chart `gateway`. */
export function serviceValues({ nodePort, ...others }: GatewayService = {}): HelmValues {
    const ports = SERVICE_PORTS.map((port) => (port.port === GATEWAY_HTTP_PORT ? { ...port, nodePort } : port));
    return { ...others, ...(nodePort !== undefined && { ports }) };
}
