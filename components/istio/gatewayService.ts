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
    /** The port of the Service that leads to the page. Default: 80. */
    pagePort?: number;
}

/** `service.ports` in the chart's values.yaml. Helm replaces lists, so one port cannot be changed alone. */
export const SERVICE_PORTS = [
    { name: "status-port", port: 15021, protocol: "TCP", targetPort: 15021 },
    { name: "http2", port: GATEWAY_HTTP_PORT, protocol: "TCP", targetPort: GATEWAY_HTTP_PORT },
    { name: "https", port: GATEWAY_HTTPS_PORT, protocol: "TCP", targetPort: GATEWAY_HTTPS_PORT },
];

/** Whether an entry of `service.ports` is one that the API server accepts: an object with a number of a port. */
export function isServicePort(entry: unknown): entry is { port: number } {
    const port = typeof entry === "object" && entry !== null && "port" in entry ? entry.port : undefined;
    return typeof port === "number" && Number.isInteger(port) && port >= 1 && port <= 65_535;
}

/** The values under `service` of the chart `gateway`. */
export function serviceValues({ nodePort, pagePort = GATEWAY_HTTP_PORT, ...others }: GatewayService = {}): HelmValues {
    const ports = SERVICE_PORTS.map((port) => (port.port === pagePort ? { ...port, nodePort } : port));
    return { ...others, ...(nodePort !== undefined && { ports }) };
}
