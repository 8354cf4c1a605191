import { overlap, rangeOf } from "./cidr";
import { networkId, rangesOf, subnetwork, subnetworkId } from "./compute";
import { accountId } from "./iam";
import {
    type CloudObject,
    get,
    type Inputs,
    type Kind,
    list,
    located,
    type Reference,
    refuse,
    Refusal,
    text,
} from "./kind";
import { UNKNOWN } from "./shapes";

/*
 * Kubernetes Engine. Immutable fields: those marked ForceNew in hashicorp/terraform-provider-google 7.45, services/container
 * (resource_container_cluster.go, resource_container_node_pool.go, node_config.go). Automatic names: pulumi/pulumi-gcp,
 * provider/resources.go, where neither has a limit, and Google's own is 40.
 */

const API = "container.googleapis.com";
const NAME = /^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/;
const ZONE = /^[a-z]+-[a-z]+\d+-(ai\d+)?[a-z]$/;
const REGION = /^[a-z]+-[a-z]+\d+$/;
const autoName = { field: "name", limit: 255 };

/** How a cluster of this Google Cloud is reached. */
export interface ControlPlane {
    /** Host, and port where it is not 443. */
    endpoint: string;
    /** PEM, base64-encoded. */
    caCertificate: string;
}

/** Region of a region or a zone. */
const regionOf = (location: string) => location.replace(/-(ai\d+)?[a-z]$/, "");

/** Fills in the place: a zone or a region, that of the provider's config where none is given. */
function settle(inputs: Inputs, scope: Scope): Inputs {
    const settled = located(inputs, scope, "project");
    const location = settled.location ?? scope.zone ?? scope.region;
    if (typeof location !== "string" || location === "") {
        throw new Refusal(
            "cannot determine location: set location in this resource, or set provider-level zone or region",
        );
    }
    return { ...settled, location };
}

type Scope = Parameters<Kind["settle"]>[1];

function checkName(inputs: Inputs) {
    const name = text(inputs, "name");
    return NAME.test(name) ? [] : [{ property: "name", reason: `"${name}" must match ${NAME.source}` }];
}

/** What kinds of nodes share, below the path of their node config (node_config.go). */
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

function subnetworkOf(cluster: Inputs): string {
    return subnetworkId(text(cluster, "subnetwork"), text(cluster, "project"), regionOf(text(cluster, "location")));
}

function admitCluster(settled: Inputs, others: CloudObject[]): void {
    const location = text(settled, "location");
    if (!ZONE.test(location) && !REGION.test(location)) {
        refuse(400, `Location "${location}" does not exist., badRequest`);
    }
    const autopilot = settled.enableAutopilot === true;
    const pools = list(settled, "nodePools").length;
    if (!autopilot && pools === 0 && !(Number(settled.initialNodeCount ?? 0) > 0)) {
        refuse(400, "Cluster.initial_node_count must be greater than zero., badRequest");
    }
    const pool = text(settled, "workloadIdentityConfig.workloadPool");
    if (pool !== "" && pool !== `${text(settled, "project")}.svc.id.goog`) {
        refuse(400, `Workload pool "${pool}" is not the project's., badRequest`);
    }
    const subnet = others.find(({ type, id }) => type === subnetwork.type && id === subnetworkOf(settled));
    const ranges = subnet ? rangesOf(subnet.outputs) : new Map<string, string>();
    for (const [what, field] of [
        ["Pod", "clusterSecondaryRangeName"],
        ["Services", "servicesSecondaryRangeName"],
    ] as const) {
        const name = text(settled, `ipAllocationPolicy.${field}`);
        if (name !== "" && !ranges.has(name)) {
            refuse(
                400,
                `${what} secondary range "${name}" not found in ${subnet?.id ?? "the subnetwork"}., badRequest`,
            );
        }
    }
    const controlPlane = text(settled, "privateClusterConfig.masterIpv4CidrBlock");
    const block = rangeOf(controlPlane);
    if (controlPlane !== "" && !(block && block.last - block.first === 15)) {
        refuse(400, `Invalid master authorized CIDR: ${controlPlane} is not a /28 block., badRequest`);
    }
    const network = (inputs: Inputs) => networkId(text(inputs, "network"), text(inputs, "project"));
    const neighbours = others.filter(
        ({ type, outputs }) => type.endsWith(":Cluster") && network(outputs) === network(settled),
    );
    const blocks = neighbours.map(({ outputs }) => text(outputs, "privateClusterConfig.masterIpv4CidrBlock"));
    for (const taken of [...ranges.values(), ...blocks]) {
        const range = rangeOf(taken);
        if (block && range && overlap(block, range)) {
            refuse(400, `The master's range ${controlPlane} overlaps ${taken} in ${network(settled)}., badRequest`);
        }
    }
}

/** A cluster kind, whose clusters hand out the given control plane. */
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
        settle,
        id: ({ project, location, name }) =>
            `projects/${String(project)}/locations/${String(location)}/clusters/${String(name)}`,
        references: (settled) => {
            const network = networkId(text(settled, "network") || "default", text(settled, "project"));
            const subnet: Reference[] =
                settled.subnetwork === undefined ? [] : [{ id: subnetworkOf(settled), onDelete: "refuse" }];
            return [{ id: network, onDelete: "refuse" }, ...subnet];
        },
        admit: admitCluster,
        release: (outputs) => {
            if (outputs.deletionProtection === true) {
                throw new Refusal(
                    "Cannot destroy cluster because deletion_protection is set to true. " +
                        "Set it to false to proceed with cluster deletion.",
                );
            }
        },
        computed: (settled, id) => ({
            // True unless it is set (resource_container_cluster.go).
            deletionProtection: settled.deletionProtection ?? true,
            endpoint: controlPlane.endpoint,
            masterAuth: { clusterCaCertificate: controlPlane.caCertificate },
            controlPlaneEndpointsConfig: { dnsEndpointConfig: { endpoint: controlPlane.endpoint } },
            masterVersion: "1.36.1-gke.1000",
            selfLink: `https://container.googleapis.com/v1/${id}`,
        }),
    };
}

/** Id of the cluster that a node pool belongs to. */
function clusterOf(settled: Inputs): string {
    const cluster = text(settled, "cluster");
    return cluster.includes("/")
        ? cluster
        : `projects/${text(settled, "project")}/locations/${text(settled, "location")}/clusters/${cluster}`;
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
    settle: (inputs, scope) => {
        // The provider takes both from the id of a cluster, and in a preview knows neither.
        const cluster = text(inputs, "cluster");
        const [, project, location] =
            cluster === UNKNOWN
                ? [UNKNOWN, UNKNOWN, UNKNOWN]
                : (/^projects\/(.+)\/locations\/(.+)\/clusters/.exec(cluster) ?? []);
        return settle({ ...inputs, location: inputs.location ?? location, project: inputs.project ?? project }, scope);
    },
    id: (settled) => `${clusterOf(settled)}/nodePools/${text(settled, "name")}`,
    references: (settled) => {
        const account = accountId(text(settled, "nodeConfig.serviceAccount"), text(settled, "project"));
        const ofAccount: Reference[] = account === undefined ? [] : [{ id: account, onDelete: "ignore" }];
        return [{ id: clusterOf(settled), onDelete: "cascade" }, ...ofAccount];
    },
    admit: (settled) => {
        const count = (bound: string) => get(settled, `autoscaling.${bound}`) as number | undefined;
        if ((count("minNodeCount") ?? 0) > (count("maxNodeCount") ?? Infinity)) {
            refuse(400, "autoscaling.min_node_count must not exceed autoscaling.max_node_count., badRequest");
        }
    },
    computed: (settled) => ({
        version: "1.36.1-gke.1000",
        nodeCount: settled.nodeCount ?? settled.initialNodeCount ?? get(settled, "autoscaling.minNodeCount") ?? 1,
    }),
};
