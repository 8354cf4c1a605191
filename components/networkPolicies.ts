import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { NetworkPolicy } from "./kubernetes";
import {
    type AddonName,
    ADDONS,
    ISTIOD_PORTS,
    ISTIOD_WEBHOOK_PORT,
    JAEGER,
    KIALI_METRICS_PORT,
    NAMESPACE_NAME,
    RELEASES,
} from "./names";
import { serviceNamed } from "./serviceName";

type Spec = k8s.types.input.networking.v1.NetworkPolicySpec;
type Peer = k8s.types.input.networking.v1.NetworkPolicyPeer;

/** Whose pods a policy protects. The name is also the value of their label `app`. */
export type Protected = AddonName | typeof RELEASES.istiod;

export interface NetworkPoliciesArgs {
    namespace: pulumi.Input<string>;
    /** The add-ons that are deployed. */
    addons: Record<AddonName, boolean>;
    /** A Prometheus that is not the stack's, as its add-ons reach it. */
    prometheusUrl?: string;
}

/**
 * A NetworkPolicy for istiod and for each add-on: who may connect to which of its ports. Connections from a pod's own node are not
 * affected (probes), nor those inside of a pod (`kubectl port-forward`). A cluster whose network enforces no policies ignores them.
 */
export class NetworkPolicies extends pulumi.ComponentResource {
    constructor(name: string, args: NetworkPoliciesArgs, opts?: pulumi.ComponentResourceOptions) {
        super("bookinfo-mesh:index:NetworkPolicies", name, args, opts);

        const specs = networkPolicySpecs(scrapersOf(args.prometheusUrl));
        for (const [app, spec] of Object.entries(specs) as [Protected, Spec][]) {
            if (app === RELEASES.istiod || args.addons[app]) {
                // Pulumi makes the name: Istio's chart can have a policy too, and others may have some in a namespace that exists.
                const metadata = { namespace: args.namespace, labels: { app } };
                new NetworkPolicy(`${name}-${app}`, { metadata, spec }, { parent: this });
            }
        }
        this.registerOutputs({});
    }
}

/** Pods of an add-on, in the namespace of the policy. */
const podsOf = (app: AddonName): Peer => ({ podSelector: { matchLabels: { app } } });

const INJECTION = "istio-injection";
const REVISION = "istio.io/rev";
const INJECT = "sidecar.istio.io/inject";

/**
 * Pods that istiod injects, the ingress gateway's among them: the selectors of its webhook (chart `istiod`,
 * templates/mutatingwebhook.yaml). Only those who administer a namespace can label it.
 */
const INJECTED: Peer[] = [
    ...[
        [INJECTION, "enabled"],
        // The program sets no revision, so istiod is the one that is called "default".
        [REVISION, "default"],
    ].map(([key = "", value = ""]) => ({
        namespaceSelector: { matchLabels: { [key]: value } },
        podSelector: { matchExpressions: [{ key: INJECT, operator: "NotIn", values: ["false"] }] },
    })),
    {
        namespaceSelector: {
            matchExpressions: [INJECTION, REVISION].map((key) => ({ key, operator: "DoesNotExist" })),
        },
        podSelector: { matchLabels: { [INJECT]: "true" } },
    },
];

/**
 * Who reads metrics: the stack's own Prometheus, or pods of the namespace whose Service the URL names. Nothing is known of the pods
 * behind any other address, so then everybody may.
 * @returns undefined for everybody
 */
export function scrapersOf(prometheusUrl?: string): Peer[] | undefined {
    if (prometheusUrl === undefined) {
        return [podsOf("prometheus")];
    }
    const service = serviceNamed(new URL(prometheusUrl).hostname);
    return service && [{ namespaceSelector: { matchLabels: { [NAMESPACE_NAME]: service.namespace } } }];
}

/** @param scrapers who may read metrics; undefined for everybody */
export function networkPolicySpecs(scrapers: Peer[] | undefined): Record<Protected, Spec> {
    const readers = scrapers && [...scrapers, podsOf("kiali")];
    return {
        prometheus: policy("prometheus", {
            from: [podsOf("grafana"), podsOf("kiali"), podsOf("servicegraph")],
            to: [ADDONS.prometheus.port],
        }),
        grafana: policy("grafana", { from: [podsOf("kiali")], to: [ADDONS.grafana.port] }),
        jaeger: policy(
            "jaeger",
            { from: [podsOf("kiali")], to: [ADDONS.jaeger.port, JAEGER.queryGrpcPort] },
            // Applications may send spans of their own, by HTTP too.
            { from: INJECTED, to: [JAEGER.otlpGrpcPort, JAEGER.otlpHttpPort] },
        ),
        kiali: policy("kiali", { from: scrapers, to: [KIALI_METRICS_PORT] }),
        servicegraph: policy("servicegraph", { from: scrapers, to: [ADDONS.servicegraph.port] }),
        istiod: policy(
            RELEASES.istiod,
            // Proxies can be outside of the cluster's pods, and the API server mostly is. Both ports have TLS, and the first one
            // asks for an identity.
            { to: [ISTIOD_PORTS.xds, ISTIOD_WEBHOOK_PORT] },
            { from: readers, to: [ISTIOD_PORTS.metrics] },
        ),
    };
}

/** One rule: without `from`, everybody may connect. */
interface Rule {
    from?: Peer[];
    to: number[];
}

function policy(app: Protected, ...rules: Rule[]): Spec {
    return {
        podSelector: { matchLabels: { app } },
        policyTypes: ["Ingress"],
        ingress: rules.map(({ from, to }) => ({
            ...(from && { from }),
            ports: to.map((port) => ({ protocol: "TCP", port })),
        })),
    };
}
