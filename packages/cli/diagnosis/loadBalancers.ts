import { displayName, type KubernetesObject } from "../../kubernetes/object";
import { hasAddress } from "../../kubernetes/readiness";
import type { Problem } from "./problem";

/** A load balancer that nobody has given an address. */
export function problemsOfService(service: KubernetesObject): Problem[] {
    const spec = (service.spec ?? {}) as { type?: string; loadBalancerClass?: string; loadBalancerIP?: string };
    if (spec.type !== "LoadBalancer" || hasAddress(service)) {
        return [];
    }
    const asked = [
        ...(spec.loadBalancerClass ? [`of class ${spec.loadBalancerClass}`] : []),
        ...(spec.loadBalancerIP ? [`with ${spec.loadBalancerIP} to give`] : []),
    ].join(" ");
    return [
        {
            object: displayName(service),
            why: `has no external address; does the cluster have load balancers${asked && ` ${asked}`}?`,
            remedy:
                "In a cloud, look at the Service's events for quota and permissions (kubectl describe). Elsewhere install what " +
                "gives addresses: cloud-provider-kind, minikube tunnel, MetalLB. It may also take longer: istio.timeout.",
        },
    ];
}
