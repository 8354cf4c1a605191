/** The cluster's part of the config. schema.ts explains the metadata. */
import * as z from "zod";
import { ISTIO_NAMESPACE } from "../components/names";
import { DISK_TYPES } from "../components/gke/machineSeries";
import { parseCidr } from "./cidr";
import { flag, group, nonEmpty, wholeNumber } from "./fields";
import { parseLocation } from "./location";

const KUBECONFIG = z.strictObject({
    kind: z.literal("kubeconfig").meta({
        allowed: "gke or kubeconfig",
        example: "kubeconfig",
        description: "gke creates a cluster on Google Cloud; kubeconfig uses an existing one.",
    }),
    path: nonEmpty.meta({
        allowed: "path of a kubeconfig; ~ is the home directory",
        example: "~/.kube/config",
        description: "The kubeconfig to read.",
    }),
    context: nonEmpty.meta({
        allowed: "name of a context in that kubeconfig",
        example: "NAME",
        description:
            "The context to use. It also identifies the cluster: with another context the stack moves to another cluster.",
    }),
    existingNamespaces: z
        .array(z.string())
        .default([])
        .meta({
            allowed: `list of ${ISTIO_NAMESPACE} and the value of app.namespace`,
            description:
                "Namespaces that were there before the stack: it uses and patches them, and leaves them. The command up finds them by itself.",
        }),
});

/** Names in Compute Engine (RFC 1035). */
const NAME = /^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

const name = (what: string) => z.string().regex(NAME, `it is not a name for ${what}`);

/** The name of a network in this project, or the path of a shared network in another project. */
const network = z
    .string()
    .regex(
        /^(?:projects\/[a-z][-a-z0-9.:]{4,62}\/global\/networks\/)?[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/,
        "it is not a name for a network",
    );

/** Ids of projects, and those in a domain (https://cloud.google.com/resource-manager/docs/creating-managing-projects). */
export const PROJECT_ID = /^(?:[a-z0-9.-]+:)?[a-z][-a-z0-9]{4,28}[a-z0-9]$/;

/** A key of Cloud KMS (https://cloud.google.com/kms/docs/getting-resource-ids). */
const kmsKey = (description: string) =>
    z
        .string()
        .regex(
            /^projects\/[^/]+\/locations\/[a-z0-9-]+\/keyRings\/[\w-]{1,63}\/cryptoKeys\/[\w-]{1,63}$/,
            "it is not the id of a key",
        )
        .optional()
        .meta({
            allowed: "projects/PROJECT/locations/REGION/keyRings/RING/cryptoKeys/KEY",
            fallback: "Google's own key",
            example: "projects/PROJECT/locations/us-central1/keyRings/RING/cryptoKeys/KEY",
            description,
        });

const cidr = z.string().refine((text) => parseCidr(text) !== undefined, "it is not an IPv4 range in CIDR notation");

/**
 * Families of machine types and their sizes, as in e2-standard-2, n2d-highmem-8, c3-standard-4-lssd or e2-custom-4-8192
 * (https://cloud.google.com/compute/docs/machine-resource).
 */
const MACHINE_TYPE = /^[a-z]+\d+[a-z]*-(?:medium|custom-\d+-\d+(?:-ext)?|[a-z]+-\d+[a-z]*(?:-[a-z]+)?)$/;

const nodes = (fallback: string, example: number, description: string) =>
    wholeNumber(1, 1000).optional().meta({ allowed: "whole number from 1 to 1000", fallback, example, description });

/** https://cloud.google.com/compute/docs/labeling-resources#requirements */
const label = {
    key: /^[a-z][a-z0-9_-]{0,62}$/,
    value: /^[a-z0-9_-]{0,63}$/,
};

const newRange = (content: string, example: string) =>
    cidr.optional().meta({
        allowed: `private IPv4 range in CIDR notation, such as ${example}`,
        fallback: "planned",
        example,
        description: `Range of a new network for ${content}.`,
    });

const ofExistingNetwork = (allowed: string, example: string, description: string) => ({
    fallback: "a new network",
    allowed,
    example,
    description,
});

/** A network without a name is the program's own, and so is its firewall rule: `firewall: true` alone says nothing. */
function withoutOwnFirewall(network: unknown, context: z.RefinementCtx): unknown {
    const isObject = typeof network === "object" && network !== null;
    if (!isObject || !("firewall" in network) || Object.keys(network).length > 1) {
        return network;
    }
    if (network.firewall !== true) {
        const message = "no existing network is named here, and the rule in a new network is the program's";
        context.addIssue({ code: "custom", path: ["firewall"], message });
        return z.NEVER;
    }
    return undefined;
}

const GKE = z.strictObject({
    kind: z.literal("gke"),
    location: z
        .string()
        .refine((text) => parseLocation(text) !== undefined, "it is neither a zone nor a region")
        .optional()
        .meta({
            allowed: "zone such as us-central1-a, or region such as us-central1",
            fallback: "gcp:zone, else gcp:region, else us-central1-a",
            example: "us-central1-a",
            description:
                "Where the cluster is. In a region it has control planes and nodes in three zones, and costs accordingly more.",
        }),
    zones: z
        .array(
            z.string().refine((text) => parseLocation(text)?.regional === false, "it is not a zone"),
            "it is not a list",
        )
        .min(1, "it is empty")
        .refine((zones) => new Set(zones).size === zones.length, "a zone is in it twice")
        .optional()
        .meta({
            allowed: "list of zones of the cluster's region",
            fallback: "the cluster's zone, or three that Google chooses",
            example: "[us-central1-b, us-central1-f]",
            description: "Zones of the nodes. Set it if a zone has no machines of this type.",
        }),
    network: z.preprocess(
        withoutOwnFirewall,
        z
            .strictObject({
                name: network.meta(
                    ofExistingNetwork(
                        "name of a VPC network, or projects/PROJECT/global/networks/NAME of a shared one",
                        "NAME",
                        "An existing network, with Cloud NAT in the cluster's region.",
                    ),
                ),
                subnet: name("a subnet").meta(
                    ofExistingNetwork("name of a subnet", "NAME", "Its subnet in the cluster's region."),
                ),
                podRange: name("a range").meta(
                    ofExistingNetwork("name of a secondary range", "pods", "The subnet's range for pods."),
                ),
                serviceRange: name("a range").meta(
                    ofExistingNetwork("name of a secondary range", "services", "The subnet's range for Services."),
                ),
                firewall: flag(
                    true,
                    "Whether to make the firewall rule by which the control plane reaches istiod. With false, somebody else makes it (docs/gke.md has its text).",
                ).meta({ allowed: "true; false only for an existing network" }),
            })
            .optional(),
    ),
    ranges: group({
        nodes: newRange("nodes, with room for all of them", "10.0.0.0/20"),
        pods: newRange("pods, 256 addresses for each node", "10.4.0.0/14"),
        services: newRange("Services", "10.0.16.0/20"),
        controlPlane: cidr.optional().meta({
            allowed: "private IPv4 /28 in CIDR notation, such as 172.16.0.0/28",
            fallback: "planned; required with cluster.network",
            example: "172.16.0.0/28",
            description: "Separate range for the control plane's private endpoint.",
        }),
    }),
    authorizedNetworks: z
        .array(
            cidr.refine(
                (text) => !text.endsWith("/0"),
                "it allows everyone; with an empty list IAM decides who has access",
            ),
            "it is not a list",
        )
        .default([])
        .meta({
            allowed: "list of IPv4 ranges in CIDR notation",
            description:
                "Networks that can reach the control plane's public address. If empty, it has no such address, only a DNS name.",
        }),
    nodePool: group({
        machineType: z
            .string()
            .regex(MACHINE_TYPE, "it does not have the form of a machine type")
            .default("e2-standard-2")
            .meta({
                allowed: "machine type such as e2-standard-2, not smaller than e2-medium",
                description: "Machine type of the nodes.",
            }),
        min: nodes("2, in a region 1", 2, "Minimum number of nodes in each zone."),
        max: nodes("4, in a region 2", 4, "Maximum number of nodes in each zone."),
        spot: flag(
            false,
            "Whether nodes are Spot VMs: they cost a fraction, but Google may take them away at any time.",
        ),
        diskSizeGb: wholeNumber(20, 65_536).default(50).meta({
            allowed: "whole number from 20 to 65536",
            description: "Size of each node's disk in GB.",
        }),
        diskType: z.enum(DISK_TYPES).optional().meta({
            fallback: "what the machine type boots from: pd-balanced, else hyperdisk-balanced",
            example: "pd-ssd",
            description: "Kind of each node's disk.",
        }),
        serviceAccount: z
            .string()
            .regex(
                /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?@[a-z0-9][-a-z0-9.]*\.gserviceaccount\.com$/,
                "it is not a service account",
            )
            .optional()
            .meta({
                allowed: "email of a service account, such as NAME@PROJECT.iam.gserviceaccount.com",
                fallback: "a new account with the role for nodes",
                example: "NAME@PROJECT.iam.gserviceaccount.com",
                description: "Account that nodes run as. The program then sets no role in the project.",
            }),
    }),
    registryProjects: z
        .array(z.string().regex(PROJECT_ID, "it is not the id of a project"), "it is not a list")
        .refine((projects) => new Set(projects).size === projects.length, "a project is in it twice")
        .default([])
        .meta({
            allowed: "list of ids of Google Cloud projects",
            description: "Projects whose Artifact Registry the nodes may read, for images of your own.",
        }),
    kmsKey: kmsKey("Key in Cloud KMS that encrypts the nodes' disks."),
    secretsKey: kmsKey("Key in Cloud KMS that encrypts Secrets before they are stored."),
    releaseChannel: z
        .enum(["RAPID", "REGULAR", "STABLE", "EXTENDED"])
        .default("REGULAR")
        .describe("How soon the cluster gets new versions of Kubernetes."),
    deletionProtection: flag(
        false,
        "Whether the cluster is protected from deletion. To delete it, first run pulumi up with false.",
    ),
    labels: z
        .record(
            z.string().regex(label.key, "it is not a key for a label"),
            z.string().regex(label.value, "it is not a value for a label"),
        )
        .default({})
        .meta({
            allowed: "object of lower-case letters, digits, _ and -",
            description: "Labels for billed resources, in addition to app, stack and managed-by.",
        }),
    maintenanceStart: z
        .string()
        .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, "it is not a time of day")
        .default("03:00")
        .meta({ allowed: "HH:MM, in UTC", description: "Start of Google's daily maintenance window of four hours." }),
    logging: components(
        "SYSTEM_COMPONENTS",
        "WORKLOADS",
        "APISERVER",
        "CONTROLLER_MANAGER",
        "SCHEDULER",
        "KCP_VPA",
    ).describe("Components whose logs go to Cloud Logging."),
    monitoring: components(
        ...["SYSTEM_COMPONENTS", "APISERVER", "CONTROLLER_MANAGER", "SCHEDULER", "STORAGE", "HPA", "POD"],
        ...["DAEMONSET", "DEPLOYMENT", "STATEFULSET", "KUBELET", "CADVISOR", "DCGM", "JOBSET"],
    ).describe("Components whose metrics go to Cloud Monitoring."),
    managedPrometheus: flag(false, "Whether Google also collects Prometheus metrics, and bills for them."),
    ingress: group({
        staticIp: flag(
            false,
            "Whether to reserve an address for the ingress gateway, which a new gateway gets again. If the gateway's Service is annotated as internal, it is one of the subnet.",
        ),
    }),
});

/** A list of components from those that @pulumi/gcp documents for the cluster; by default only the system's. */
function components(...known: string[]) {
    return z
        .array(z.enum(known), "it is not a list")
        .default(["SYSTEM_COMPONENTS"])
        .meta({ allowed: `list of ${known.join(", ")}` });
}

/** The keys that each kind of cluster has. */
export const CLUSTER_KEYS = { kubeconfig: Object.keys(KUBECONFIG.shape), gke: Object.keys(GKE.shape) };

export const CLUSTER_SECTION = z.discriminatedUnion("kind", [KUBECONFIG, GKE]).describe("The cluster to deploy to.");
