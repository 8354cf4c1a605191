import * as pulumi from "@pulumi/pulumi";
import { CustomResource } from "../kubernetes";
import { BACKGROUND_DELETION } from "../annotations";
import type { GatewayServer, GatewaySpec, ServerTls, VirtualServiceSpec } from "../istio/api";
import type { TlsSettings } from "../istio/gatewayTls";
import { BOOKINFO_PORT, GATEWAY, GATEWAY_HTTP_PORT, GATEWAY_HTTPS_PORT, PRODUCTPAGE, PRODUCTPAGE_PATH } from "../names";

export interface BookinfoGatewayArgs {
    /** The namespace of Bookinfo. */
    namespace: pulumi.Input<string>;
    /** Labels of the ingress gateway's pods. */
    gatewaySelector: Record<string, string>;
    /** Host names that the gateway serves, some perhaps with a wildcard. Default: any. */
    hosts?: readonly string[];
    /** HTTPS at port 443. `credentialName` is the Secret with the gateway's certificate, in the namespace of its pods. */
    tls?: Pick<TlsSettings, "mode" | "redirect"> & { credentialName: string };
}

/**
 * Makes Bookinfo reachable from outside, with the product page's paths: at port 80 of the ingress gateway, and with `tls` at
 * 443. Pass everything that routes must wait for in `dependsOn`, and the Secrets of its certificate.
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
                metadata: { name: GATEWAY, namespace: args.namespace, annotations: BACKGROUND_DELETION },
                spec: gatewaySpec(args.gatewaySelector, args),
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
 * Servers on the ports of the ingress gateway's Service. (Istio's own sample has 8080, for the gateway that istioctl installs.
 * The Helm chart's gateway does not listen there.) The routes are for any host: so a change of hosts is one of the Gateway only.
 */
export function gatewaySpec(
    selector: Record<string, string>,
    { hosts = [], tls }: Pick<BookinfoGatewayArgs, "hosts" | "tls"> = {},
): GatewaySpec {
    const served = hosts.length > 0 ? [...hosts] : ["*"];
    const http: GatewayServer = {
        port: { number: GATEWAY_HTTP_PORT, name: "http", protocol: "HTTP" },
        hosts: served,
        ...(tls?.redirect && { tls: { httpsRedirect: true } }),
    };
    return { selector, servers: tls ? [http, httpsServer(served, tls)] : [http] };
}

function httpsServer(
    hosts: string[],
    { mode, credentialName }: NonNullable<BookinfoGatewayArgs["tls"]>,
): GatewayServer {
    const port = { number: GATEWAY_HTTPS_PORT, name: "https", protocol: "HTTPS" } as const;
    const modes = { simple: "SIMPLE", mutual: "MUTUAL" } as const satisfies Record<string, ServerTls["mode"]>;
    return { port, hosts, tls: { mode: modes[mode], credentialName } };
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
