import { ISTIO_NAMESPACE, JAEGER, TRACING_PROVIDER } from "../names";
import type { Resources } from "../quantity";
import type { HelmValues } from "./merge";

/** Whether a HorizontalPodAutoscaler sets the number of replicas, and within which bounds. Off means one replica. */
export type Autoscaling = { enabled: false } | { enabled: true; min: number; max: number };

export type ImagePullPolicy = "Always" | "IfNotPresent" | "Never";

/** What the values of Istio's three charts are made of. */
export interface IstioSettings {
    /** Registry and path of Istio's images, without the image's name: `docker.io/istio`. */
    hub: string;
    tag: string;
    imagePullPolicy: ImagePullPolicy;
    istiod: { resources: Resources; autoscaling: Autoscaling };
    gateway: { resources: Resources; autoscaling: Autoscaling };
    /** The sidecar of each pod in the mesh. */
    proxy: { resources: Resources };
    /** Whether Jaeger is there to take traces. */
    tracing: { enabled: boolean };
}

// istiod raises the failure policy of the validation webhooks to Fail by itself once it is up. To say so from the start
// keeps rendered manifests, which tools apply server-side again and again, from falling back to Ignore each time. In a
// release it changes nothing: no Istio object is created before istiod answers.
const VALIDATION = { base: { validationFailurePolicy: "Fail" } };

/** Values of the chart `base`: the CRDs and the default validation webhook. */
export function baseValues(): HelmValues {
    return VALIDATION;
}

/** Values of the chart `istiod`. Sidecars and gateways get their image, pull policy and resources from here as well. */
export function istiodValues({ hub, tag, imagePullPolicy, istiod, proxy, tracing }: IstioSettings): HelmValues {
    const { autoscaling } = istiod;
    return {
        ...VALIDATION,
        global: {
            istioNamespace: ISTIO_NAMESPACE,
            hub,
            tag,
            imagePullPolicy,
            proxy: { resources: withoutEmpty(proxy.resources) },
        },
        // The chart takes these at its root or under `pilot`, and what is under `pilot` wins. At the root, ours lose
        // against either way in which a user may write the same key in `istio.values.istiod`.
        resources: withoutEmpty(istiod.resources),
        autoscaleEnabled: autoscaling.enabled,
        ...(autoscaling.enabled && { autoscaleMin: autoscaling.min, autoscaleMax: autoscaling.max }),
        ...(tracing.enabled && { meshConfig: { extensionProviders: [JAEGER_PROVIDER] } }),
    };
}

/** Where proxies send their spans, by OTLP over gRPC. They do so once a Telemetry resource names this provider. */
const JAEGER_PROVIDER = {
    name: TRACING_PROVIDER,
    opentelemetry: {
        service: `${JAEGER.collector}.${ISTIO_NAMESPACE}.svc.cluster.local`,
        port: JAEGER.otlpGrpcPort,
    },
};

// A gateway is never ready at its first probe, which comes while its Envoy still starts. Istio asks again after 15 seconds,
// and only some change of the pod's status makes it sooner: in half of all installations that is what takes longest. A
// sidecar has a startup probe, every second, instead; the chart knows none for a gateway. It is taken for not ready after
// about a minute of failures, as with Istio's own probe.
const GATEWAY_READINESS = {
    httpGet: { path: "/healthz/ready", port: 15021 },
    periodSeconds: 1,
    timeoutSeconds: 3,
    failureThreshold: 60,
};

/**
 * Values of the chart `gateway`. It knows no other keys than those of its schema, and refuses what belongs to istiod.
 *
 * @param address What the load balancer gets, if it is reserved.
 */
export function gatewayValues({ imagePullPolicy, gateway }: IstioSettings, address?: string): HelmValues {
    const { autoscaling } = gateway;
    return {
        // The pod is created with the image "auto", which injection then replaces. Kubernetes takes an image without a
        // tag for "latest" and would pull the injected one each time, were it not told otherwise.
        imagePullPolicy,
        readinessProbe: GATEWAY_READINESS,
        resources: withoutEmpty(gateway.resources),
        autoscaling: autoscaling.enabled
            ? { enabled: true, minReplicas: autoscaling.min, maxReplicas: autoscaling.max }
            : { enabled: false },
        ...(address !== undefined && { service: { loadBalancerIP: address } }),
    };
}

function withoutEmpty({ requests, limits }: Resources): HelmValues {
    return {
        ...(Object.keys(requests).length > 0 && { requests }),
        ...(Object.keys(limits).length > 0 && { limits }),
    };
}
