/** How clients reach the ingress gateway, as the config says it. */
import { type Endpoint, pagePort } from "../components/istio/address";
import { isServicePort, SERVICE_PORTS, SERVICE_TYPES, type ServiceType } from "../components/istio/gatewayService";
import { parseAddress } from "./address";
import { valueAt } from "./valueAt";

export interface Ingress {
    /** Type of the gateway's Service. */
    readonly type: ServiceType;
    /** The ports of that Service. */
    readonly ports: readonly number[];
    /** The one of them that leads to the page. */
    readonly port: number;
    /** What stands in front of the gateway: clients use this address. */
    readonly address?: Endpoint;
    /** Whether clients outside of the cluster have an address at all. */
    readonly external: boolean;
    /** Who makes the load balancer, if not the cluster's default. */
    readonly loadBalancerClass?: string;
}

/**
 * @param gateway the section `istio.gateway`, checked or not
 * @param values the Helm values of the user for the chart `gateway`, which win
 */
export function ingressOf(gateway: unknown, values: unknown): Ingress {
    const own = valueAt(gateway, ["service"]);
    const overrides = valueAt(values, ["service"]);
    const set = (key: string) => valueAt(overrides, [key]) ?? valueAt(own, [key]);
    const type = SERVICE_TYPES.find((each) => each === set("type")) ?? "LoadBalancer";
    const overridden = valueAt(overrides, ["ports"]);
    // What is no port is refused elsewhere. Commands read the config before that.
    const ports = Array.isArray(overridden) ? overridden.filter(isServicePort) : SERVICE_PORTS;
    const text = valueAt(gateway, ["address"]);
    const address = typeof text === "string" ? parseAddress(text) : undefined;
    const externalIPs = valueAt(overrides, ["externalIPs"]);
    const hasExternalIPs = Array.isArray(externalIPs) && externalIPs.length > 0;
    const loadBalancerClass = set("loadBalancerClass");
    return {
        type,
        ports: ports.map(({ port }) => port),
        port: pagePort(ports),
        ...(address && { address }),
        external: address !== undefined || type === "LoadBalancer" || hasExternalIPs,
        ...(typeof loadBalancerClass === "string" && { loadBalancerClass }),
    };
}
