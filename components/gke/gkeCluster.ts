import { Address, Firewall } from "@pulumi/gcp/compute";
import { Cluster, NodePool } from "@pulumi/gcp/container";
import { Service } from "@pulumi/gcp/projects";
import * as pulumi from "@pulumi/pulumi";
import { Provider } from "../kubernetes";
import { ISTIOD_WEBHOOK_PORT } from "../names";
import { contextName, getCredentialsCommand, gkeKubeconfig } from "./kubeconfig";
import { billingLabels } from "./labels";
import type { Location } from "./location";
import { ClusterNetwork, RANGE_NAMES, type Ranges } from "./network";
import { NodeServiceAccount } from "./nodeServiceAccount";

/** An existing VPC, with a subnet in the cluster's region, and internet access for nodes without public addresses. */
interface ExistingNetwork {
    /** Name, or for a shared VPC `projects/PROJECT/global/networks/NAME`. */
    name: string;
    subnet: string;
    /** Names of the subnet's secondary ranges for pods and Services. */
    podRange: string;
    serviceRange: string;
}

export interface GkeClusterArgs {
    /** Google Cloud project: the provider's. */
    project: string;
    /** A cluster in a region is in three zones. */
    location: Location;
    /** The network to join, or the ranges of a new network. */
    network: ExistingNetwork | Pick<Ranges, "nodes" | "pods" | "services">;
    /** A /28 for the control plane's private endpoint, in CIDR notation. */
    controlPlaneRange: string;
    /**
     * Ranges in CIDR notation that can reach the control plane's public address. If empty, it has no such address: it is
     * reachable by DNS name from anywhere, for identities with the IAM permission.
     */
    authorizedNetworks: readonly string[];
    nodePool: {
        machineType: string;
        /** Minimum number of nodes in each zone. The pool starts with it. */
        min: number;
        /** Maximum number of nodes in each zone. */
        max: number;
        /** Spot VMs cost a fraction, but Google may take them away at any time. */
        spot: boolean;
        /** Size of each node's disk in GB. */
        diskSizeGb: number;
    };
    /** RAPID, REGULAR, STABLE or EXTENDED. */
    releaseChannel: string;
    /** While it is true, the provider refuses to delete the cluster. */
    deletionProtection: boolean;
    /** Labels in addition to those that name the program and the stack; they can also override these. */
    labels: Readonly<Record<string, string>>;
    /** Start of Google's daily maintenance window of four hours: `HH:MM`, UTC. */
    maintenanceStart: string;
    /** Components whose logs go to Cloud Logging. */
    logging: readonly string[];
    /** Components whose metrics go to Cloud Monitoring. */
    monitoring: readonly string[];
    /** Whether Google collects Prometheus metrics too. It bills for each sample. */
    managedPrometheus: boolean;
    /** Whether to reserve an address for the ingress gateway. */
    ingress: { staticIp: boolean };
}

/** APIs that the program calls, and that nodes report to. Google enables their dependencies with them. */
const APIS = ["cloudresourcemanager", "compute", "container", "iam", "logging", "monitoring"];

/** Google can need this long for a cluster, and for the nodes of a pool. */
const HALF_AN_HOUR = { create: "30m", update: "30m", delete: "30m" };

/** A hardened GKE cluster: a network, an identity for its nodes, and one node pool. docs/gke.md explains each setting. */
export class GkeCluster extends pulumi.ComponentResource {
    /** Its resources are created after the nodes, and deleted before them. */
    public readonly provider: Provider;
    /** A kubeconfig without credentials, which uses gcloud's plugin. Secret. */
    public readonly kubeconfig: pulumi.Output<string>;
    /** The cluster itself. Resources without traces outside of it can be `deletedWith` it. */
    public readonly cluster: Cluster;
    public readonly clusterName: pulumi.Output<string>;
    /** The cluster's zone or region. */
    public readonly location: pulumi.Output<string>;
    /** The command that adds the cluster to the user's own kubeconfig. */
    public readonly getCredentialsCommand: pulumi.Output<string>;
    /** The context that this command creates. */
    public readonly reachedBy: pulumi.Output<{ context: string }>;
    /** The address reserved for the ingress gateway, if there is one. */
    public readonly ingressAddress: pulumi.Output<string> | undefined;

    constructor(name: string, args: GkeClusterArgs, opts?: pulumi.ComponentResourceOptions) {
        super("bookinfo-mesh:gke:GkeCluster", name, args, opts);

        const { project, location, nodePool } = args;
        const labels = billingLabels({ project: pulumi.getProject(), stack: pulumi.getStack() }, args.labels);
        const dependsOn = APIS.map(
            (api) =>
                new Service(
                    `${name}-${api}-api`,
                    // Others in the project may use it too.
                    { service: `${api}.googleapis.com`, disableOnDestroy: false },
                    { parent: this },
                ),
        );

        const network = this.joinedNetwork(name, args, dependsOn);
        const nodes = new NodeServiceAccount(`${name}-nodes`, { project }, { parent: this, dependsOn });

        const byDns = args.authorizedNetworks.length === 0;
        this.cluster = new Cluster(
            // The real name gets random digits. So a replaced cluster has another id, which tells the Kubernetes provider
            // that nothing is deployed to it yet.
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
                // With an empty list, the control plane's addresses are unreachable from outside of the VPC.
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
                // A pool inside of the cluster resource cannot change without replacing the cluster. GKE always creates such
                // a pool, so it is removed. It has no node settings: they would replace the cluster at each update.
                removeDefaultNodePool: true,
                initialNodeCount: 1,
            },
            {
                parent: this,
                dependsOn,
                // Two clusters in one network cannot have the same ranges. And the old cluster's load balancer must free a
                // reserved address for the new one.
                deleteBeforeReplace: true,
                // The provider refuses too, but only after the load balancer and the nodes are deleted.
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
                    // The account's roles restrict the nodes; scopes are the older mechanism.
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
                dependsOn: [nodes.grant, ...network.internetAccess],
                // Only for the start: without it GKE starts with no nodes (hashicorp/terraform-provider-google#8270). Then the
                // autoscaler decides, and another number here would replace the pool.
                ignoreChanges: ["initialNodeCount", "nodeCount"],
                customTimeouts: HALF_AN_HOUR,
            },
        );

        // Google's own rules let the control plane reach only 443 and 10250 on private nodes.
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
            // By default the provider moves the rule to the new network, while the old cluster still needs it.
            { parent: this, dependsOn, replaceOnChanges: ["network"] },
        );

        this.ingressAddress = args.ingress.staticIp
            ? new Address(`${name}-ingress`, { region: location.region, labels }, { parent: this, dependsOn }).address
            : undefined;

        const { endpoint, controlPlaneEndpointsConfig, masterAuth } = this.cluster;
        const identity = pulumi.output({ project, location: this.cluster.location, name: this.cluster.name });
        const access = pulumi
            .all([identity, endpoint, controlPlaneEndpointsConfig, masterAuth])
            .apply(([cluster, address, { dnsEndpointConfig }, { clusterCaCertificate }]) =>
                byDns
                    ? { ...cluster, endpoint: dnsEndpointConfig.endpoint }
                    : { ...cluster, endpoint: address, caCertificate: clusterCaCertificate },
            );
        this.kubeconfig = pulumi.secret(access.apply(gkeKubeconfig));
        this.provider = new Provider(
            name,
            // As with an existing cluster: a new address or authority is not a new cluster, and manual changes are reverted.
            { kubeconfig: this.kubeconfig, clusterIdentifier: this.cluster.id, enablePatchForce: true },
            { parent: this, dependsOn: [pool, webhooks] },
        );

        this.clusterName = this.cluster.name;
        this.location = this.cluster.location;
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

    /**
     * The existing network, or a new one. `project` is its owner, if that is another project. `internetAccess` must exist
     * before nodes can reach the internet.
     */
    private joinedNetwork(name: string, args: GkeClusterArgs, dependsOn: pulumi.Resource[]) {
        const { network, location } = args;
        if ("name" in network) {
            const { podRange, serviceRange } = network;
            const [, project] = /^projects\/([^/]+)\//.exec(network.name) ?? [];
            const subnetwork =
                project === undefined
                    ? network.subnet
                    : `projects/${project}/regions/${location.region}/subnetworks/${network.subnet}`;
            return { network: network.name, subnetwork, podRange, serviceRange, project, internetAccess: [] };
        }
        const created = new ClusterNetwork(name, { location, ranges: network }, { parent: this, dependsOn });
        return {
            network: created.network,
            subnetwork: created.subnetwork,
            podRange: RANGE_NAMES.pods,
            serviceRange: RANGE_NAMES.services,
            project: undefined,
            internetAccess: [created.nat],
        };
    }
}
