import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { BOOKINFO_PORT, GATEWAY_HTTP_PORT, PRODUCTPAGE, PRODUCTPAGE_PATH } from "../names";
import { DELETED_AT_ONCE } from "../annotations";
import type { GatewaySpec, VirtualServiceSpec } from "../istio/api";

export interface BookinfoGatewayArgs {
    /** The namespace that Bookinfo is in. */
    namespace: pulumi.Input<string>;
    /** Labels of the ingress gateway's pods. */
    gatewaySelector: Record<string, string>;
}

/**
 * Bookinfo's way in: the ingress gateway's port 80, for any host, and the paths of the product page. Hand what routes have to
 * wait for to `dependsOn`.
 */
export class BookinfoGateway extends pulumi.ComponentResource {
    constructor(name: string, args: BookinfoGatewayArgs, { dependsOn, ...opts }: pulumi.ComponentResourceOptions = {}) {
        // The edge belongs on the children, to which a component's own dependsOn is not handed down.
        super("bookinfo-mesh:bookinfo:BookinfoGateway", name, args, opts);

        const childOpts = { parent: this, dependsOn };
        const gateway = new k8s.apiextensions.CustomResource(
            `${name}-gateway`,
            {
                apiVersion: "networking.istio.io/v1",
                kind: "Gateway",
                metadata: { name: "bookinfo-gateway", namespace: args.namespace, annotations: DELETED_AT_ONCE },
                spec: gatewaySpec(args.gatewaySelector),
            },
            childOpts,
        );
        new k8s.apiextensions.CustomResource(
            `${name}-routes`,
            {
                apiVersion: "networking.istio.io/v1",
                kind: "VirtualService",
                metadata: { name: "bookinfo", namespace: args.namespace, annotations: DELETED_AT_ONCE },
                spec: gateway.metadata.name.apply(virtualServiceSpec),
            },
            childOpts,
        );
        this.registerOutputs({});
    }
}

/**
 * A server on the port of the ingress gateway's Service. (Istio's own sample says 8080, which is right for the gateway
 * that istioctl installs; with the one of the Helm chart nothing would listen there.)
 */
export function gatewaySpec(selector: Record<string, string>): GatewaySpec {
    const port = { number: GATEWAY_HTTP_PORT, name: "http", protocol: "HTTP" } as const;
    return { selector, servers: [{ port, hosts: ["*"] }] };
}

/** The paths that the product page serves itself; the gateway answers 404 to all others. */
export function virtualServiceSpec(gatewayName: string): VirtualServiceSpec {
    return {
        hosts: ["*"],
        gateways: [gatewayName],
        http: [
            {
                match: [
                    { uri: { exact: PRODUCTPAGE_PATH } },
                    { uri: { prefix: "/static" } },
                    { uri: { exact: "/login" } },
                    { uri: { exact: "/logout" } },
                    { uri: { prefix: "/api/v1/products" } },
                ],
                route: [{ destination: { host: PRODUCTPAGE, port: { number: BOOKINFO_PORT } } }],
            },
        ],
    };
}
