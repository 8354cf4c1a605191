/**
 * The fields of Istio's custom resources that this program writes. The SDK accepts any content for these; with our types a
 * misspelt field does not compile. Reference: https://istio.io/latest/docs/reference/config/
 */

/** `networking.istio.io/v1` Gateway: the ports that the selected gateway pods open, and for which hosts. */
export interface GatewaySpec {
    selector: Record<string, string>;
    servers: { port: { number: number; name: string; protocol: "HTTP" }; hosts: string[] }[];
}

/** `networking.istio.io/v1` VirtualService: where requests go. */
export interface VirtualServiceSpec {
    hosts: string[];
    gateways: string[];
    http: {
        /** A request that matches one of these takes this route. */
        match: { uri: { exact: string } | { prefix: string } }[];
        route: { destination: { host: string; port: { number: number } } }[];
    }[];
}

/** `security.istio.io/v1` PeerAuthentication without a selector: for its namespace, in the root namespace for the mesh. */
export interface PeerAuthenticationSpec {
    mtls: { mode: "STRICT" | "PERMISSIVE" | "DISABLE" };
}

/** `telemetry.istio.io/v1` Telemetry without a selector: for its namespace, in the root namespace for the mesh. */
export interface TelemetrySpec {
    tracing: {
        /** At most one extension provider of istiod's mesh config. */
        providers: { name: string }[];
        /** 0 to 100. */
        randomSamplingPercentage: number;
    }[];
}

/** What an API server may return: any field can be missing. */
export type DeepPartial<T> = T extends (infer Item)[]
    ? DeepPartial<Item>[]
    : T extends object
      ? { [Key in keyof T]?: DeepPartial<T[Key]> }
      : T;
