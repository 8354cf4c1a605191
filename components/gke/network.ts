import { Network, Router, RouterNat, Subnetwork } from "@pulumi/gcp/compute";
import * as pulumi from "@pulumi/pulumi";
import type { Location } from "./location";

/** Ranges in CIDR notation. */
export interface Ranges {
    /** Primary range of the subnet: an address for each node. */
    nodes: string;
    /** Secondary range: 256 addresses for each node. */
    pods: string;
    /** Secondary range: an address for each Service. */
    services: string;
    /** A range of its own for the control plane's private endpoint, always a /28. */
    controlPlane: string;
}

export interface ClusterNetworkArgs {
    location: Location;
    /** A plan without overlaps, in CIDR notation. */
    ranges: Pick<Ranges, "nodes" | "pods" | "services">;
}

/** Names of the secondary ranges, unique within their subnet. */
const RANGE_NAMES = { pods: "pods", services: "services" };

/**
 * Google collects what load balancers leave in a network (firewall rules, network endpoint groups) some minutes after they
 * are gone, and until then refuses to delete the network. The provider asks again as long as this.
 */
const PATIENT = { customTimeouts: { delete: "20m" } };

/** A VPC for one cluster: a subnet with ranges for nodes, pods and Services, and a way out for nodes without addresses. */
export class ClusterNetwork extends pulumi.ComponentResource {
    /** Id of the VPC. */
    public readonly network: pulumi.Output<string>;
    /** Id of the subnet. */
    public readonly subnetwork: pulumi.Output<string>;
    /** Names of the subnet's secondary ranges. */
    public readonly rangeNames = RANGE_NAMES;
    /** The way out. Nodes that start before it cannot pull images from other registries than Google's. */
    public readonly nat: RouterNat;

    constructor(name: string, args: ClusterNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
        super("bookinfo-mesh:gke:ClusterNetwork", name, args, opts);

        const { region } = args.location;
        // The edge belongs on the child: a component's own dependsOn is not handed down.
        const network = new Network(
            `${name}-network`,
            { autoCreateSubnetworks: false, routingMode: "REGIONAL" },
            { parent: this, dependsOn: opts?.dependsOn, ...PATIENT },
        );
        const subnetwork = new Subnetwork(
            `${name}-subnet`,
            {
                network: network.id,
                region,
                ipCidrRange: args.ranges.nodes,
                secondaryIpRanges: [
                    { rangeName: RANGE_NAMES.pods, ipCidrRange: args.ranges.pods },
                    { rangeName: RANGE_NAMES.services, ipCidrRange: args.ranges.services },
                ],
                // Google's APIs and registries are reached without the NAT, which bills each gigabyte.
                privateIpGoogleAccess: true,
            },
            // Another region takes another subnet, which may not have the ranges of one that is still there.
            { parent: this, deleteBeforeReplace: true, ...PATIENT },
        );
        const router = new Router(`${name}-router`, { network: network.id, region }, { parent: this });
        this.nat = new RouterNat(
            `${name}-nat`,
            {
                router: router.name,
                region,
                natIpAllocateOption: "AUTO_ONLY",
                // Pods leave the cluster by their own addresses. The subnet is not named: it could not go before the NAT.
                sourceSubnetworkIpRangesToNat: "ALL_SUBNETWORKS_ALL_IP_RANGES",
                logConfig: { enable: true, filter: "ERRORS_ONLY" },
            },
            { parent: this },
        );

        this.network = network.id;
        this.subnetwork = subnetwork.id;
        this.registerOutputs({ network: this.network, subnetwork: this.subnetwork });
    }
}
