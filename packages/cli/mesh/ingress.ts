import { type Endpoint, endpointOf, pagePort, podPort, urlAt } from "../../../components/istio/address";
import { ISTIO_NAMESPACE, PRODUCTPAGE_PATH, RELEASES } from "../../../components/names";
import type { ClusterApi } from "../../kubernetes/api";
import type { KubernetesObject } from "../../kubernetes/object";
import { UserError } from "../../shared/errors";
import { commandLine } from "../../shared/invocation";
import { type GatewayAccess, readGatewayAccess } from "./gatewayAccess";

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
    /** What it asks of clients. */
    access: GatewayAccess;
}

export interface ExternalPage {
    /** With a host that the gateway serves, which may not be the endpoint's. */
    url: string;
    endpoint: Endpoint;
    /** Whether it is an address that the config names, and not the Service's own. */
    configured: boolean;
}

export interface IngressQuestion {
    /** The namespace of Bookinfo. */
    appNamespace: string;
    /** What stands in front of the gateway, by the config. */
    address?: Endpoint;
}

/**
 * Reads the ingress gateway's Service, and what its Gateway asks of clients.
 * @throws UserError if the gateway is missing
 */
export async function findIngress(api: ClusterApi, { appNamespace, address }: IngressQuestion): Promise<Ingress> {
    const [service, access] = await Promise.all([api.read(INGRESS_SERVICE), readGatewayAccess(api, appNamespace)]);
    const { name, namespace } = INGRESS_SERVICE.metadata;
    if (!service) {
        throw new UserError(
            `the cluster has no Service ${namespace}/${name}; is the program deployed there (${commandLine("up")})?`,
        );
    }
    const { type = "LoadBalancer", ports } = (service.spec ?? {}) as { type?: string; ports?: { port: number }[] };
    const https = access.tls !== undefined;
    const own = endpointOf({ spec: service.spec, status: service.status }, https);
    const endpoint = address ?? own;
    const configured = address !== undefined && address.host !== own?.host;
    const url = endpoint && urlAt(endpoint, PRODUCTPAGE_PATH, { hosts: access.hosts, https });
    return {
        service,
        type,
        ports: { service: pagePort(ports, https), pod: podPort(ports, https) },
        access,
        ...(endpoint && url !== undefined && { page: { url, endpoint, configured } }),
    };
}

/** Why a gateway has no external address, as the end of a sentence about it. */
export function whyNoAddress({ type }: Ingress): string {
    return type === "LoadBalancer"
        ? "has no external address yet"
        : `has no external address, because its Service is of type ${type}`;
}
