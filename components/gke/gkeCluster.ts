import { Address, Firewall } from "@pulumi/gcp/compute";
import { Cluster, NodePool } from "@pulumi/gcp/container";
import { Service } from "@pulumi/gcp/projects";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { ISTIOD_WEBHOOK_PORT } from "../names";
import { type Access, contextName, getCredentialsCommand, gkeKubeconfig } from "./kubeconfig";
import { billingLabels } from "./labels";
import type { Location } from "./location";
import { ClusterNetwork, type Ranges } from "./network";
import { NodeServiceAccount } from "./nodeServiceAccount";

/** A VPC that is there already, with a subnet in the cluster's region and a way out for nodes without addresses. */
export interface ExistingNetwork {
    /** Name, or for a shared VPC `projects/PROJECT/global/networks/NAME`. */
    name: string;
    /** Name of the subnet. */
    subnet: string;
    /** Names of the subnet's secondary ranges for pods and Services. */
    podRange: string;
    serviceRange: string;
}

export interface GkeClusterArgs {
    /** Google Cloud project; the same that the provider is configured with. */
    project: string;
    /** A zone makes a zonal cluster, a region one in three zones. */
    location: Location;
    /** The network to join, or the ranges of a new one. */
    network: ExistingNetwork | Pick<Ranges, "nodes" | "pods" | "services">;
    /** A /28 for the control plane's private endpoint, in CIDR notation. */
    controlPlaneRange: string;
    /**
     * Ranges in CIDR notation from which the control plane's public address can be reached. Where there are none it has no
     * such address: it is reached by its DNS name, from everywhere, by whom IAM lets.
     */
    authorizedNetworks: readonly string[];
    nodePool: {
        machineType: string;
        /** Fewest nodes in each zone; the pool starts with them. */
        min: number;
        /** Most nodes in each zone. */
        max: number;
        /** Spot machines cost a fraction, and Google may take them away at any time. */
        spot: boolean;
        /** Size of each node's disk in GB. */
        diskSizeGb: number;
    };
    /** Which versions of Kubernetes the cluster follows: RAPID, REGULAR, STABLE or EXTENDED. */
    releaseChannel: string;
    /** While it is on, the provider refuses to delete the cluster. */
    deletionProtection: boolean;
    /** Labels beside those that name the program and the stack, or instead of them. */
    labels: Readonly<Record<string, string>>;
    /** When the four hours begin in which Google may do maintenance on any day: `HH:MM`, UTC. */
    maintenanceStart: string;
    /** Components whose logs go to Cloud Logging. */
    logging: readonly string[];
    /** Components whose metrics go to Cloud Monitoring. */
    monitoring: readonly string[];
    /** Whether Google's own collection of Prometheus metrics runs, which is billed for each sample. */
    managedPrometheus: boolean;
    ingress: {
        /** Whether an address is reserved for the ingress gateway. */
        staticIp: boolean;
    };
}

/** What the program calls, and what nodes report to. Whatever else these need is enabled along with them. */
const APIS = ["cloudresourcemanager", "compute", "container", "iam", "logging", "monitoring"];

/** Google takes up to this long for a cluster, and for the nodes of a pool. */
const HALF_AN_HOUR = { create: "30m", update: "30m", delete: "30m" };

/**
 * A hardened GKE cluster with a network, an identity for its nodes and one pool of them. docs/gke.md has the reasons for
 * each setting.
 */
export class GkeCluster extends pulumi.ComponentResource {
    /** Reaches the cluster. What is made by it waits for the nodes, and on destroy goes before them. */
    public readonly provider: k8s.Provider;
    /** A kubeconfig without credentials, for gcloud's plugin. Secret. */
    public readonly kubeconfig: pulumi.Output<string>;
    /** The cluster itself: what leaves nothing outside of it need not be deleted before it (`deletedWith`). */
    public readonly cluster: Cluster;
    public readonly clusterName: pulumi.Output<string>;
    /** The cluster's zone or region. */
    public readonly location: pulumi.Output<string>;
    /** The command that puts the cluster into the user's own kubeconfig. */
    public readonly getCredentialsCommand: pulumi.Output<string>;
    /** The context that this command makes. */
    public readonly reachedBy: pulumi.Output<{ context: string }>;
    /** The address that is reserved for the ingress gateway, if one is. */
    public readonly ingressAddress: pulumi.Output<string> | undefined;

    constructor(name: string, args: GkeClusterArgs, opts?: pulumi.ComponentResourceOptions) {
        super("bookinfo-mesh:gke:GkeCluster", name, args, opts);

        const { project, location, nodePool } = args;
        const labels = billingLabels({ project: pulumi.getProject(), stack: pulumi.getStack() }, args.labels);
        const dependsOn = APIS.map(
            (api) =>
                new Service(
                    `${name}-${api}-api`,
                    // Others in the project may use it as well.
                    { service: `${api}.googleapis.com`, disableOnDestroy: false },
                    { parent: this },
                ),
        );

        const network = this.joinedNetwork(name, args, dependsOn);
        const nodes = new NodeServiceAccount(`${name}-nodes`, { project }, { parent: this, dependsOn });

        const byDns = args.authorizedNetworks.length === 0;
        this.cluster = new Cluster(
            // Google's name has random digits: a cluster that is replaced gets another id, by which the Kubernetes
            // provider knows that nothing is deployed to it yet.
            name,
            {
                location: location.name,
                network: network.network,
                subnetwork: network.subnetwork,
                networkingMode: "VPC_NATIVE",
                ipAllocationPolicy: {
                    clusterSecondaryRangeName: network.podRange,
                    servicesSecondaryRangeName: network.serviceRange,
                },
                datapathProvider: "ADVANCED_DATAPATH",
                privateClusterConfig: {
                    enablePrivateNodes: true,
                    enablePrivateEndpoint: byDns,
                    masterIpv4CidrBlock: args.controlPlaneRange,
                },
                controlPlaneEndpointsConfig: { dnsEndpointConfig: { allowExternalTraffic: byDns } },
                // With nothing in it, nobody outside of the VPC reaches the control plane by an address.
                masterAuthorizedNetworksConfig: {
                    cidrBlocks: args.authorizedNetworks.map((cidrBlock) => ({ cidrBlock })),
                    gcpPublicCidrsAccessEnabled: false,
                },
                masterAuth: { clientCertificateConfig: { issueClientCertificate: false } },
                enableLegacyAbac: false,
                anonymousAuthenticationConfig: { mode: "LIMITED" },
                rbacBindingConfig: {
                    enableInsecureBindingSystemAuthenticated: false,
                    enableInsecureBindingSystemUnauthenticated: false,
                },
                workloadIdentityConfig: { workloadPool: `${project}.svc.id.goog` },
                enableShieldedNodes: true,
                releaseChannel: { channel: args.releaseChannel },
                maintenancePolicy: { dailyMaintenanceWindow: { startTime: args.maintenanceStart } },
                loggingConfig: { enableComponents: [...args.logging] },
                monitoringConfig: {
                    enableComponents: [...args.monitoring],
                    managedPrometheus: { enabled: args.managedPrometheus },
                },
                costManagementConfig: { enabled: true },
                resourceLabels: labels,
                deletionProtection: args.deletionProtection,
                // A pool that belongs to the cluster cannot be changed without replacing both. The first one is made all
                // the same, and removed; to say what its nodes are like would replace the cluster at each update.
                removeDefaultNodePool: true,
                initialNodeCount: 1,
            },
            {
                parent: this,
                dependsOn,
                // Two clusters of one network cannot have the same ranges. And the load balancer goes with the old one, so
                // that a reserved address is free for the new one.
                deleteBeforeReplace: true,
                // The provider refuses as well, but not before the load balancer and the nodes are gone.
                protect: args.deletionProtection,
                customTimeouts: HALF_AN_HOUR,
            },
        );

        const pool = new NodePool(
            `${name}-pool`,
            {
                cluster: this.cluster.id,
                initialNodeCount: nodePool.min,
                autoscaling: {
                    minNodeCount: nodePool.min,
                    maxNodeCount: nodePool.max,
                    locationPolicy: nodePool.spot ? "ANY" : "BALANCED",
                },
                management: { autoRepair: true, autoUpgrade: true },
                upgradeSettings: { strategy: "SURGE", maxSurge: 1, maxUnavailable: 0 },
                nodeConfig: {
                    machineType: nodePool.machineType,
                    spot: nodePool.spot,
                    diskSizeGb: nodePool.diskSizeGb,
                    diskType: "pd-balanced",
                    imageType: "COS_CONTAINERD",
                    serviceAccount: nodes.email,
                    // What nodes may do is up to the account's roles; scopes are from before there were any.
                    oauthScopes: ["https://www.googleapis.com/auth/cloud-platform"],
                    shieldedInstanceConfig: { enableSecureBoot: true, enableIntegrityMonitoring: true },
                    workloadMetadataConfig: { mode: "GKE_METADATA" },
                    metadata: { "disable-legacy-endpoints": "true" },
                    kubeletConfig: { insecureKubeletReadonlyPortEnabled: "FALSE" },
                    resourceLabels: labels,
                },
            },
            {
                parent: this,
                dependsOn: [nodes.grant, ...network.wayOut],
                // Only where the pool starts: without it GKE starts with no nodes (hashicorp/terraform-provider-google#8270).
                // The autoscaler goes on from there, and another number would replace the pool.
                ignoreChanges: ["initialNodeCount", "nodeCount"],
                customTimeouts: HALF_AN_HOUR,
            },
        );

        // Google's own rules let the control plane reach 443 and 10250 on private nodes, and nothing else.
        const webhooks = new Firewall(
            `${name}-webhooks`,
            {
                description: "The control plane calls istiod, which injects sidecars and validates Istio's objects",
                network: network.network,
                project: network.project,
                direction: "INGRESS",
                sourceRanges: [args.controlPlaneRange],
                targetServiceAccounts: [nodes.email],
                allows: [{ protocol: "tcp", ports: [String(ISTIOD_WEBHOOK_PORT)] }],
            },
            // The provider would move the rule to another network, and the cluster that is still in the old one would be
            // without it.
            { parent: this, dependsOn, replaceOnChanges: ["network"] },
        );

        this.ingressAddress = args.ingress.staticIp
            ? new Address(`${name}-ingress`, { region: location.region, labels }, { parent: this, dependsOn }).address
            : undefined;

        this.kubeconfig = pulumi.secret(this.access(project, byDns).apply(gkeKubeconfig));
        this.provider = new k8s.Provider(
            name,
            // By itself the provider takes a new address or authority for a new cluster, and replaces everything on it.
            // What was changed by hand is brought back, where an update would otherwise stop at it.
            { kubeconfig: this.kubeconfig, clusterIdentifier: this.cluster.id, enablePatchForce: true },
            { parent: this, dependsOn: [pool, webhooks] },
        );

        this.clusterName = this.cluster.name;
        this.location = this.cluster.location;
        const identity = pulumi.output({ project, location: this.location, name: this.clusterName });
        this.getCredentialsCommand = identity.apply((cluster) => getCredentialsCommand(cluster, byDns));
        this.reachedBy = identity.apply((cluster) => ({ context: contextName(cluster) }));
        this.registerOutputs({
            clusterName: this.clusterName,
            location: this.location,
            getCredentialsCommand: this.getCredentialsCommand,
            kubeconfig: this.kubeconfig,
            ingressAddress: this.ingressAddress,
        });
    }

    /** The network that is there, or a new one. */
    private joinedNetwork(name: string, args: GkeClusterArgs, dependsOn: pulumi.Resource[]): JoinedNetwork {
        const { network, location } = args;
        if ("name" in network) {
            const { podRange, serviceRange } = network;
            const [, project] = /^projects\/([^/]+)\//.exec(network.name) ?? [];
            const subnetwork =
                project === undefined
                    ? network.subnet
                    : `projects/${project}/regions/${location.region}/subnetworks/${network.subnet}`;
            return { network: network.name, subnetwork, podRange, serviceRange, project, wayOut: [] };
        }
        const made = new ClusterNetwork(name, { location, ranges: network }, { parent: this, dependsOn });
        return {
            network: made.network,
            subnetwork: made.subnetwork,
            podRange: made.rangeNames.pods,
            serviceRange: made.rangeNames.services,
            project: undefined,
            wayOut: [made.nat],
        };
    }

    private access(project: string, byDns: boolean): pulumi.Output<Access> {
        const { name, location, endpoint, controlPlaneEndpointsConfig, masterAuth } = this.cluster;
        return pulumi
            .all([name, location, endpoint, controlPlaneEndpointsConfig, masterAuth])
            .apply(([name, location, address, { dnsEndpointConfig }, { clusterCaCertificate }]) => {
                const at = { project, location, name };
                return byDns
                    ? { ...at, endpoint: dnsEndpointConfig.endpoint }
                    : { ...at, endpoint: address, caCertificate: clusterCaCertificate };
            });
    }
}

interface JoinedNetwork {
    /** Name, id or link. */
    network: pulumi.Input<string>;
    subnetwork: pulumi.Input<string>;
    podRange: string;
    serviceRange: string;
    /** The project that owns it, where it is another one. */
    project: string | undefined;
    /** What must be there before nodes can reach the internet. */
    wayOut: pulumi.Resource[];
}
