import * as pulumi from "@pulumi/pulumi";
import type { ChartCredentials } from "../../packages/shared/chartCredentials";
import { CustomResource, Namespace, NamespacePatch, Release, Service } from "../kubernetes";
import { BACKGROUND_DELETION } from "../annotations";
import { type ImageCredentials, type PullSecrets, pullSecretsIn } from "../pullSecrets";
import { CNI_RELEASE, gatewaySelector, ISTIO_NAMESPACE, RELEASES, STACK_ANNOTATION } from "../names";
import { istioNamespaceLabels } from "../platform";
import { type Endpoint, endpointOf } from "./address";
import type { PeerAuthenticationSpec } from "./api";
import { chartSource, secretOutputs } from "./chart";
import { Installed, Leftovers, type LeftoversArgs } from "./leftovers";
import { type HelmValues, mergeValues } from "./merge";
import { telemetrySpec, type TelemetrySettings } from "./telemetry";
import { baseValues, cniValues, clusterDomainOf, gatewayValues, type IstioSettings, istiodValues } from "./values";

export interface IstioArgs extends Omit<IstioSettings, "tracing">, TelemetrySettings {
    /** Version of the charts. Ignored if the repository is a directory. */
    version: string;
    /** An HTTP(S) chart repository, an `oci://` registry, or a directory with the charts `base`, `istiod` and `gateway`. */
    chartRepository: string;
    /** Credentials of the repository. Secret. */
    chartCredentials?: pulumi.Output<ChartCredentials>;
    /** Credentials for the images. */
    images: ImageCredentials;
    /** Maximum time for each of Helm's operations, in seconds: a first pull or a new load balancer can take minutes. */
    timeout: number;
    /** With mutual TLS enabled, every workload of the mesh refuses plain text. */
    global: { mtls: { enabled: boolean } };
    /** The reserved address of the ingress gateway. Without it, the load balancer gets any address. */
    ingressAddress?: pulumi.Input<string>;
    /** Whether the page is at the gateway's HTTPS port. Default: false. */
    https?: boolean;
    /** The cluster, to remove what the releases leave in it. */
    cluster: Pick<LeftoversArgs, "kubeconfig" | "reachedBy">;
    /** Whether the namespace of the control plane was there before the stack: then it is only patched, and left on destroy. */
    namespaceExists: boolean;
    /** Helm values that override those of this component, for each chart. */
    values: pulumi.Input<{ base: HelmValues; istiod: HelmValues; gateway: HelmValues; cni?: HelmValues }>;
    /** More labels of the namespace. */
    namespaceLabels?: Record<string, string>;
}

/** The names of the releases, by their charts. */
const RELEASE_OF = { ...RELEASES, cni: CNI_RELEASE };

/** Istio in sidecar mode: CRDs, control plane, an ingress gateway with its Service, and the mesh's policies. */
export class Istio extends pulumi.ComponentResource {
    /** The namespace of the control plane. */
    public readonly namespace: pulumi.Output<string>;
    /** The CRDs. */
    public readonly base: Release;
    /** The control plane. Pods that it injects must depend on this release. */
    public readonly istiod: Release;
    /** Pull secrets for pods in this namespace. */
    public readonly pullSecrets: PullSecrets;
    /** What routes must wait for: the ingress gateway, an istiod that validates them, and strict mutual TLS. */
    public readonly routing: pulumi.Resource[];
    /** Labels by which a `Gateway` selects the ingress gateway's pods. */
    public readonly gatewaySelector: Record<string, string>;
    /** Where clients reach the ingress gateway; undefined if its Service has no external address. */
    public readonly endpoint: pulumi.Output<Endpoint | undefined>;

    /** @param opts.deletedWith The cluster, if it belongs to the stack. Applies to everything except the ingress gateway. */
    constructor(
        name: string,
        { cluster, namespaceExists, images, chartCredentials, ...args }: IstioArgs,
        { deletedWith, ...opts }: pulumi.ComponentResourceOptions = {},
    ) {
        // The children of a component inherit `deletedWith`, but the gateway must not: its load balancer outlives the cluster.
        super("bookinfo-mesh:istio:Istio", name, args, opts);

        const labels = istioNamespaceLabels(args.cni !== undefined, args.namespaceLabels);
        const metadata = { name: ISTIO_NAMESPACE, ...(Object.keys(labels).length > 0 && { labels }) };
        const namespaceOpts = { parent: this, deletedWith };
        const namespace = namespaceExists
            ? // The URN is known in a preview too, and whatever uses the name waits for the patch.
              new NamespacePatch(
                  `${name}-namespace`,
                  // The annotation tells others, and other stacks, who uses it.
                  { metadata: { ...metadata, annotations: { [STACK_ANNOTATION]: pulumi.getStack() } } },
                  namespaceOpts,
              ).urn.apply(() => ISTIO_NAMESPACE)
            : new Namespace(`${name}-namespace`, { metadata }, namespaceOpts).metadata.name;
        this.namespace = namespace;
        this.pullSecrets = pullSecretsIn(name, namespace, images, { parent: this, deletedWith });
        const pullSecrets = this.pullSecrets && pulumi.all(this.pullSecrets);

        const release = (
            chart: keyof typeof RELEASE_OF,
            ours: pulumi.Input<HelmValues>,
            releaseOpts: Pick<pulumi.CustomResourceOptions, "dependsOn" | "deletedWith">,
            { skipAwait }: { skipAwait?: boolean } = {},
        ) =>
            new Release(
                `${name}-${chart}`,
                {
                    // Charts name their objects after the release, so Pulumi must not choose its name.
                    name: RELEASE_OF[chart],
                    namespace,
                    ...chartSource(args.chartRepository, chart, args.version, chartCredentials),
                    values: pulumi
                        .all([ours, args.values])
                        .apply(([ours, overrides]) => mergeValues(ours, overrides[chart] ?? {})),
                    timeout: args.timeout,
                    skipAwait,
                },
                // Two releases cannot have the same name, so the old one goes first.
                { parent: this, ...releaseOpts, ...secretOutputs(chartCredentials), deleteBeforeReplace: true },
            );

        // Every pod of the mesh needs the plugin, when it starts and when it ends. So it comes first and goes last: after the
        // leftovers, whose removal waits for the last of these pods.
        const cni = args.cni && release("cni", cniValues(args, args.cni.resources), { deletedWith });

        const reached = { kubeconfig: cluster.kubeconfig, reachedBy: cluster.reachedBy };
        // Deleted after the releases, in parallel with the namespace, which takes longer.
        const leftoversOpts = { parent: this, deletedWith, ...(cni && { dependsOn: [cni] }) };
        const leftovers = new Leftovers(
            `${name}-leftovers`,
            // What istiod writes into its own namespace goes with it, unless the namespace stays.
            { ...reached, ...(namespaceExists && { stayingNamespace: ISTIO_NAMESPACE }) },
            leftoversOpts,
        );

        // Not awaited, as in Istio's own instructions: Helm would check every 2 s whether the API server serves the new kinds.
        // istiod watches each kind as soon as it is served, and nothing creates such an object before istiod is ready. If the
        // cluster has another Istio, this release fails at its CRDs, so there is no second istiod.
        this.base = release("base", baseValues(), { dependsOn: [leftovers], deletedWith }, { skipAwait: true });
        new Installed(
            `${name}-installed`,
            { ...reached, mark: leftovers.mark },
            { parent: this, dependsOn: [this.base], deletedWith },
        );
        const ofIstiod = pulumi
            .all([args.values, pullSecrets])
            .apply(([{ istiod }, names]) => istiodValues(args, names, clusterDomainOf(istiod)));
        this.istiod = release("istiod", ofIstiod, { dependsOn: [this.base], deletedWith });

        const gateway = release(
            "gateway",
            pulumi
                .all([args.ingressAddress, pullSecrets])
                .apply(([address, names]) => gatewayValues(args, address, names)),
            { dependsOn: [this.istiod] },
        );

        // istiod validates Istio's objects, but is ready up to a second before the API server can reach it: kube-proxy must
        // learn of it first. A ready gateway pod, which istiod has injected, proves that it is reachable.
        const policyOpts = { parent: this, dependsOn: [gateway], deletedWith };
        this.routing = [gateway];
        if (args.global.mtls.enabled) {
            const spec: PeerAuthenticationSpec = { mtls: { mode: "STRICT" } };
            const strict = new CustomResource(
                `${name}-strict-mtls`,
                {
                    apiVersion: "security.istio.io/v1",
                    kind: "PeerAuthentication",
                    metadata: { name: "default", namespace, annotations: BACKGROUND_DELETION },
                    spec,
                },
                policyOpts,
            );
            // No request comes in before mutual TLS is strict.
            this.routing.push(strict);
        }
        const telemetry = telemetrySpec(args);
        if (telemetry) {
            new CustomResource(
                // istiod uses one Telemetry of a namespace, so this one has the access logs too.
                `${name}-tracing`,
                {
                    apiVersion: "telemetry.istio.io/v1",
                    kind: "Telemetry",
                    metadata: { name: "mesh-default", namespace, annotations: BACKGROUND_DELETION },
                    spec: telemetry,
                },
                policyOpts,
            );
        }

        // `get` ignores dependsOn. The id is an output of the release, so a preview does not look for a Service that does not
        // exist yet. When the release is installed, Helm has waited for the address.
        const service = Service.get(
            `${name}-ingress`,
            pulumi.interpolate`${gateway.status.namespace}/${gateway.status.name}`,
            { parent: this },
        );

        this.gatewaySelector = gatewaySelector(RELEASES.gateway);
        this.endpoint = pulumi
            .all([service.spec, service.status])
            .apply(([spec, status]) => endpointOf({ spec, status }, args.https));
        const ingressAddress = this.endpoint.apply((endpoint) => endpoint?.host);
        this.registerOutputs({ namespace, gatewaySelector: this.gatewaySelector, ingressAddress });
    }
}
