import { overlap, rangeOf } from "./cidr";
import { networkId, rangesOf, subnetwork, subnetworkId } from "./compute";
import { accountId, projectIdOf } from "./iam";
import {
    type CloudObject,
    type Inputs,
    type Kind,
    listAt,
    type Reference,
    RequestError,
    type Scope,
    stringAt,
    throwApiError,
    valueAt,
    withScope,
} from "./kind";
import { UNKNOWN } from "./shapes";

/*
 * Kubernetes Engine. Sources:
 * - immutable fields: ForceNew in hashicorp/terraform-provider-google 7.45, services/container (resource_container_cluster.go,
 *   resource_container_node_pool.go, node_config.go)
 * - automatic names: pulumi/pulumi-gcp, provider/resources.go, without a limit; Google's limit is 40
 */

const API = "container.googleapis.com";
const NAME = /^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/;
const ZONE = /^[a-z]+-[a-z]+\d+-(ai\d+)?[a-z]$/;
const REGION = /^[a-z]+-[a-z]+\d+$/;
const autoName = { field: "name", limit: 255 };

/** The address of every cluster of this Google Cloud. */
export interface ControlPlane {
    /** Host, with the port unless it is 443. */
    endpoint: string;
    /** PEM, base64-encoded. */
    caCertificate: string;
}

/** Region of a region or a zone. */
const regionOf = (location: string) => location.replace(/-(ai\d+)?[a-z]$/, "");

/** Fills in the project and the location: a zone or a region, by default that of the provider's config. */
function resolve(inputs: Inputs, scope: Scope): Inputs {
    const resolved = withScope(inputs, scope, "project");
    const location = resolved.location ?? scope.zone ?? scope.region;
    if (typeof location !== "string" || location === "") {
        throw new RequestError(
            "cannot determine location: set location in this resource, or set provider-level zone or region",
        );
    }
    return { ...resolved, location };
}

function checkName(inputs: Inputs) {
    const name = stringAt(inputs, "name");
    return NAME.test(name) ? [] : [{ property: "name", reason: `"${name}" must match ${NAME.source}` }];
}

/** Immutable fields in the node config of clusters and node pools (node_config.go). */
const immutableNodeConfig = [
    "guestAccelerators",
    "localSsdCount",
    "ephemeralStorageLocalSsdConfig",
    "localNvmeSsdBlockConfig",
    "secondaryBootDisks",
    "metadata",
    "minCpuPlatform",
    "oauthScopes",
    "preemptible",
    "reservationAffinity",
    "spot",
    "serviceAccount",
    "shieldedInstanceConfig",
    "sandboxConfig",
    "bootDiskKmsKey",
    "nodeGroup",
    "advancedMachineFeatures",
    "soleTenantConfig",
    "hostMaintenancePolicy",
    "confidentialNodes.confidentialInstanceType",
    "enableConfidentialStorage",
    "localSsdEncryptionMode",
    "maxRunDuration",
    "flexStart",
].map((field) => `nodeConfig.${field}`);

/** Machines that boot only from Hyperdisk, and machines that never do (cloud.google.com/compute/docs/disks). */
const ONLY_HYPERDISK = /^(?:n4|c4)[a-z]*-/;
const ONLY_PERSISTENT = /^(?:e2|n1|n2|n2d|t2a|t2d|c2|c2d)-/;
const ARM = /^(?:t2a|c4a|n4a)-/;

/** @throws RequestError if Google makes no machine with these settings */
function validateNodes(resolved: Inputs): void {
    const machine = stringAt(resolved, "nodeConfig.machineType");
    const disk = stringAt(resolved, "nodeConfig.diskType");
    const impossible = disk.startsWith("hyperdisk") ? ONLY_PERSISTENT : ONLY_HYPERDISK;
    if (disk !== "" && impossible.test(machine)) {
        throwApiError(400, `${disk} disk type cannot be used by ${machine} machine type., badRequest`);
    }
}

/** The taints that Google gives nodes by itself. */
function ownTaints(resolved: Inputs): object[] {
    const isArm = ARM.test(stringAt(resolved, "nodeConfig.machineType"));
    const isOff = stringAt(resolved, "nodeConfig.taintConfig.architectureTaintBehavior") === "NONE";
    return isArm && !isOff ? [{ key: "kubernetes.io/arch", value: "arm64", effect: "NO_SCHEDULE" }] : [];
}

function subnetworkOf(cluster: Inputs): string {
    return subnetworkId(
        stringAt(cluster, "subnetwork"),
        stringAt(cluster, "project"),
        regionOf(stringAt(cluster, "location")),
    );
}

function validateCluster(resolved: Inputs, others: CloudObject[]): void {
    const location = stringAt(resolved, "location");
    if (!ZONE.test(location) && !REGION.test(location)) {
        throwApiError(400, `Location "${location}" does not exist., badRequest`);
    }
    validateNodes(resolved);
    const autopilot = resolved.enableAutopilot === true;
    const pools = listAt(resolved, "nodePools").length;
    if (!autopilot && pools === 0 && !(Number(resolved.initialNodeCount ?? 0) > 0)) {
        throwApiError(400, "Cluster.initial_node_count must be greater than zero., badRequest");
    }
    const pool = stringAt(resolved, "workloadIdentityConfig.workloadPool");
    if (pool !== "" && pool !== `${projectIdOf(stringAt(resolved, "project"))}.svc.id.goog`) {
        throwApiError(400, `Workload pool "${pool}" is not the project's., badRequest`);
    }
    const subnet = others.find(({ type, id }) => type === subnetwork.type && id === subnetworkOf(resolved));
    const ranges = subnet ? rangesOf(subnet.outputs) : new Map<string, string>();
    for (const [what, field] of [
        ["Pod", "clusterSecondaryRangeName"],
        ["Services", "servicesSecondaryRangeName"],
    ] as const) {
        const name = stringAt(resolved, `ipAllocationPolicy.${field}`);
        if (name !== "" && !ranges.has(name)) {
            throwApiError(
                400,
                `${what} secondary range "${name}" not found in ${subnet?.id ?? "the subnetwork"}., badRequest`,
            );
        }
    }
    const controlPlane = stringAt(resolved, "privateClusterConfig.masterIpv4CidrBlock");
    const block = rangeOf(controlPlane);
    if (controlPlane !== "" && !(block && block.last - block.first === 15)) {
        throwApiError(400, `Invalid master authorized CIDR: ${controlPlane} is not a /28 block., badRequest`);
    }
    const network = (inputs: Inputs) => networkId(stringAt(inputs, "network"), stringAt(inputs, "project"));
    const neighbours = others.filter(
        ({ type, outputs }) => type.endsWith(":Cluster") && network(outputs) === network(resolved),
    );
    const blocks = neighbours.map(({ outputs }) => stringAt(outputs, "privateClusterConfig.masterIpv4CidrBlock"));
    for (const taken of [...ranges.values(), ...blocks]) {
        const range = rangeOf(taken);
        if (block && range && overlap(block, range)) {
            throwApiError(
                400,
                `The master's range ${controlPlane} overlaps ${taken} in ${network(resolved)}., badRequest`,
            );
        }
    }
}

/** The kind of clusters, all with the given control plane. */
export function cluster(controlPlane: ControlPlane): Kind {
    return {
        type: "gcp:container/cluster:Cluster",
        module: "container/cluster",
        api: API,
        autoName,
        immutable: [
            "name",
            "location",
            "clusterAutoscaling.autoProvisioningDefaults.bootDiskKmsKey",
            "clusterIpv4Cidr",
            "description",
            "enableKubernetesAlpha",
            "enableTpu",
            "enableAutopilot",
            "initialNodeCount",
            "confidentialNodes",
            "masterAuth.clientCertificateConfig",
            "network",
            "nodePools",
            "project",
            "subnetwork",
            "ipAllocationPolicy.clusterIpv4CidrBlock",
            "ipAllocationPolicy.servicesIpv4CidrBlock",
            "ipAllocationPolicy.clusterSecondaryRangeName",
            "ipAllocationPolicy.servicesSecondaryRangeName",
            "ipAllocationPolicy.podCidrOverprovisionConfig",
            "networkingMode",
            "privateClusterConfig.masterIpv4CidrBlock",
            "privateClusterConfig.privateEndpointSubnetwork",
            "defaultMaxPodsPerNode",
            "datapathProvider",
            "dataplaneOptimizationMode",
            "userManagedKeysConfig.clusterCa",
            "userManagedKeysConfig.etcdApiCa",
            "userManagedKeysConfig.etcdPeerCa",
            "userManagedKeysConfig.aggregationCa",
            ...immutableNodeConfig,
        ],
        check: (inputs) => [
            ...checkName(inputs),
            ...["removeDefaultNodePool", "enableShieldedNodes"]
                .filter((property) => inputs.enableAutopilot === true && inputs[property] !== undefined)
                .map((property) => ({ property, reason: "conflicts with enable_autopilot" })),
        ],
        resolve,
        id: ({ project, location, name }) =>
            `projects/${String(project)}/locations/${String(location)}/clusters/${String(name)}`,
        references: (resolved) => {
            const network = networkId(stringAt(resolved, "network") || "default", stringAt(resolved, "project"));
            const subnet: Reference[] =
                resolved.subnetwork === undefined ? [] : [{ id: subnetworkOf(resolved), onDelete: "refuse" }];
            return [{ id: network, onDelete: "refuse" }, ...subnet];
        },
        validate: validateCluster,
        // Without its first pool, Google reports no settings of nodes.
        reported: ({ nodeConfig, ...inputs }) =>
            inputs.removeDefaultNodePool === true ? inputs : { ...inputs, nodeConfig },
        checkDelete: (outputs) => {
            if (outputs.deletionProtection === true) {
                throw new RequestError(
                    "Cannot destroy cluster because deletion_protection is set to true. " +
                        "Set it to false to proceed with cluster deletion.",
                );
            }
        },
        computed: (resolved, id) => ({
            // The default is true (resource_container_cluster.go).
            deletionProtection: resolved.deletionProtection ?? true,
            endpoint: controlPlane.endpoint,
            masterAuth: { clusterCaCertificate: controlPlane.caCertificate },
            controlPlaneEndpointsConfig: { dnsEndpointConfig: { endpoint: controlPlane.endpoint } },
            masterVersion: "1.36.1-gke.1000",
            selfLink: `https://container.googleapis.com/v1/${id}`,
        }),
    };
}

/** Id of the cluster that a node pool belongs to. */
function clusterOf(resolved: Inputs): string {
    const cluster = stringAt(resolved, "cluster");
    return cluster.includes("/")
        ? cluster
        : `projects/${stringAt(resolved, "project")}/locations/${stringAt(resolved, "location")}/clusters/${cluster}`;
}

export const nodePool: Kind = {
    type: "gcp:container/nodePool:NodePool",
    module: "container/nodePool",
    api: API,
    autoName,
    immutable: [
        "project",
        "cluster",
        "location",
        "placementPolicy",
        "queuedProvisioning",
        "maxPodsPerNode",
        "initialNodeCount",
        "name",
        "namePrefix",
        "networkConfig.acceleratorNetworkProfile",
        "networkConfig.createPodRange",
        "networkConfig.podRange",
        "networkConfig.podIpv4CidrBlock",
        "networkConfig.additionalNodeNetworkConfigs",
        "networkConfig.additionalPodNetworkConfigs",
        "networkConfig.podCidrOverprovisionConfig",
        "networkConfig.subnetwork",
        ...immutableNodeConfig,
    ],
    check: checkName,
    resolve: (inputs, scope) => {
        // The provider takes the project and the location from the cluster's id, which is unknown in a preview.
        const cluster = stringAt(inputs, "cluster");
        const [, project, location] =
            cluster === UNKNOWN
                ? [UNKNOWN, UNKNOWN, UNKNOWN]
                : (/^projects\/(.+)\/locations\/(.+)\/clusters/.exec(cluster) ?? []);
        return resolve({ ...inputs, location: inputs.location ?? location, project: inputs.project ?? project }, scope);
    },
    id: (resolved) => `${clusterOf(resolved)}/nodePools/${stringAt(resolved, "name")}`,
    references: (resolved) => {
        const account = accountId(stringAt(resolved, "nodeConfig.serviceAccount"), stringAt(resolved, "project"));
        const ofAccount: Reference[] = account === undefined ? [] : [{ id: account, onDelete: "ignore" }];
        return [{ id: clusterOf(resolved), onDelete: "cascade" }, ...ofAccount];
    },
    validate: (resolved) => {
        validateNodes(resolved);
        const count = (bound: string) => valueAt(resolved, `autoscaling.${bound}`) as number | undefined;
        if ((count("minNodeCount") ?? 0) > (count("maxNodeCount") ?? Infinity)) {
            throwApiError(400, "autoscaling.min_node_count must not exceed autoscaling.max_node_count., badRequest");
        }
    },
    computed: (resolved) => ({
        nodeConfig: { effectiveTaints: ownTaints(resolved) },
        version: "1.36.1-gke.1000",
        nodeCount:
            resolved.nodeCount ?? resolved.initialNodeCount ?? valueAt(resolved, "autoscaling.minNodeCount") ?? 1,
    }),
};
