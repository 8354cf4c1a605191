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
import { Apis } from "./apis";
import { nodeConfig, type NodeSettings } from "./nodeConfig";
import { NodeServiceAccount } from "./nodeServiceAccount";
import { isNumeric, projectOf } from "./project";

/** An existing VPC, with a subnet in the cluster's region, and internet access for nodes without public addresses. */
interface ExistingNetwork {
    /** Name, or for a shared VPC `projects/PROJECT/global/networks/NAME`. */
    name: string;
    subnet: string;
    /** Names of the subnet's secondary ranges for pods and Services. */
    podRange: string;
    serviceRange: string;
    /** Whether to make the rule by which the control plane reaches istiod. Default: somebody else makes it. */
    firewall: boolean;
}

export interface GkeClusterArgs {
    /** Google Cloud project, the provider's: its id, or its number if nodes run as a new account. */
    project: string;
    /** A cluster in a region is in three zones. */
    location: Location;
    /** The zones of the nodes, all in the cluster's region. Default: the cluster's zone, or three that Google chooses. */
    zones?: readonly string[];
    /** The network to join, or the ranges of a new network. */
    network: ExistingNetwork | Pick<Ranges, "nodes" | "pods" | "services">;
    /** A /28 for the control plane's private endpoint, in CIDR notation. */
    controlPlaneRange: string;
    /**
     * Ranges in CIDR notation that can reach the control plane's public address. If empty, it has no such address: it is
     * reachable by DNS name from anywhere, for identities with the IAM permission.
     */
    authorizedNetworks: readonly string[];
    nodePool: Pick<NodeSettings, "machineType" | "spot" | "diskSizeGb" | "diskType"> & {
        /** Minimum number of nodes in each zone. The pool starts with it. */
        min: number;
        /** Maximum number of nodes in each zone. */
        max: number;
        /** Email of the service account that nodes run as. Its roles are set elsewhere. Default: a new one. */
        serviceAccount?: string;
    };
    /** Projects with registries that the new service account may read. */
    registryProjects: readonly string[];
    /** The key that encrypts the nodes' disks: `projects/…/cryptoKeys/NAME`. Default: Google's own. */
    kmsKey?: string;
    /** The key that encrypts Secrets in the cluster's database. Default: Google's own, for the whole disk. */
    secretsKey?: string;
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
    /** Whether to reserve an address for the ingress gateway, and whether it is one of the cluster's subnet. Default: a public one. */
    ingress: { staticIp: boolean; internal?: boolean };
}

/**
 * APIs that the program calls, and that nodes report to, beside that of Cloud Resource Manager. Google enables their dependencies
 * with them.
 */
const APIS = ["compute", "container", "iam", "logging", "monitoring"];

/**
 * No new minor version of Kubernetes before the old one is without support: Istio supports only some. The time must not change, and may
 * be in the past (https://cloud.google.com/kubernetes-engine/docs/concepts/maintenance-windows-and-exclusions).
 */
const ONLY_PATCHES = {
    exclusionName: "only-patches",
    startTime: "2026-01-01T00:00:00Z",
    exclusionOptions: { scope: "NO_MINOR_UPGRADES", endTimeBehavior: "UNTIL_END_OF_SUPPORT" },
};

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
        const dependsOn = this.enabledApis(name, project);
        const network = this.joinedNetwork(name, args, labels, dependsOn);
        const account = this.nodesAccount(name, args, dependsOn);
        // Google accepts the number of a project in most places, but names its workload pool by the id.
        const projectId = isNumeric(project) ? pulumi.output(account.email).apply(projectOf) : project;
        const { kmsKey, secretsKey, zones } = args;
        const nodes = nodeConfig({ ...nodePool, kmsKey, serviceAccount: account.email, labels });

        const byDns = args.authorizedNetworks.length === 0;
        this.cluster = new Cluster(
            // The real name gets random digits. So a replaced cluster has another id, which tells the Kubernetes provider
            // that nothing is deployed to it yet.
            name,
            {
                location: location.name,
                // A zonal cluster has its own zone in any case, and Google's API does not list it.
                ...(zones && { nodeLocations: zones.filter((zone) => zone !== location.name) }),
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
                workloadIdentityConfig: { workloadPool: pulumi.interpolate`${projectId}.svc.id.goog` },
                enableShieldedNodes: true,
                releaseChannel: { channel: args.releaseChannel },
                maintenancePolicy: {
                    dailyMaintenanceWindow: { startTime: args.maintenanceStart },
                    maintenanceExclusions: [ONLY_PATCHES],
                },
                ...(secretsKey !== undefined && { databaseEncryption: { state: "ENCRYPTED", keyName: secretsKey } }),
                loggingConfig: { enableComponents: [...args.logging] },
                monitoringConfig: {
                    enableComponents: [...args.monitoring],
                    managedPrometheus: { enabled: args.managedPrometheus },
                },
                costManagementConfig: { enabled: true },
                resourceLabels: labels,
                deletionProtection: args.deletionProtection,
                // A pool inside of the cluster resource cannot change without replacing the cluster. GKE always creates such
                // a pool, so it is removed. Until then, its nodes must be allowed by what an organisation demands of nodes.
                removeDefaultNodePool: true,
                initialNodeCount: 1,
                nodeConfig: nodes,
            },
            {
                parent: this,
                dependsOn: [...dependsOn, ...account.grants, ...network.leftovers],
                // Google reports no settings of nodes once the first pool is gone: each update would replace the cluster
                // (pulumi/pulumi-gcp#744).
                ignoreChanges: ["nodeConfig"],
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
                ...(zones && { nodeLocations: [...zones] }),
                initialNodeCount: nodePool.min,
                autoscaling: {
                    minNodeCount: nodePool.min,
                    maxNodeCount: nodePool.max,
                    locationPolicy: nodePool.spot ? "ANY" : "BALANCED",
                },
                management: { autoRepair: true, autoUpgrade: true },
                upgradeSettings: { strategy: "SURGE", maxSurge: 1, maxUnavailable: 0 },
                nodeConfig: nodes,
            },
            {
                parent: this,
                dependsOn: [...account.grants, ...network.internetAccess],
                // Only for the start: without it GKE starts with no nodes (hashicorp/terraform-provider-google#8270). Then the
                // autoscaler decides, and another number here would replace the pool.
                ignoreChanges: ["initialNodeCount", "nodeCount"],
                customTimeouts: HALF_AN_HOUR,
            },
        );

        // Google's own rules let the control plane reach only 443 and 10250 on private nodes.
        const webhooks = network.firewall
            ? new Firewall(
                  `${name}-webhooks`,
                  {
                      description:
                          "The control plane calls istiod, which injects sidecars and validates Istio's objects",
                      network: network.network,
                      project: network.project,
                      direction: "INGRESS",
                      sourceRanges: [args.controlPlaneRange],
                      targetServiceAccounts: [account.email],
                      allows: [{ protocol: "tcp", ports: [String(ISTIOD_WEBHOOK_PORT)] }],
                  },
                  // By default the provider moves the rule to the new network, while the old cluster still needs it.
                  { parent: this, dependsOn, replaceOnChanges: ["network"] },
              )
            : undefined;

        this.ingressAddress = args.ingress.staticIp
            ? new Address(
                  `${name}-ingress`,
                  {
                      region: location.region,
                      labels,
                      ...(args.ingress.internal && { addressType: "INTERNAL", subnetwork: network.subnetwork }),
                  },
                  { parent: this, dependsOn },
              ).address
            : undefined;

        const { endpoint, controlPlaneEndpointsConfig, masterAuth } = this.cluster;
        const identity = pulumi.output({
            project: projectId,
            location: this.cluster.location,
            name: this.cluster.name,
        });
        const access = pulumi
            .all([identity, endpoint, controlPlaneEndpointsConfig, masterAuth])
            .apply(([cluster, address, { dnsEndpointConfig }, { clusterCaCertificate }]) =>
                byDns
                    ? { ...cluster, endpoint: dnsEndpointConfig.endpoint }
                    : { ...cluster, endpoint: address, caCertificate: clusterCaCertificate },
            );
        this.kubeconfig = pulumi.secret(access.apply((reached) => gkeKubeconfig(reached)));
        this.provider = new Provider(
            name,
            // As with an existing cluster: a new address or authority is not a new cluster, and manual changes are reverted.
            { kubeconfig: this.kubeconfig, clusterIdentifier: this.cluster.id, enablePatchForce: true },
            { parent: this, dependsOn: webhooks ? [pool, webhooks] : [pool] },
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

    /** The APIs that the program calls. Without the first, the provider can ask for no other in a new project. */
    private enabledApis(name: string, project: string): pulumi.Resource[] {
        const enable = (api: string, dependsOn: Service[]) =>
            new Service(
                `${name}-${api}-api`,
                // Others in the project may use it too.
                { service: `${api}.googleapis.com`, disableOnDestroy: false },
                { parent: this, dependsOn },
            );
        const resourceManager = enable("cloudresourcemanager", []);
        const services = [resourceManager, ...APIS.map((api) => enable(api, [resourceManager]))];
        return [...services, new Apis(`${name}-apis`, { project }, { parent: this, dependsOn: services })];
    }

    /** The account that nodes run as, and its roles, if the program sets them: nodes that start before cannot report. */
    private nodesAccount(
        name: string,
        { project, nodePool: { serviceAccount }, registryProjects }: GkeClusterArgs,
        dependsOn: pulumi.Resource[],
    ): { email: pulumi.Input<string>; grants: pulumi.Resource[] } {
        return serviceAccount === undefined
            ? new NodeServiceAccount(`${name}-nodes`, { project, registryProjects }, { parent: this, dependsOn })
            : { email: serviceAccount, grants: [] };
    }

    /**
     * The existing network, or a new one. `project` is its owner, if that is another project. `internetAccess` must exist
     * before nodes can reach the internet, and `leftovers` before there is anything to remove.
     */
    private joinedNetwork(
        name: string,
        args: GkeClusterArgs,
        labels: Record<string, string>,
        dependsOn: pulumi.Resource[],
    ) {
        const { network, location, project } = args;
        if ("name" in network) {
            const { podRange, serviceRange } = network;
            const [, owner] = /^projects\/([^/]+)\//.exec(network.name) ?? [];
            const subnetwork =
                owner === undefined
                    ? network.subnet
                    : `projects/${owner}/regions/${location.region}/subnetworks/${network.subnet}`;
            const { firewall } = network;
            const names = { network: network.name, subnetwork, podRange, serviceRange };
            return { ...names, project: owner, firewall, internetAccess: [], leftovers: [] };
        }
        const created = new ClusterNetwork(
            name,
            { project, location, labels, ranges: network },
            { parent: this, dependsOn },
        );
        return {
            network: created.network,
            subnetwork: created.subnetwork,
            podRange: RANGE_NAMES.pods,
            serviceRange: RANGE_NAMES.services,
            project: undefined,
            firewall: true,
            internetAccess: [created.nat],
            leftovers: [created.leftovers],
        };
    }
}
