/** How clients reach the ingress gateway, as the config says it. */
import { type Endpoint, pagePort } from "../components/istio/address";
import { isServicePort, SERVICE_TYPES, servicePorts, type ServiceType } from "../components/istio/gatewayService";
import type { TlsSettings } from "../components/istio/gatewayTls";
import { GATEWAY_HTTP_PORT, GATEWAY_HTTPS_PORT } from "../components/names";
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
    /** The host names that the gateway serves. Default: any. */
    readonly hosts?: readonly string[];
    /** HTTPS at the gateway. */
    readonly tls?: TlsSettings;
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
    const tls = tlsOf(valueAt(gateway, ["tls"]));
    const served = servicePorts({ type, https: tls !== undefined });
    const ports = Array.isArray(overridden) ? overridden.filter(isServicePort) : served;
    const hosts = hostsOf(valueAt(gateway, ["hosts"]));
    const text = valueAt(gateway, ["address"]);
    const usualPort = tls ? GATEWAY_HTTPS_PORT : GATEWAY_HTTP_PORT;
    const address = typeof text === "string" ? parseAddress(text, usualPort) : undefined;
    const externalIPs = valueAt(overrides, ["externalIPs"]);
    const hasExternalIPs = Array.isArray(externalIPs) && externalIPs.length > 0;
    const loadBalancerClass = set("loadBalancerClass");
    return {
        type,
        ports: ports.map(({ port }) => port),
        port: pagePort(ports, tls !== undefined),
        ...(address && { address }),
        external: address !== undefined || type === "LoadBalancer" || hasExternalIPs,
        ...(typeof loadBalancerClass === "string" && { loadBalancerClass }),
        ...(hosts.length > 0 && { hosts }),
        ...(tls && { tls }),
    };
}

/** By these, Google Cloud makes a load balancer inside of the network (https://cloud.google.com/kubernetes-engine/docs/how-to/internal-load-balancing). */
const TYPE_ANNOTATIONS = ["networking.gke.io/load-balancer-type", "cloud.google.com/load-balancer-type"];

/** Whether the gateway's load balancer on Google Cloud is inside of the cluster's network. The parameters are those of `ingressOf`. */
export function isInternal(gateway: unknown, values: unknown): boolean {
    return TYPE_ANNOTATIONS.some((annotation) => {
        const at = ["service", "annotations", annotation];
        return (valueAt(values, at) ?? valueAt(gateway, at)) === "Internal";
    });
}

function hostsOf(hosts: unknown): string[] {
    const names = Array.isArray(hosts) ? hosts : [];
    return names.filter((name) => typeof name === "string").map((name) => name.toLowerCase());
}

/** The section `istio.gateway.tls` in its final form; undefined without one. */
function tlsOf(section: unknown): TlsSettings | undefined {
    if (typeof section !== "object" || section === null || Array.isArray(section)) {
        return undefined;
    }
    const { mode, secret, clientCa, redirect } = section as Record<string, unknown>;
    return {
        mode: mode === "mutual" ? mode : "simple",
        ...(typeof secret === "string" && { secret }),
        ...(typeof clientCa === "string" && { clientCa }),
        redirect: redirect !== false,
    };
}
