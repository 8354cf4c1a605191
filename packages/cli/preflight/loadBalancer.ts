import type { ClusterApi } from "../../kubernetes/api";
import type { KubernetesObject } from "../../kubernetes/object";
import { hasAddress } from "../../kubernetes/readiness";
import { holderAdvice, portHolders, providerAdvice, withoutLoadBalancer } from "../diagnosis/loadBalancers";
import { INGRESS_SERVICE } from "../mesh/ingress";
import { hasServiceLb, isCloud, platformOf } from "../mesh/platform";
import type { Stack } from "../stack/stack";
import type { ClusterFacts } from "./clusterFacts";

/** What a preflight finds out about the load balancer of the ingress gateway. */
export interface LoadBalancerFindings {
    /** What keeps the gateway from ever getting an address, with the remedy. */
    obstacle?: string;
    /** What may keep it from that, but cannot be known from here. */
    note?: string;
}

/** Controllers in a cluster that give addresses, by the CRD of their pools. Without a pool they give none. */
const POOLS = [
    { controller: "MetalLB", definition: "ipaddresspools.metallb.io", versions: ["v1beta1"], kind: "IPAddressPool" },
    {
        controller: "Cilium",
        definition: "ciliumloadbalancerippools.cilium.io",
        versions: ["v2", "v2alpha1"],
        kind: "CiliumLoadBalancerIPPool",
    },
    { controller: "PureLB", definition: "servicegroups.purelb.io", versions: ["v2", "v1"], kind: "ServiceGroup" },
    { controller: "OpenELB", definition: "eips.network.kubesphere.io", versions: ["v1alpha2"], kind: "Eip" },
] as const;

/** Deployments and DaemonSets that give addresses without such pools. */
const CONTROLLERS = /^kube-vip|^cloud-controller-manager|-cloud-controller-manager$|^loxilb|^svclb-/;

/**
 * Looks whether the gateway's load balancer can get an address: whether its ports are taken, and whether the cluster shows
 * any provider of addresses. What the user may not list does not count.
 */
export async function lookAtLoadBalancer(
    { ingress, sandbox }: Pick<Stack, "ingress" | "sandbox">,
    api: ClusterApi,
    facts: Pick<ClusterFacts, "nodes" | "definitions" | "daemonSets">,
): Promise<LoadBalancerFindings> {
    // The sandbox gives addresses from outside of its cluster.
    if (sandbox || ingress?.type !== "LoadBalancer") {
        return {};
    }
    const { nodes } = facts;
    const services = await allowed(api.list("v1", "Service"));
    const balanced = services.filter((service) => typeOf(service) === "LoadBalancer");
    const { name, namespace } = INGRESS_SERVICE.metadata;
    const own = balanced.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
    if (nodes.length === 0 || (own && hasAddress(own))) {
        return {};
    }
    const taken = ingress.loadBalancerClass === undefined && (await takenPorts(api, ingress.ports, services, nodes));
    if (taken) {
        // ServiceLB never gives a port twice. Docker Desktop has done both.
        return hasServiceLb(platformOf(nodes)) ? { obstacle: taken } : { note: taken };
    }
    return { note: balanced.some(hasAddress) ? undefined : await noteOf(api, facts) };
}

/** Who has the gateway's ports on the nodes, and what to do about it; undefined if they are free. */
async function takenPorts(
    api: ClusterApi,
    ports: readonly number[],
    services: readonly KubernetesObject[],
    nodes: readonly KubernetesObject[],
): Promise<string | undefined> {
    const platform = platformOf(nodes);
    const holders = portHolders(INGRESS_SERVICE.metadata, ports, { services, nodes });
    if (holders.length === 0 && hasServiceLb(platform) && (await installsTraefik(api, services))) {
        // A new cluster deploys Traefik by this chart half a minute after its start.
        const metadata = { name: "traefik", namespace: "kube-system" };
        holders.push({
            service: { apiVersion: "v1", kind: "Service", metadata },
            ports: ports.filter((port) => [80, 443].includes(port)),
        });
    }
    if (holders.length === 0) {
        return undefined;
    }
    return [
        "the ingress gateway's load balancer gets no address, because its ports are taken:",
        ...holders.map((holder) => `  ${holderAdvice(holder, platform)}`),
        `Or do without a load balancer: ${withoutLoadBalancer()}.`,
    ].join("\n");
}

/** Whether k3s still has to install Traefik. */
async function installsTraefik(api: ClusterApi, services: readonly KubernetesObject[]): Promise<boolean> {
    const charts = await allowed(api.list("helm.cattle.io/v1", "HelmChart"));
    const isThere = ({ metadata }: KubernetesObject) =>
        metadata.name === "traefik" && metadata.namespace === "kube-system";
    return charts.some(isThere) && !services.some(isThere);
}

/** What makes it doubtful that the cluster gives addresses; undefined if it does, or if that cannot be told. */
async function noteOf(
    api: ClusterApi,
    { nodes, definitions, daemonSets = [] }: Pick<ClusterFacts, "nodes" | "definitions" | "daemonSets">,
): Promise<string | undefined> {
    const platform = platformOf(nodes);
    if (isCloud(platform) || hasServiceLb(platform) || platform === "Docker Desktop" || definitions === undefined) {
        return undefined;
    }
    const installed = POOLS.filter(({ definition }) =>
        definitions.some(({ metadata }) => metadata.name === definition),
    );
    for (const { versions, definition, kind } of installed) {
        const group = definition.slice(definition.indexOf(".") + 1);
        for (const version of versions) {
            if ((await allowed(api.list(`${group}/${version}`, kind))).length > 0) {
                return undefined;
            }
        }
    }
    const empty = installed.find(({ controller }) => controller !== "Cilium");
    const instead = `Or do without a load balancer: ${withoutLoadBalancer()}.`;
    if (empty) {
        return `${empty.controller} is in the cluster, but has no ${empty.kind}, so it gives no addresses. Create one. ${instead}`;
    }
    const deployments = await allowed(api.listMetadata("apps/v1", "Deployment", {}));
    if ([...deployments, ...daemonSets].some(({ metadata }) => CONTROLLERS.test(metadata.name))) {
        return undefined;
    }
    return platform === "kind" || platform === "minikube"
        ? `${providerAdvice(platform)} Whether it runs cannot be seen from here. ${instead}`
        : "Nothing in the cluster shows that it has load balancers. If it has none, the ingress gateway waits for an address " +
              `until istio.timeout, and fails. ${providerAdvice(platform)} ${instead}`;
}

function allowed(listing: Promise<KubernetesObject[]>): Promise<KubernetesObject[]> {
    return listing.catch(() => []);
}

function typeOf({ spec }: KubernetesObject): unknown {
    return (spec as { type?: unknown } | undefined)?.type;
}
