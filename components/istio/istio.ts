import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { gatewaySelector, ISTIO_NAMESPACE, RELEASES, TRACING_PROVIDER } from "../names";
import { DELETED_AT_ONCE } from "../annotations";
import { loadBalancerAddress } from "./address";
import type { PeerAuthenticationSpec, TelemetrySpec } from "./api";
import { chartSource } from "./chart";
import { Leftovers, type LeftoversArgs } from "./leftovers";
import { type HelmValues, mergeValues } from "./merge";
import { baseValues, gatewayValues, type IstioSettings, istiodValues } from "./values";

export interface IstioArgs extends IstioSettings {
    /** Version of the charts. A repository that is a directory holds its own. */
    version: string;
    /** An HTTP(S) chart repository, an `oci://` registry, or a directory with the charts `base`, `istiod` and `gateway`. */
    chartRepository: string;
    /** Longest time for each of Helm's operations, in seconds: a first pull and a new load balancer can take minutes. */
    timeout: number;
    /** With mTLS enabled, every workload of the mesh refuses plain text. */
    global: { mtls: { enabled: boolean } };
    /** With tracing enabled, every proxy sends that percentage (0 to 100) of the requests which begin at it to Jaeger. */
    tracing: { enabled: boolean; sampling: number };
    /** An address that is reserved for the ingress gateway; by default its load balancer gets any. */
    ingressAddress?: pulumi.Input<string>;
    /** The cluster, for what has to be removed from it once the releases are gone. */
    cluster: LeftoversArgs;
    /** Helm values that are laid over those of this component, for each chart. */
    values: pulumi.Input<{ base: HelmValues; istiod: HelmValues; gateway: HelmValues }>;
}

/**
 * Istio in sidecar mode: the CRDs, the control plane, an ingress gateway behind a load balancer, and the mesh's policies.
 */
export class Istio extends pulumi.ComponentResource {
    /** The namespace of the control plane, for what runs beside it. */
    public readonly namespace: pulumi.Output<string>;
    /** The CRDs. */
    public readonly base: k8s.helm.v3.Release;
    /** The control plane. What it injects depends on this release. */
    public readonly istiod: k8s.helm.v3.Release;
    /** What routes have to wait for: the ingress gateway, an istiod that validates them, and strict mTLS. */
    public readonly routing: pulumi.Resource[];
    /** Labels by which a `Gateway` selects the ingress gateway's pods. */
    public readonly gatewaySelector: Record<string, string>;
    /** The ingress gateway's IP address or host name; empty if its Service has none. */
    public readonly ingressAddress: pulumi.Output<string>;

    /** @param opts.deletedWith The cluster, if it belongs to the stack. It holds for everything but the ingress gateway. */
    constructor(
        name: string,
        { cluster, ...args }: IstioArgs,
        { deletedWith, ...opts }: pulumi.ComponentResourceOptions = {},
    ) {
        // Every child of a component inherits `deletedWith`. The gateway must not: its load balancer outlives the cluster.
        super("bookinfo-mesh:istio:Istio", name, args, opts);

        const namespace = new k8s.core.v1.Namespace(
            `${name}-namespace`,
            { metadata: { name: ISTIO_NAMESPACE } },
            { parent: this, deletedWith },
        ).metadata.name;
        this.namespace = namespace;

        const release = (
            chart: keyof typeof RELEASES,
            ours: pulumi.Input<HelmValues>,
            releaseOpts: Pick<pulumi.CustomResourceOptions, "dependsOn" | "deletedWith">,
            { skipAwait }: { skipAwait?: boolean } = {},
        ) =>
            new k8s.helm.v3.Release(
                `${name}-${chart}`,
                {
                    // A release that is named by Pulumi would rename everything that its chart names after it.
                    name: RELEASES[chart],
                    namespace,
                    ...chartSource(args.chartRepository, chart, args.version),
                    values: pulumi
                        .all([ours, args.values])
                        .apply(([ours, overrides]) => mergeValues(ours, overrides[chart])),
                    timeout: args.timeout,
                    skipAwait,
                },
                // A release with a fixed name cannot stand beside its replacement.
                { parent: this, ...releaseOpts, deleteBeforeReplace: true },
            );

        // Deleted after the releases, and beside the namespace, whose end takes longer.
        const leftovers = new Leftovers(`${name}-leftovers`, cluster, { parent: this, deletedWith });

        // Not awaited, as in Istio's own instructions: Helm would look whether the API server serves the new kinds, and look
        // again only 2 s later. istiod begins to watch each kind when it is served, and nothing creates an object of these
        // kinds before istiod is ready. Nor is there an istiod beside another Istio, whose CRDs this release would refuse.
        this.base = release("base", baseValues(), { dependsOn: [leftovers], deletedWith }, { skipAwait: true });
        this.istiod = release("istiod", istiodValues(args), { dependsOn: [this.base], deletedWith });

        const gateway = release(
            "gateway",
            pulumi.output(args.ingressAddress).apply((address) => gatewayValues(args, address)),
            { dependsOn: [this.istiod] },
        );

        // istiod validates Istio's objects, and is ready up to a second before the API server can reach it: kube-proxy has to
        // learn of it. That it is reached is seen by the gateway's pod, which is ready and which istiod has injected.
        const policyOpts = { parent: this, dependsOn: [gateway], deletedWith };
        this.routing = [gateway];
        if (args.global.mtls.enabled) {
            const spec: PeerAuthenticationSpec = { mtls: { mode: "STRICT" } };
            const strict = new k8s.apiextensions.CustomResource(
                `${name}-strict-mtls`,
                {
                    apiVersion: "security.istio.io/v1",
                    kind: "PeerAuthentication",
                    metadata: { name: "default", namespace, annotations: DELETED_AT_ONCE },
                    spec,
                },
                policyOpts,
            );
            // No request comes in before it holds.
            this.routing.push(strict);
        }
        if (args.tracing.enabled) {
            // What it does not mention, such as metrics, stays as istiod has it.
            const spec: TelemetrySpec = {
                tracing: [{ providers: [{ name: TRACING_PROVIDER }], randomSamplingPercentage: args.tracing.sampling }],
            };
            new k8s.apiextensions.CustomResource(
                `${name}-tracing`,
                {
                    apiVersion: "telemetry.istio.io/v1",
                    kind: "Telemetry",
                    metadata: { name: "mesh-default", namespace, annotations: DELETED_AT_ONCE },
                    spec,
                },
                policyOpts,
            );
        }

        // The id is an output of the release, unknown until that is installed: so a preview does not look for a Service
        // that is not there yet. (`get` does not honour dependsOn.) Helm has waited for the address by then.
        const service = k8s.core.v1.Service.get(
            `${name}-ingress`,
            pulumi.interpolate`${gateway.status.namespace}/${gateway.status.name}`,
            { parent: this },
        );

        this.gatewaySelector = gatewaySelector(RELEASES.gateway);
        this.ingressAddress = service.status.apply(loadBalancerAddress);
        this.registerOutputs({ namespace, gatewaySelector: this.gatewaySelector, ingressAddress: this.ingressAddress });
    }
}
