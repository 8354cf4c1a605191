import { displayName, type KubernetesObject } from "../cluster/object";
import { hasAddress } from "../cluster/readiness";
import type { Trouble } from "./trouble";

/** A load balancer that nobody has given an address. */
export function troubleOfService(service: KubernetesObject): Trouble[] {
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
