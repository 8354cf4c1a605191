import { ISTIO_NAMESPACE, JAEGER, RELEASES, TRACING_PROVIDER } from "../names";
import { chartPlatform, LINUX_NODES, NOT_EDITED_BY_AKS, type Platform } from "../platform";
import type { Resources } from "../quantity";
import { SECCOMP_PROFILE } from "../restrictedPod";
import { type GatewayService, serviceValues } from "./gatewayService";
import type { HelmValues } from "./merge";

/** Whether a HorizontalPodAutoscaler sets the number of replicas, and its bounds. Without it there is one replica. */
export type Autoscaling = { enabled: false } | { enabled: true; min: number; max: number };

export type ImagePullPolicy = "Always" | "IfNotPresent" | "Never";

/** Whole references of Istio's images, with digests. */
export interface PinnedImages {
    pilot: string;
    proxy: string;
    cni: string;
}

/** The settings behind the values of Istio's charts. */
export interface IstioSettings {
    /** Registry and path of Istio's images, without the image's name: `docker.io/istio`. */
    hub: string;
    tag: string;
    /** In place of `hub` and `tag`. */
    pinned?: PinnedImages;
    imagePullPolicy: ImagePullPolicy;
    istiod: { resources: Resources; autoscaling: Autoscaling };
    gateway: { resources: Resources; autoscaling: Autoscaling; service?: GatewayService };
    /** The sidecar of each pod in the mesh. */
    proxy: { resources: Resources };
    /** Whether Jaeger is deployed and takes traces. */
    tracing: { enabled: boolean };
    /** The cluster's platform. Default: none with peculiarities. */
    platform?: Platform;
    /** Istio's CNI plugin, which redirects the pods' traffic from each node. Default: an init container of each pod does. */
    cni?: { resources: Resources };
}

// When istiod is ready, it sets the failure policy of the validation webhooks to Fail itself. Each server-side apply of
// rendered manifests would set it back to Ignore, so they have Fail from the start. For a release this makes no difference:
// no Istio object is created before istiod is ready.
const VALIDATION = { base: { validationFailurePolicy: "Fail" } };

/** Values of the chart `base`: the CRDs and the default validation webhook. */
export function baseValues(): HelmValues {
    return VALIDATION;
}

/** Where the chart `istiod` has the cluster's domain, and its default. */
export const CLUSTER_DOMAIN = ["global", "proxy", "clusterDomain"];
export const DEFAULT_CLUSTER_DOMAIN = "cluster.local";

/** The cluster's domain, as the user has set it for istiod. The config has checked it. */
export function clusterDomainOf(overrides: HelmValues): string {
    return textAt(overrides, CLUSTER_DOMAIN) ?? DEFAULT_CLUSTER_DOMAIN;
}

/** Where the chart `istiod` has the trust domain, and its default (templates/configmap.yaml). */
export const TRUST_DOMAIN = ["meshConfig", "trustDomain"];
const DEFAULT_TRUST_DOMAIN = "cluster.local";

/** The trust domain: the beginning of every identity in the mesh. As the user has set it for istiod. */
export function trustDomainOf(overrides: HelmValues): string {
    return textAt(overrides, TRUST_DOMAIN) ?? DEFAULT_TRUST_DOMAIN;
}

/** Where the chart `istiod` has the time for which Envoy drains connections, and its default (Istio's pkg/config/mesh/mesh.go). */
const DRAIN_DURATION = ["meshConfig", "defaultConfig", "drainDuration"];
const DEFAULT_DRAIN_SECONDS = 45;

/**
 * Seconds for which connections that were open before a change keep their filters: policies, tokens and rate limits of before. As the
 * user has set it for istiod. In JSON, a duration of Protocol Buffers always has the unit s.
 */
export function drainSecondsOf(overrides: HelmValues): number {
    const [, seconds] = /^(\d+(?:\.\d+)?)s$/.exec(textAt(overrides, DRAIN_DURATION) ?? "") ?? [];
    return seconds === undefined ? DEFAULT_DRAIN_SECONDS : Number(seconds);
}

/** The service account of the ingress gateway, with what the user has set for it (`gateway.serviceAccountName` in _helpers.tpl). */
export function gatewayServiceAccountOf(overrides: HelmValues): string {
    const { create = true } = (overrides.serviceAccount ?? {}) as { create?: unknown };
    return textAt(overrides, ["serviceAccount", "name"]) ?? (create ? RELEASES.gateway : "default");
}

/** A text in Helm values; undefined if it is empty, or none. */
function textAt(values: HelmValues, path: readonly string[]): string | undefined {
    const text = path.reduce<unknown>((at, key) => (at as HelmValues | null | undefined)?.[key], values);
    return typeof text === "string" && text !== "" ? text : undefined;
}

/**
 * Values of the chart `istiod`. Sidecars and gateways get their image, pull policy and resources from here too.
 *
 * @param pullSecrets Of istiod's pods, and of every pod that it injects.
 */
export function istiodValues(
    settings: IstioSettings,
    pullSecrets?: readonly string[],
    clusterDomain = DEFAULT_CLUSTER_DOMAIN,
): HelmValues {
    const { hub, tag, pinned, imagePullPolicy, istiod, proxy, tracing, platform, cni } = settings;
    const { autoscaling } = istiod;
    return {
        ...VALIDATION,
        // A value with a slash is a whole reference for the chart's templates.
        ...(pinned && { image: pinned.pilot }),
        global: {
            istioNamespace: ISTIO_NAMESPACE,
            hub,
            tag,
            imagePullPolicy,
            ...(pullSecrets && { imagePullSecrets: pullSecrets }),
            ...chartPlatform(platform),
            // Without an init container with capabilities, this is all that a pod lacks for the level "restricted".
            proxy: {
                resources: withoutEmpty(proxy.resources),
                ...(cni && SECCOMP_PROFILE),
                ...(pinned && { image: pinned.proxy }),
            },
            ...(pinned && { proxy_init: { image: pinned.proxy } }),
        },
        // The chart accepts these at its root or under `pilot`, and `pilot` wins. So ours are at the root: there a user's
        // `istio.values.istiod` overrides them in both notations.
        resources: withoutEmpty(istiod.resources),
        nodeSelector: LINUX_NODES,
        ...(cni && { cni: { enabled: true } }),
        ...(platform === "aks" && { sidecarInjectorWebhookAnnotations: NOT_EDITED_BY_AKS }),
        autoscaleEnabled: autoscaling.enabled,
        ...(autoscaling.enabled && { autoscaleMin: autoscaling.min, autoscaleMax: autoscaling.max }),
        ...(tracing.enabled && { meshConfig: { extensionProviders: [jaegerProvider(clusterDomain)] } }),
    };
}

/**
 * Where proxies send their spans (OTLP over gRPC), once a Telemetry resource names this provider. istiod knows the Service by
 * its full name only, and drops a provider whose Service it does not know.
 */
function jaegerProvider(clusterDomain: string) {
    return {
        name: TRACING_PROVIDER,
        opentelemetry: {
            service: `${JAEGER.collector}.${ISTIO_NAMESPACE}.svc.${clusterDomain}`,
            port: JAEGER.otlpGrpcPort,
        },
    };
}

// A gateway always fails its first probe, because its Envoy still starts. With Istio's own probe the next one comes 15 s
// later, unless the pod's status changes before: in half of all installations this is the longest wait. A sidecar has a
// startup probe every second, but the chart has none for a gateway. As with Istio's own probe, the gateway counts as not
// ready after about a minute of failures.
const GATEWAY_READINESS = {
    httpGet: { path: "/healthz/ready", port: 15021 },
    periodSeconds: 1,
    timeoutSeconds: 3,
    failureThreshold: 60,
};

/**
 * Values of the chart `gateway`. Its schema refuses unknown keys, such as those of istiod.
 *
 * @param address The load balancer's reserved address, if there is one.
 */
export function gatewayValues(
    { imagePullPolicy, gateway }: IstioSettings,
    address?: string,
    pullSecrets?: readonly string[],
): HelmValues {
    const { autoscaling } = gateway;
    const service = { ...(address !== undefined && { loadBalancerIP: address }), ...serviceValues(gateway.service) };
    return {
        // The pod's image is "auto" until injection replaces it. It has no tag, so by default Kubernetes would treat it as
        // "latest" and pull the injected image each time.
        imagePullPolicy,
        ...(pullSecrets && { imagePullSecrets: pullSecrets.map((name) => ({ name })) }),
        readinessProbe: GATEWAY_READINESS,
        nodeSelector: LINUX_NODES,
        resources: withoutEmpty(gateway.resources),
        autoscaling: autoscaling.enabled
            ? { enabled: true, minReplicas: autoscaling.min, maxReplicas: autoscaling.max }
            : { enabled: false },
        service,
    };
}

/**
 * Nodes that are no machines: EKS Fargate, virtual nodes of AKS. The plugin's pods tolerate their taints, but could not start
 * there, and Helm would wait for them.
 */
const MACHINES = {
    nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [
                {
                    matchExpressions: [
                        { key: "eks.amazonaws.com/compute-type", operator: "NotIn", values: ["fargate"] },
                        { key: "type", operator: "NotIn", values: ["virtual-kubelet"] },
                    ],
                },
            ],
        },
    },
};

/** Values of the chart `cni`. It selects nodes of Linux itself. */
export function cniValues(
    { hub, tag, pinned, imagePullPolicy, platform }: IstioSettings,
    resources: Resources,
): HelmValues {
    return {
        ...(pinned && { image: pinned.cni }),
        global: { hub, tag, imagePullPolicy, ...chartPlatform(platform) },
        resources: withoutEmpty(resources),
        affinity: MACHINES,
    };
}

function withoutEmpty({ requests, limits }: Resources): HelmValues {
    return {
        ...(Object.keys(requests).length > 0 && { requests }),
        ...(Object.keys(limits).length > 0 && { limits }),
    };
}
