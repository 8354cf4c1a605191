import { type Endpoint, endpointOf, pagePort, podPort, urlOf } from "../../../components/istio/address";
import { ISTIO_NAMESPACE, PRODUCTPAGE_PATH, RELEASES } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import type { KubernetesObject } from "../../kubernetes/object";
import { UserError } from "../../shared/errors";
import { commandLine } from "../../shared/invocation";

/** The ingress gateway's Service, which the chart names after its release. */
export const INGRESS_SERVICE = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: RELEASES.gateway, namespace: ISTIO_NAMESPACE },
};

/** The ingress gateway as its clients see it. */
export interface Ingress {
    /** Where clients outside of the cluster reach the page; undefined if the gateway has no external address. */
    page?: ExternalPage;
    service: KubernetesObject;
    /** Type of the Service. */
    type: string;
    /** The port of the Service that leads to the page, and that of its pods. */
    ports: { service: number; pod: number };
}

export interface ExternalPage {
    url: string;
    endpoint: Endpoint;
    /** Whether it is an address that the config names, and not the Service's own. */
    configured: boolean;
}

/**
 * Reads the ingress gateway's Service.
 * @param address what stands in front of the gateway, by the config
 * @throws UserError if the gateway is missing
 */
export async function findIngress(api: ClusterApi, address?: Endpoint): Promise<Ingress> {
    const service = await api.read(INGRESS_SERVICE);
    const { name, namespace } = INGRESS_SERVICE.metadata;
    if (!service) {
        throw new UserError(
            `the cluster has no Service ${namespace}/${name}; is the program deployed there (${commandLine("up")})?`,
        );
    }
    const { type = "LoadBalancer", ports } = (service.spec ?? {}) as { type?: string; ports?: { port: number }[] };
    const own = endpointOf({ spec: service.spec, status: service.status });
    const endpoint = address ?? own;
    const configured = address !== undefined && address.host !== own?.host;
    return {
        service,
        type,
        ports: { service: pagePort(ports), pod: podPort(ports) },
        ...(endpoint && { page: { url: pageUrlOf(endpoint), endpoint, configured } }),
    };
}

/** The product page's URL at an address. */
export function pageUrlOf({ host, port }: Endpoint): string {
    return urlOf(host, PRODUCTPAGE_PATH, port);
}

/** Host and port of a page's URL. */
export function endpointIn(url: string): Endpoint {
    const { hostname, port, protocol } = new URL(url);
    const usual = protocol === "https:" ? 443 : 80;
    return { host: hostname.replace(/^\[(.*)\]$/, "$1"), port: port === "" ? usual : Number(port) };
}

/** Why a gateway has no external address, as the end of a sentence about it. */
export function whyNoAddress({ type }: Ingress): string {
    return type === "LoadBalancer"
        ? "has no external address yet"
        : `has no external address, because its Service is of type ${type}`;
}
