/** Why this machine does not reach the gateway's address, although the page answers inside the cluster. */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { ClusterApi } from "../../kubernetes/api";
import type { KubernetesObject } from "../../kubernetes/object";
import { type Ingress, whyNoAddress } from "../mesh/ingress";
import { hasServiceLb, isCloud, listNodes, type PlatformName, platformOf } from "../mesh/platform";

/** A likely cause, and what changes it. */
export interface Cause {
    why: string;
    remedy: string;
}

interface Facts {
    ingress: Ingress;
    /** Why the connection has failed. */
    failure: string;
    platform?: PlatformName;
    /** The IP address; undefined if the host is a name that does not resolve. */
    ip?: string;
    /** The system of this machine. */
    os: NodeJS.Platform;
}

/** A private network, or one that is not routed on the internet: RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291. */
const PRIVATE =
    /^(?:10\.|172\.(?:1[6-9]|2\d|3[01])\.|192\.168\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|169\.254\.|f[cd][\da-f]{2}:|fe[89ab][\da-f]:)/i;
const LOOPBACK = /^(?:127\.|::1$)/;

/** A load balancer that is younger than this may still start, in milliseconds. */
const YOUNG = 10 * 60_000;

const ANNOTATION = "service.beta.kubernetes.io";
const SCHEME = `${ANNOTATION}/aws-load-balancer-scheme`;

/** The annotations that make a load balancer internal, and the value that does. */
const INTERNAL: [annotation: string, value: string][] = [
    [`${ANNOTATION}/azure-load-balancer-internal`, "true"],
    ["networking.gke.io/load-balancer-type", "Internal"],
    ["cloud.google.com/load-balancer-type", "Internal"],
    [`${ANNOTATION}/aws-load-balancer-internal`, "true"],
    [SCHEME, "internal"],
];

/** Classes of the load balancers that AWS makes internal by default: of its load balancer controller, and of EKS Auto Mode. */
const INTERNAL_BY_DEFAULT = ["service.k8s.aws/nlb", "eks.amazonaws.com/nlb"];
const AWS_CONTROLLER = "service.k8s.aws/resources";

/**
 * What the user must know if only the API server reaches the page: that Bookinfo works, the likely cause, and the ways on.
 * @param failure why the address does not answer; undefined if there is none
 * @param dashboard the command that opens the page
 */
export async function silenceNotice(
    api: ClusterApi,
    ingress: Ingress,
    { failure, dashboard, os = process.platform }: { failure?: string; dashboard: string; os?: NodeJS.Platform },
): Promise<string> {
    if (!ingress.page || failure === undefined) {
        return `The ingress gateway ${whyNoAddress(ingress)}. This opens the page through a port-forward:\n  ${dashboard}`;
    }
    const { url, endpoint } = ingress.page;
    const platform = platformOf(await listNodes(api));
    const ip = isIP(endpoint.host) ? endpoint.host : (await lookup(endpoint.host).catch(() => undefined))?.address;
    const causes = likelyCauses({ ingress, failure, platform, ip, os });
    return [
        `This machine does not reach ${url} (${failure}), but the page answers through the API server: Bookinfo works.`,
        ...causes.map(({ why }) => `Likely cause: ${why}.`),
        "Ways on:",
        `  ${dashboard}   opens the page through a port-forward`,
        ...causes.map(({ remedy }) => `  ${remedy}`),
    ].join("\n");
}

/** The likely causes, the most likely first; at least one. What cannot be seen from here is not claimed. */
export function likelyCauses(facts: Facts): Cause[] {
    const { ingress, failure, platform, ip } = facts;
    const { endpoint, configured } = ingress.page ?? { endpoint: { host: "", port: 0 }, configured: false };
    const { host, port } = endpoint;
    if (configured) {
        return [ofConfiguredAddress(facts, host, port)];
    }
    const found = [ofAnnotations(facts), ofSourceRanges(ingress.service)];
    if (ip === undefined) {
        const why = `the name ${host} does not resolve here (yet): the name of a new load balancer takes minutes`;
        found.push({ why, remedy: `wait until \`nslookup ${host}\` finds it, then open the page` });
    } else if (PRIVATE.test(ip)) {
        found.push(ofLocalPlatform(facts, ip) ?? ofPrivateNetwork(host, ip));
    } else {
        const isLocal = LOOPBACK.test(ip) || !isCloud(platform);
        found.push(isLocal ? ofLocalPlatform(facts, ip) : ofNewLoadBalancer(facts));
    }
    const causes = found.filter((cause) => cause !== undefined);
    if (causes.length > 0) {
        return causes;
    }
    const why = failure.includes("refused")
        ? `nothing listens at port ${port} of ${host}, or a firewall refuses the connection`
        : `a firewall, or a missing route, between this machine and ${host}`;
    return [{ why, remedy: `let this machine reach ${host} at port ${port}` }];
}

function ofPrivateNetwork(host: string, ip: string): Cause {
    const what = ip === host ? host : `${host} is ${ip}, which`;
    return {
        why: `${what} is a private address: only its own network, or a VPN into it, reaches it`,
        remedy: "connect this machine to that network, or let the load balancer have a public address",
    };
}

function ofConfiguredAddress({ ingress, os }: Facts, host: string, port: number): Cause {
    const { ports = [] } = (ingress.service.spec ?? {}) as { ports?: { port: number; nodePort?: number }[] };
    const nodePort = ports.find((each) => each.port === ingress.ports.service)?.nodePort;
    const leadsTo =
        ingress.type === "ClusterIP" || nodePort === undefined
            ? "the gateway's Service"
            : `port ${nodePort} of the nodes, which leads to the gateway`;
    return {
        why: `what stands in front of the gateway does not run, does not lead to ${leadsTo}, or lets nothing from this machine through`,
        remedy:
            `let port ${port} of ${host} lead to ${leadsTo}, or correct istio.gateway.address` +
            (os !== "linux" && PRIVATE.test(host) ? "; Docker's network is not reachable from this system" : ""),
    };
}

/** What the Service itself says of an internal load balancer. */
function ofAnnotations({ ingress, platform, ip }: Facts): Cause | undefined {
    const { metadata, spec } = ingress.service;
    const { annotations = {}, finalizers = [] } = metadata as {
        annotations?: Record<string, string>;
        finalizers?: string[];
    };
    const [internal] = INTERNAL.find(([key, value]) => annotations[key]?.toLowerCase() === value.toLowerCase()) ?? [];
    if (internal !== undefined && internal !== SCHEME) {
        return {
            why: `the annotation ${internal} makes the load balancer internal: only its network reaches it`,
            remedy: "connect this machine to that network, or remove the annotation (istio.gateway.service.annotations)",
        };
    }
    const { loadBalancerClass = "" } = (spec ?? {}) as { loadBalancerClass?: string };
    const byController = INTERNAL_BY_DEFAULT.includes(loadBalancerClass) || finalizers.includes(AWS_CONTROLLER);
    const remedy = `set in istio.gateway.service.annotations: "${SCHEME}: internet-facing", and deploy again`;
    if (internal === SCHEME) {
        return { why: `the annotation ${SCHEME} makes the load balancer internal: only its VPC reaches it`, remedy };
    }
    if (annotations[SCHEME] !== undefined) {
        return undefined;
    }
    if (byController) {
        return { why: "the load balancer is internal, as AWS makes it by default: only its VPC reaches it", remedy };
    }
    // The controller built into older clusters makes public ones, and leaves no mark of its own.
    const mayBe = platform === "AWS" && (ip === undefined || PRIVATE.test(ip));
    return mayBe
        ? { why: "the load balancer may be internal: AWS' load balancer controller makes it so by default", remedy }
        : undefined;
}

function ofSourceRanges({ spec }: KubernetesObject): Cause | undefined {
    const { loadBalancerSourceRanges: ranges = [] } = (spec ?? {}) as { loadBalancerSourceRanges?: string[] };
    return ranges.length === 0
        ? undefined
        : {
              why: `the load balancer lets only clients from ${ranges.join(", ")} through`,
              remedy: "add this machine's address to istio.gateway.service.loadBalancerSourceRanges, and deploy again",
          };
}

function ofLocalPlatform({ platform, os, ingress }: Facts, ip: string): Cause | undefined {
    const inVm = os !== "linux";
    const publish = `publish a port of the cluster on this machine, and set istio.gateway.address to it (docs/clusters.md)`;
    const network =
        `${ip} is in Docker's network, which is inside a virtual machine` +
        (inVm ? " and not reachable from this system" : " if Docker Desktop or a remote Docker runs the cluster");
    switch (platform) {
        case "kind":
            return {
                why: `${network}; or cloud-provider-kind no longer runs`,
                remedy: `run cloud-provider-kind as root on this machine and leave it running, or ${publish}`,
            };
        case "minikube":
            return {
                why: "`minikube tunnel`, which makes the address reachable, does not run (any more) on this machine",
                remedy: "run `minikube tunnel` in another terminal, and leave it running",
            };
        case "k3d":
            return { why: network, remedy: publish };
        case "Docker Desktop":
        case "Rancher Desktop":
            return {
                why: `${platform} does not bring port ${ingress.page?.endpoint.port ?? 80} of its virtual machine to this address`,
                remedy: `look whether another program on this machine has the port, or whether the page is at http://localhost/productpage`,
            };
        default:
            return hasServiceLb(platform)
                ? {
                      why: `${ip} is the address of a node, and a firewall or a missing route keeps this machine from it`,
                      remedy: `let this machine reach ${ip}`,
                  }
                : undefined;
    }
}

/** A cloud's load balancer gets its address before it forwards anything. */
function ofNewLoadBalancer({ ingress, platform }: Facts): Cause | undefined {
    const created = Date.parse(String(ingress.service.metadata.creationTimestamp));
    return Date.now() - created < YOUNG
        ? {
              why: `the load balancer is new, and those of ${platform ?? "a cloud"} answer only after some minutes`,
              remedy: `wait, and ask again: curl -I ${ingress.page?.url ?? ""}`,
          }
        : undefined;
}
