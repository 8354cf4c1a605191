import { displayName, type KubernetesObject } from "../../kubernetes/object";
import { hasAddress } from "../../kubernetes/readiness";
import { commandLine } from "../../shared/invocation";
import { addressesOf, hasServiceLb, isCloud, type PlatformName, platformOf } from "../mesh/platform";
import type { Problem } from "./problem";

/** What decides whether a Service gets an address. */
export interface Surroundings {
    /** All Services of the cluster. */
    services: readonly KubernetesObject[];
    nodes: readonly KubernetesObject[];
}

/** A Service that has ports of the nodes, so that no other Service gets them. */
export interface PortHolder {
    service: KubernetesObject;
    /** The ports in question. */
    ports: number[];
}

interface ServiceSpec {
    type?: string;
    loadBalancerClass?: string;
    loadBalancerIP?: string;
    ports?: { port: number }[];
}

/** How to do without a load balancer. */
export function withoutLoadBalancer(): string {
    return (
        "set istio.gateway.service.type to ClusterIP or NodePort, and open the page with " +
        `\`${commandLine("dashboard", ["bookinfo"])}\``
    );
}

/**
 * The Services that have some of the ports already, if the cluster's load balancer gives each port of the nodes only once:
 * ServiceLB of k3s, and Docker Desktop. Their addresses are those of the nodes, or of this machine.
 * @param own the Service that needs the ports
 */
export function portHolders(
    own: KubernetesObject["metadata"],
    ports: readonly number[],
    { services, nodes }: Surroundings,
): PortHolder[] {
    const platform = platformOf(nodes);
    if (!hasServiceLb(platform) && platform !== "Docker Desktop") {
        return [];
    }
    const shared = new Set([...addressesOf(nodes), "localhost", "127.0.0.1"]);
    return services
        .filter(({ metadata }) => metadata.name !== own.name || metadata.namespace !== own.namespace)
        .filter((service) => specOf(service).type === "LoadBalancer")
        .filter((service) => balancedAddresses(service).some((address) => shared.has(address)))
        .map((service) => {
            const its = (specOf(service).ports ?? []).map(({ port }) => port);
            return { service, ports: ports.filter((port) => its.includes(port)) };
        })
        .filter(({ ports }) => ports.length > 0);
}

/** Who has the ports, and what frees them, as sentences. */
export function holderAdvice({ service, ports }: PortHolder, platform: PlatformName | undefined): string {
    const numbers = [...ports].sort((a, b) => a - b).join(" and ");
    const what = `port${ports.length === 1 ? "" : "s"} ${numbers}`;
    return `${displayName(service)} has the ${what} of the nodes already. ${switchFor(service, platform)}`;
}

/** How the owner of a cluster turns off what has the ports. k3s deploys Traefik itself. */
function switchFor({ metadata: { name, namespace } }: KubernetesObject, platform: PlatformName | undefined): string {
    if (name !== "traefik" || namespace !== "kube-system") {
        return "Its owner can give it other ports or another type.";
    }
    const unneeded = "If nobody needs its Ingresses, turn Traefik off:";
    switch (platform) {
        case "k3d":
            return `${unneeded} create the cluster with k3d cluster create NAME --k3s-arg '--disable=traefik@server:0'.`;
        case "Rancher Desktop":
            return (
                `${unneeded} Preferences, Kubernetes, Enable Traefik, or ` +
                "rdctl set --kubernetes.options.traefik=false."
            );
        default:
            return `${unneeded} start each server with k3s server --disable traefik.`;
    }
}

/** The problem of a Service whose load balancer has no address. */
export function problemsOfService(
    service: KubernetesObject,
    surroundings: Surroundings = { services: [], nodes: [] },
): Problem[] {
    const spec = specOf(service);
    if (spec.type !== "LoadBalancer" || hasAddress(service)) {
        return [];
    }
    const platform = platformOf(surroundings.nodes);
    const ports = (spec.ports ?? []).map(({ port }) => port);
    const holders = spec.loadBalancerClass ? [] : portHolders(service.metadata, ports, surroundings);
    const instead = `Or do without a load balancer: ${withoutLoadBalancer()}.`;
    if (holders.length > 0) {
        return [
            {
                object: displayName(service),
                why: "has no external address, because other Services have its ports",
                remedy: [...holders.map((holder) => holderAdvice(holder, platform)), instead].join(" "),
            },
        ];
    }
    const ofClass = spec.loadBalancerClass ? ` of class ${spec.loadBalancerClass}` : "";
    const withAddress = spec.loadBalancerIP ? ` that can have the address ${spec.loadBalancerIP}` : "";
    return [
        {
            object: displayName(service),
            why: `has no external address; does the cluster have load balancers${ofClass}${withAddress}?`,
            remedy: `${providerAdvice(platform)} If it only takes longer, raise istio.timeout. ${instead}`,
        },
    ];
}

/** Who gives addresses on a platform, and what to do if nobody does. */
export function providerAdvice(platform: PlatformName | undefined): string {
    if (isCloud(platform)) {
        return "Look at the Service's events for quota and permissions (kubectl describe).";
    }
    if (hasServiceLb(platform)) {
        return (
            "ServiceLB gives addresses, unless k3s runs with --disable servicelb. Its pods say what they wait for: " +
            "kubectl get pods -A -l svccontroller.k3s.cattle.io/svcname."
        );
    }
    switch (platform) {
        case "kind":
            return "kind gives addresses only while cloud-provider-kind runs on its machine: start it, and leave it running.";
        case "minikube":
            return "minikube gives addresses only while `minikube tunnel` runs: start it in another terminal, and leave it running.";
        case "Docker Desktop":
            return "Docker Desktop gives each port of this machine to one Service only; another program may have it too.";
        default:
            return (
                "In a cloud, look at the Service's events for quota and permissions (kubectl describe). Elsewhere, install a " +
                "provider of addresses: cloud-provider-kind, minikube tunnel, MetalLB."
            );
    }
}

function specOf({ spec }: KubernetesObject): ServiceSpec {
    return spec ?? {};
}

/** The addresses of a Service's load balancer. */
function balancedAddresses({ status }: KubernetesObject): string[] {
    const { loadBalancer } = (status ?? {}) as { loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] } };
    return (loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip ?? hostname ?? []);
}
