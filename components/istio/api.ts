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
    /** Without any, the routes are those of the sidecars. */
    gateways?: string[];
    /** The first route that a request matches counts. */
    http: HttpRoute[];
}

export interface HttpRoute {
    /** A request that matches one of these takes this route; without any, every request does. */
    match?: HttpMatch[];
    route: { destination: Destination; weight?: number }[];
    /** A duration such as `500ms`. */
    timeout?: string;
    /** `attempts` are in addition to the first one. `retryOn` is a list with commas. */
    retries?: { attempts: number; perTryTimeout?: string; retryOn?: string };
    fault?: {
        delay?: { fixedDelay: string; percentage: Percentage };
        abort?: { httpStatus: number; percentage: Percentage };
    };
    /** A second destination of the request, whose answer is dropped. */
    mirror?: Destination;
    mirrorPercentage?: Percentage;
}

export interface HttpMatch {
    uri?: { exact: string } | { prefix: string };
    headers?: Record<string, { exact: string }>;
}

/** `host` is a Service of the same namespace, `subset` one of its DestinationRule. */
export interface Destination {
    host: string;
    subset?: string;
    port?: { number: number };
}

/** 0 to 100. */
export interface Percentage {
    value: number;
}

/** `networking.istio.io/v1` DestinationRule: how proxies call a service, and the subsets of its pods. */
export interface DestinationRuleSpec {
    host: string;
    subsets: { name: string; labels: Record<string, string> }[];
    trafficPolicy?: {
        connectionPool?: {
            tcp?: { maxConnections: number };
            http?: { http1MaxPendingRequests?: number; maxRequestsPerConnection?: number };
        };
        outlierDetection?: {
            consecutive5xxErrors: number;
            interval: string;
            baseEjectionTime?: string;
            maxEjectionPercent?: number;
        };
    };
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
