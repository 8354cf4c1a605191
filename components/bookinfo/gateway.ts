import * as pulumi from "@pulumi/pulumi";
import { CustomResource } from "../kubernetes";
import { BACKGROUND_DELETION } from "../annotations";
import type { GatewaySpec, VirtualServiceSpec } from "../istio/api";
import { BOOKINFO_PORT, GATEWAY_HTTP_PORT, PRODUCTPAGE, PRODUCTPAGE_PATH } from "../names";

export interface BookinfoGatewayArgs {
    /** The namespace of Bookinfo. */
    namespace: pulumi.Input<string>;
    /** Labels of the ingress gateway's pods. */
    gatewaySelector: Record<string, string>;
}

/**
 * Makes Bookinfo reachable from outside: at port 80 of the ingress gateway, for any host, with the product page's paths.
 * Pass everything that routes must wait for in `dependsOn`.
 */
export class BookinfoGateway extends pulumi.ComponentResource {
    constructor(name: string, args: BookinfoGatewayArgs, { dependsOn, ...opts }: pulumi.ComponentResourceOptions = {}) {
        super("bookinfo-mesh:bookinfo:BookinfoGateway", name, args, opts);

        // A component's children do not inherit its dependsOn.
        const childOpts = { parent: this, dependsOn };
        const gateway = new CustomResource(
            `${name}-gateway`,
            {
                apiVersion: "networking.istio.io/v1",
                kind: "Gateway",
                metadata: { name: "bookinfo-gateway", namespace: args.namespace, annotations: BACKGROUND_DELETION },
                spec: gatewaySpec(args.gatewaySelector),
            },
            childOpts,
        );
        new CustomResource(
            `${name}-routes`,
            {
                apiVersion: "networking.istio.io/v1",
                kind: "VirtualService",
                metadata: { name: "bookinfo", namespace: args.namespace, annotations: BACKGROUND_DELETION },
                spec: gateway.metadata.name.apply(virtualServiceSpec),
            },
            childOpts,
        );
        this.registerOutputs({});
    }
}

/**
 * A server on the port of the ingress gateway's Service. (Istio's own sample has 8080, for the gateway that istioctl
 * installs. The Helm chart's gateway does not listen there.)
 */
export function gatewaySpec(selector: Record<string, string>): GatewaySpec {
    const port = { number: GATEWAY_HTTP_PORT, name: "http", protocol: "HTTP" } as const;
    return { selector, servers: [{ port, hosts: ["*"] }] };
}

/** The paths that the product page serves itself. The gateway answers all others with 404. */
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
