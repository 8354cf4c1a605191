import type { Autoscaling } from "../components/istio/values";
import type { Amounts, Resources } from "../components/quantity";

type Profile = "demo" | "default";

/** The parts of Istio that a profile sizes. A proxy runs in each pod of the mesh, so it is not scaled. */
export type Sized = "istiod" | "gateway" | "proxy";

interface Sizes {
    requests: Required<Amounts>;
    limits: Amounts;
}

const PROXY_LIMITS = { cpu: "2000m", memory: "1024Mi" };

/**
 * `default` has the values of the values.yaml files in Istio's 1.31 charts. `demo` has the small requests of Istio's own
 * profile of that name (manifests/helm-profiles/demo.yaml), the same limits, and no autoscaling.
 */
export const PROFILES: Record<Profile, Record<Sized, Sizes> & { autoscaled: boolean }> = {
    demo: {
        autoscaled: false,
        istiod: { requests: { cpu: "10m", memory: "100Mi" }, limits: {} },
        gateway: { requests: { cpu: "10m", memory: "40Mi" }, limits: PROXY_LIMITS },
        proxy: { requests: { cpu: "10m", memory: "40Mi" }, limits: PROXY_LIMITS },
    },
    default: {
        autoscaled: true,
        istiod: { requests: { cpu: "500m", memory: "2048Mi" }, limits: {} },
        gateway: { requests: { cpu: "100m", memory: "128Mi" }, limits: PROXY_LIMITS },
        proxy: { requests: { cpu: "100m", memory: "128Mi" }, limits: PROXY_LIMITS },
    },
};

/** Resources of Istio's CNI plugin on each node: those of the chart, and of Istio's profile demo. */
export const CNI_RESOURCES: Record<Profile, Resources> = {
    demo: { requests: { cpu: "10m", memory: "40Mi" }, limits: {} },
    default: { requests: { cpu: "100m", memory: "100Mi" }, limits: {} },
};

/** Default bounds of autoscaling: those of the charts. */
export const REPLICAS = { min: 1, max: 5 };

/** A profile's resources for a part of Istio, overridden by those that are set. */
export function resourcesOf(profile: Profile, part: Sized, set: Resources): Resources {
    const { requests, limits } = PROFILES[profile][part];
    return { requests: { ...requests, ...set.requests }, limits: { ...limits, ...set.limits } };
}

/** A profile's autoscaling, overridden by what is set. */
export function autoscalingOf(profile: Profile, set: { enabled?: boolean; min?: number; max?: number }): Autoscaling {
    const { enabled = PROFILES[profile].autoscaled, min = REPLICAS.min, max = REPLICAS.max } = set;
    return enabled ? { enabled, min, max } : { enabled };
}
