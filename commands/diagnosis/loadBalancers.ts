import { displayName, type KubernetesObject } from "../cluster/object";
import { hasAddress } from "../cluster/readiness";
import type { Trouble } from "./trouble";

/** A load balancer that nobody has given an address. */
export function troubleOfService(service: KubernetesObject): Trouble[] {
    const { type, loadBalancerClass } = (service.spec ?? {}) as { type?: string; loadBalancerClass?: string };
    if (type !== "LoadBalancer" || hasAddress(service)) {
        return [];
    }
    const asked = loadBalancerClass === undefined ? "" : ` (class ${loadBalancerClass})`;
    return [
        {
            object: displayName(service),
            why: `has no external address; does the cluster have load balancers${asked}?`,
            remedy:
                "In a cloud, look at the Service's events for quota and permissions (kubectl describe). Elsewhere install what " +
                "gives addresses: cloud-provider-kind, minikube tunnel, MetalLB. It may also take longer: istio.timeout.",
        },
    ];
}
