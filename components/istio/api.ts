/**
 * The fields of Istio's custom resources that this program writes. The SDK accepts any content for these; with our types a
 * misspelt field does not compile. Reference: https://istio.io/latest/docs/reference/config/
 */

/** `networking.istio.io/v1` Gateway: the ports that the selected gateway pods open, and for which hosts. */
export interface GatewaySpec {
    selector: Record<string, string>;
    servers: GatewayServer[];
}

/** `hosts` are DNS names; the first label, or the whole, can be `*`. */
export type GatewayServer =
    | { port: Port<"HTTP">; hosts: string[]; tls?: { httpsRedirect: true } }
    | { port: Port<"HTTPS">; hosts: string[]; tls: ServerTls };

interface Port<Protocol extends string> {
    number: number;
    name: string;
    protocol: Protocol;
}

/**
 * `credentialName` is a Secret in the namespace of the gateway's pods, with `tls.crt` and `tls.key`. With MUTUAL, the CA of the
 * clients is in the Secret `<credentialName>-cacert`, in `ca.crt` (pilot/pkg/credentials/kube of Istio 1.31).
 */
export interface ServerTls {
    mode: "SIMPLE" | "MUTUAL";
    credentialName: string;
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

/** Labels of the pods in the same namespace that an object is about. */
export interface WorkloadSelector {
    matchLabels: Record<string, string>;
}

/**
 * `security.istio.io/v1` AuthorizationPolicy: which requests the selected pods accept. If a policy with ALLOW selects a pod, it
 * refuses what none of these allows; so an empty policy refuses everything in its namespace. What a policy with DENY matches is
 * refused in any case. Refused requests get 403.
 */
export interface AuthorizationPolicySpec {
    /** Default: all pods of the namespace. */
    selector?: WorkloadSelector;
    /** Default: ALLOW. */
    action?: "ALLOW" | "DENY";
    /** A request matches the policy if it matches one of these. */
    rules?: AuthorizationRule[];
}

/** A request matches if one of `from` and one of `to` match it, each with all of its fields. */
export interface AuthorizationRule {
    from?: { source: Source }[];
    to?: { operation: Operation }[];
}

export interface Source {
    /** Identities of clients, from the certificates of mutual TLS: `<trust domain>/ns/<namespace>/sa/<service account>`. */
    principals?: string[];
    /** Of tokens, `<issuer>/<subject>`, with `*` for any. A request without a valid token has none, so it matches. */
    notRequestPrincipals?: string[];
}

export interface Operation {
    methods?: string[];
    paths?: string[];
    ports?: string[];
}

/** `security.istio.io/v1` RequestAuthentication: bad tokens get 401. A request without a token passes. */
export interface RequestAuthenticationSpec {
    selector: WorkloadSelector;
    jwtRules: JwtRule[];
}

/** Tokens of one issuer, in the header `Authorization: Bearer`. With neither `jwks` nor `jwksUri`, istiod asks the issuer. */
export interface JwtRule {
    issuer: string;
    /** A token is good if it is for one of these. Default: for anybody. */
    audiences?: string[];
    /** The issuer's public keys: a JSON Web Key Set, as text. */
    jwks?: string;
    /** Where istiod gets them. */
    jwksUri?: string;
}

/** `networking.istio.io/v1alpha3` EnvoyFilter: changes of what istiod configures in the proxies of the selected pods. */
export interface EnvoyFilterSpec {
    workloadSelector: { labels: Record<string, string> };
    /** Filters with a lower one are applied first. Default: 0. */
    priority?: number;
    configPatches: HttpFilterPatch[];
}

/** An HTTP filter that goes before another one, for requests that come in at a port of the pod. */
export interface HttpFilterPatch {
    applyTo: "HTTP_FILTER";
    match: {
        context: "SIDECAR_INBOUND";
        listener: { portNumber: number; filterChain: { filter: { name: string; subFilter: { name: string } } } };
    };
    patch: { operation: "INSERT_BEFORE"; value: { name: string; typed_config: LocalRateLimit } };
}

/** Envoy's `envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit`. Its names are those of protobuf. */
export interface LocalRateLimit {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit";
    stat_prefix: string;
    /** `fill_interval` is protobuf's form of a duration, in seconds: `0.5s`. Envoy refuses less than 50 ms. */
    token_bucket: { max_tokens: number; tokens_per_fill: number; fill_interval: string };
    /** Which part of the requests is counted. Envoy's default is 0. */
    filter_enabled: RuntimePercent;
    /** Which part of those that are too many is refused. Envoy's default is 0. */
    filter_enforced: RuntimePercent;
    /** Headers of refusals. */
    response_headers_to_add?: {
        append_action: "OVERWRITE_IF_EXISTS_OR_ADD";
        header: { key: string; value: string };
    }[];
}

/** A percentage that can be overridden at run time, under its key. */
export interface RuntimePercent {
    runtime_key: string;
    default_value: { numerator: number; denominator: "HUNDRED" };
}

/** `telemetry.istio.io/v1` Telemetry without a selector: for its namespace, in the root namespace for the mesh. */
export interface TelemetrySpec {
    tracing?: {
        /** At most one extension provider of istiod's mesh config. */
        providers: { name: string }[];
        /** 0 to 100. */
        randomSamplingPercentage: number;
    }[];
    accessLogging?: {
        providers: { name: string }[];
        /** A CEL expression over Envoy's attributes: only requests for which it is true are logged. */
        filter?: { expression: string };
    }[];
}

/** What an API server may return: any field can be missing. */
export type DeepPartial<T> = T extends (infer Item)[]
    ? DeepPartial<Item>[]
    : T extends object
      ? { [Key in keyof T]?: DeepPartial<T[Key]> }
      : T;
