import { displayName, type KubernetesObject } from "../../kubernetes/object";
import { hasAddress } from "../../kubernetes/readiness";
import type { Problem } from "./problem";

export function problemsOfService(service: KubernetesObject): Problem[] {
    const spec = (service.spec ?? {}) as { type?: string; loadBalancerClass?: string; loadBalancerIP?: string };
    if (spec.type !== "LoadBalancer" || hasAddress(service)) {
        return [];
    }
    const ofClass = spec.loadBalancerClass ? ` of class ${spec.loadBalancerClass}` : "";
    const withAddress = spec.loadBalancerIP ? ` that can have the address ${spec.loadBalancerIP}` : "";
    return [
        {
            object: displayName(service),
            why: `has no external address; does the cluster have load balancers${ofClass}${withAddress}?`,
            remedy:
                "In a cloud, look at the Service's events for quota and permissions (kubectl describe). Elsewhere, install a " +
                "provider of addresses: cloud-provider-kind, minikube tunnel, MetalLB. If it only takes longer, raise istio.timeout.",
        },
    ];
}
