/** Who may call whom, if each service of Bookinfo gets only the requests that it needs. */
import type { AuthorizationPolicySpec, AuthorizationRule, Operation } from "../istio/api";
import { type BOOKINFO_NAMES, ISTIO_NAMESPACE, PRODUCTPAGE } from "../names";
import { serviceAccountOf } from "./services";

export type ServiceName = (typeof BOOKINFO_NAMES)[number];

/** What the identities in the mesh consist of, besides namespaces and service accounts of this program. */
export interface Identities {
    trustDomain: string;
    /** The service account of the ingress gateway. */
    gatewayServiceAccount: string;
    /** The namespace of Bookinfo. */
    namespace: string;
}

/** Stands for the ingress gateway among the callers. */
export const GATEWAY = "gateway";

/**
 * The callers of each service, and what they ask for (Istio's samples/bookinfo/src). The other requests that the services
 * answer are refused: nothing in Bookinfo posts ratings, and only `/api/v1/products/ID/ratings` of the product page, which no
 * page uses, has the product page ask for ratings itself.
 *
 * What does not come in through a sidecar's port is never refused, because no policy sees it:
 * - Probes of the kubelet go to Istio's agent in the sidecar, and the agent calls the application from 127.0.0.6, which is not
 *   redirected to Envoy (pilot/cmd/pilot-agent/status/server.go, tools/istio-iptables/pkg/capture/run.go).
 * - Prometheus gets all metrics from that agent, at a port that is not redirected either (15020, `excludeInboundPorts` in the
 *   chart's files/injection-template.yaml). `verify` asks there too.
 * - A port-forward ends at the loopback address of its pod.
 * The commands and the API server ask for the page at the ingress gateway, which calls the product page like for anybody else.
 */
const CALLS: Record<ServiceName, { from: ServiceName | typeof GATEWAY; to: Operation[] }> = {
    productpage: {
        from: GATEWAY,
        to: [{ methods: ["GET", "HEAD"] }, { methods: ["POST"], paths: ["/login"] }],
    },
    details: { from: PRODUCTPAGE, to: [{ methods: ["GET"] }] },
    reviews: { from: PRODUCTPAGE, to: [{ methods: ["GET"] }] },
    ratings: { from: "reviews", to: [{ methods: ["GET"] }] },
};

/** Allows a service's pods what its callers need, and so nothing else. It is about no other pods of the namespace. */
export function accessSpec(service: ServiceName, identities: Identities): AuthorizationPolicySpec {
    const { from, to } = CALLS[service];
    const rule: AuthorizationRule = {
        from: [{ source: { principals: [principalOf(from, identities)] } }],
        to: to.map((operation) => ({ operation })),
    };
    return { selector: { matchLabels: { app: service } }, action: "ALLOW", rules: [rule] };
}

/** The only caller that a service serves. */
export function callerOf(service: ServiceName): ServiceName | typeof GATEWAY {
    return CALLS[service].from;
}

/** Allows nothing to any pod of its namespace, unless another policy does. */
export const NOTHING: AuthorizationPolicySpec = {};

function principalOf(
    caller: ServiceName | typeof GATEWAY,
    { trustDomain, gatewayServiceAccount, namespace }: Identities,
): string {
    const [where, account] =
        caller === GATEWAY ? [ISTIO_NAMESPACE, gatewayServiceAccount] : [namespace, serviceAccountOf(caller)];
    return `${trustDomain}/ns/${where}/sa/${account}`;
}
