import { Network, Router, RouterNat, Subnetwork } from "@pulumi/gcp/compute";
import * as pulumi from "@pulumi/pulumi";
import type { Location } from "./location";
import { NetworkLeftovers } from "./networkLeftovers";

/** Ranges in CIDR notation. */
export interface Ranges {
    /** Primary range of the subnet: one address for each node. */
    nodes: string;
    /** Secondary range: 256 addresses for each node. */
    pods: string;
    /** Secondary range: one address for each Service. */
    services: string;
    /** Separate range for the control plane's private endpoint, always a /28. */
    controlPlane: string;
}

interface ClusterNetworkArgs {
    project: string;
    location: Location;
    /** The labels of the stack's clusters. */
    labels: Readonly<Record<string, string>>;
    /** They must not overlap. */
    ranges: Pick<Ranges, "nodes" | "pods" | "services">;
}

/** Names of the secondary ranges, unique within their subnet. */
export const RANGE_NAMES = { pods: "pods", services: "services" };

/** Google can need this long to delete a network. */
const SLOW_DELETION = { customTimeouts: { delete: "20m" } };

/** A VPC for one cluster: a subnet with ranges for nodes, pods and Services, and NAT for nodes without public addresses. */
export class ClusterNetwork extends pulumi.ComponentResource {
    /** Id of the VPC. */
    public readonly network: pulumi.Output<string>;
    /** Id of the subnet. */
    public readonly subnetwork: pulumi.Output<string>;
    /** Removes what the cluster leaves in the network. The cluster must depend on it. */
    public readonly leftovers: NetworkLeftovers;
    /** Nodes that start before it can pull images only from Google's registries. */
    public readonly nat: RouterNat;

    constructor(name: string, args: ClusterNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
        super("bookinfo-mesh:gke:ClusterNetwork", name, args, opts);

        const { region } = args.location;
        // A component's children do not inherit its dependsOn.
        const network = new Network(
            `${name}-network`,
            { autoCreateSubnetworks: false, routingMode: "REGIONAL" },
            { parent: this, dependsOn: opts?.dependsOn, ...SLOW_DELETION },
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
                // Google's APIs and registries are reached without NAT, which costs money for each gigabyte.
                privateIpGoogleAccess: true,
            },
            // A subnet in another region cannot have the same ranges while the old subnet exists.
            { parent: this, deleteBeforeReplace: true, ...SLOW_DELETION },
        );
        this.leftovers = new NetworkLeftovers(
            `${name}-leftovers`,
            { project: args.project, network: network.id, labels: args.labels },
            { parent: this, dependsOn: subnetwork, customTimeouts: { delete: "1h" } },
        );
        const router = new Router(`${name}-router`, { network: network.id, region }, { parent: this });
        this.nat = new RouterNat(
            `${name}-nat`,
            {
                router: router.name,
                region,
                natIpAllocateOption: "AUTO_ONLY",
                // Pods too: they leave the cluster with their own addresses. A named subnet could not be deleted before the NAT.
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
