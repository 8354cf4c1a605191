/**
 * Istio's custom resources as far as this program writes them. The SDK types such resources as "anything"; with these
 * types a mistyped field does not compile. Reference: https://istio.io/latest/docs/reference/config/
 */

/** `networking.istio.io/v1` Gateway: which ports the selected gateway pods open, and for which hosts. */
export interface GatewaySpec {
    selector: Record<string, string>;
    servers: { port: { number: number; name: string; protocol: "HTTP" }; hosts: string[] }[];
}

/** `networking.istio.io/v1` VirtualService: where requests go. */
export interface VirtualServiceSpec {
    hosts: string[];
    gateways: string[];
    http: HttpRoute[];
}

export interface HttpRoute {
    /** A request that meets one of these takes this route. */
    match: { uri: { exact: string } | { prefix: string } }[];
    route: { destination: { host: string; port: { number: number } } }[];
}

/** `security.istio.io/v1` PeerAuthentication without a selector: holds for its namespace, in the root one for the mesh. */
export interface PeerAuthenticationSpec {
    mtls: { mode: "STRICT" | "PERMISSIVE" | "DISABLE" };
}

/** `telemetry.istio.io/v1` Telemetry without a selector: holds for its namespace, in the root one for the mesh. */
export interface TelemetrySpec {
    tracing: {
        /** Names of extension providers in istiod's mesh config; one at most. */
        providers: { name: string }[];
        /** 0 to 100. */
        randomSamplingPercentage: number;
    }[];
}
