import { ISTIO_NAMESPACE, JAEGER, TRACING_PROVIDER } from "../names";
import type { Resources } from "../quantity";
import { type GatewayService, serviceValues } from "./gatewayService";
import type { HelmValues } from "./merge";

/** Whether a HorizontalPodAutoscaler sets the number of replicas, and its bounds. Without it there is one replica. */
export type Autoscaling = { enabled: false } | { enabled: true; min: number; max: number };

export type ImagePullPolicy = "Always" | "IfNotPresent" | "Never";

/** The settings behind the values of Istio's three charts. */
export interface IstioSettings {
    /** Registry and path of Istio's images, without the image's name: `docker.io/istio`. */
    hub: string;
    tag: string;
    imagePullPolicy: ImagePullPolicy;
    istiod: { resources: Resources; autoscaling: Autoscaling };
    gateway: { resources: Resources; autoscaling: Autoscaling; service?: GatewayService };
    /** The sidecar of each pod in the mesh. */
    proxy: { resources: Resources };
    /** Whether Jaeger is deployed and takes traces. */
    tracing: { enabled: boolean };
}

// When istiod is ready, it sets the failure policy of the validation webhooks to Fail itself. Each server-side apply of
// rendered manifests would set it back to Ignore, so they have Fail from the start. For a release this makes no difference:
// no Istio object is created before istiod is ready.
const VALIDATION = { base: { validationFailurePolicy: "Fail" } };

/** Values of the chart `base`: the CRDs and the default validation webhook. */
export function baseValues(): HelmValues {
    return VALIDATION;
}

/**
 * Values of the chart `istiod`. Sidecars and gateways get their image, pull policy and resources from here too.
 *
 * @param pullSecrets Of istiod's pods, and of every pod that it injects.
 */
export function istiodValues(
    { hub, tag, imagePullPolicy, istiod, proxy, tracing }: IstioSettings,
    pullSecrets?: readonly string[],
): HelmValues {
    const { autoscaling } = istiod;
    return {
        ...VALIDATION,
        global: {
            istioNamespace: ISTIO_NAMESPACE,
            hub,
            tag,
            imagePullPolicy,
            ...(pullSecrets && { imagePullSecrets: pullSecrets }),
            proxy: { resources: withoutEmpty(proxy.resources) },
        },
        // The chart accepts these at its root or under `pilot`, and `pilot` wins. So ours are at the root: there a user's
        // `istio.values.istiod` overrides them in both notations.
        resources: withoutEmpty(istiod.resources),
        autoscaleEnabled: autoscaling.enabled,
        ...(autoscaling.enabled && { autoscaleMin: autoscaling.min, autoscaleMax: autoscaling.max }),
        ...(tracing.enabled && { meshConfig: { extensionProviders: [JAEGER_PROVIDER] } }),
    };
}

/** Where proxies send their spans (OTLP over gRPC), once a Telemetry resource names this provider. */
const JAEGER_PROVIDER = {
    name: TRACING_PROVIDER,
    opentelemetry: {
        service: `${JAEGER.collector}.${ISTIO_NAMESPACE}.svc.cluster.local`,
        port: JAEGER.otlpGrpcPort,
    },
};

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
        resources: withoutEmpty(gateway.resources),
        autoscaling: autoscaling.enabled
            ? { enabled: true, minReplicas: autoscaling.min, maxReplicas: autoscaling.max }
            : { enabled: false },
        ...(Object.keys(service).length > 0 && { service }),
    };
}

function withoutEmpty({ requests, limits }: Resources): HelmValues {
    return {
        ...(Object.keys(requests).length > 0 && { requests }),
        ...(Object.keys(limits).length > 0 && { limits }),
    };
}
