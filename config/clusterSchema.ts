/** What a config may hold of the cluster. What the metadata mean is said in schema.ts. */
import { z } from "zod";
import { parseCidr } from "./cidr";
import { parseLocation } from "./location";

const KUBECONFIG = z.strictObject({
    kind: z.literal("kubeconfig").meta({
        allowed: "gke or kubeconfig",
        example: "kubeconfig",
        description: "gke makes a cluster on Google Cloud, kubeconfig takes one that exists already.",
    }),
    path: z.string().min(1, "it is empty").meta({
        allowed: "path of a kubeconfig; ~ is the home directory",
        example: "~/.kube/config",
        description: "The kubeconfig to read.",
    }),
    context: z.string().min(1, "it is empty").meta({
        allowed: "name of a context in that kubeconfig",
        example: "NAME",
        description:
            "The context to use. It also is the cluster's identity: another one means to move to another cluster.",
    }),
});

/** Names in Compute Engine (RFC 1035). */
const NAME = /^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

const name = (what: string) => z.string().regex(NAME, `it is not a name for ${what}`);

/** A network of a project's own by its name, a shared one with the project it is in. */
const network = z
    .string()
    .regex(
        /^(?:projects\/[a-z][-a-z0-9.:]{4,62}\/global\/networks\/)?[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/,
        "it is not a name for a network",
    );

const cidr = z.string().refine((text) => parseCidr(text) !== undefined, "it is not an IPv4 range in CIDR notation");

/**
 * Families of machine types and their sizes, as in e2-standard-2, n2d-highmem-8, c3-standard-4-lssd or e2-custom-4-8192
 * (https://cloud.google.com/compute/docs/machine-resource).
 */
const MACHINE_TYPE = /^[a-z]+\d+[a-z]*-(?:medium|custom-\d+-\d+(?:-ext)?|[a-z]+-\d+[a-z]*(?:-[a-z]+)?)$/;

const nodes = z.int().min(1, "it is too small").max(1000, "it is too large").optional();

/** https://cloud.google.com/compute/docs/labeling-resources#requirements */
const label = {
    key: /^[a-z][a-z0-9_-]{0,62}$/,
    value: /^[a-z0-9_-]{0,63}$/,
};

const newRange = (holds: string, example: string) =>
    cidr.optional().meta({
        allowed: `private IPv4 range in CIDR notation, such as ${example}`,
        fallback: "planned",
        example,
        description: `Range of a new network for ${holds}.`,
    });

const ofExistingNetwork = { fallback: "a new network" };

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
                "Where the cluster is. In a region it has control planes and nodes in three zones, and costs that much more.",
        }),
    network: z
        .strictObject({
            name: network.meta({
                ...ofExistingNetwork,
                allowed: "name of a VPC network, or projects/PROJECT/global/networks/NAME of a shared one",
                example: "NAME",
                description: "A network that exists already, with Cloud NAT in the cluster's region.",
            }),
            subnet: name("a subnet").meta({
                ...ofExistingNetwork,
                allowed: "name of a subnet",
                example: "NAME",
                description: "Its subnet in the cluster's region.",
            }),
            podRange: name("a range").meta({
                ...ofExistingNetwork,
                allowed: "name of a secondary range",
                example: "pods",
                description: "The subnet's range for pods.",
            }),
            serviceRange: name("a range").meta({
                ...ofExistingNetwork,
                allowed: "name of a secondary range",
                example: "services",
                description: "The subnet's range for Services.",
            }),
        })
        .optional(),
    ranges: z
        .strictObject({
            nodes: newRange("nodes, with room for all of them", "10.0.0.0/20"),
            pods: newRange("pods, 256 addresses for each node", "10.4.0.0/14"),
            services: newRange("Services", "10.0.16.0/20"),
            controlPlane: cidr.optional().meta({
                allowed: "private IPv4 /28 in CIDR notation, such as 172.16.0.0/28",
                fallback: "planned",
                example: "172.16.0.0/28",
                description: "Range of its own for the control plane's private endpoint.",
            }),
        })
        .prefault({}),
    authorizedNetworks: z
        .array(
            cidr.refine((text) => !text.endsWith("/0"), "it is everyone; without a list IAM decides who gets in"),
            "it is not a list",
        )
        .default([])
        .meta({
            allowed: "list of IPv4 ranges in CIDR notation",
            description:
                "From where the control plane's public address is reached. Without any it has none, and is reached by its DNS name.",
        }),
    nodePool: z
        .strictObject({
            machineType: z
                .string()
                .regex(MACHINE_TYPE, "it does not have the form of a machine type")
                .default("e2-standard-2")
                .meta({
                    allowed: "machine type such as e2-standard-2, not smaller than e2-medium",
                    description: "Machine type of the nodes.",
                }),
            min: nodes.meta({
                allowed: "whole number from 1 to 1000",
                fallback: "2, in a region 1",
                example: 2,
                description: "Fewest nodes in each zone.",
            }),
            max: nodes.meta({
                allowed: "whole number from 1 to 1000",
                fallback: "4, in a region 2",
                example: 4,
                description: "Most nodes in each zone.",
            }),
            spot: z.boolean().default(false).meta({
                description: "Spot machines: they cost a fraction, and Google may take them away at any time.",
            }),
            diskSizeGb: z.int().min(20, "it is too small").max(65_536, "it is too large").default(50).meta({
                allowed: "whole number from 20 to 65536",
                description: "Size of each node's disk in GB.",
            }),
        })
        .prefault({}),
    releaseChannel: z.enum(["RAPID", "REGULAR", "STABLE", "EXTENDED"]).default("REGULAR").meta({
        description: "How closely the cluster follows the versions of Kubernetes.",
    }),
    deletionProtection: z.boolean().default(false).meta({
        description:
            "Whether the cluster cannot be deleted. To delete it all the same, run pulumi up with false first.",
    }),
    labels: z
        .record(
            z.string().regex(label.key, "it is not a key for a label"),
            z.string().regex(label.value, "it is not a value for a label"),
        )
        .default({})
        .meta({
            allowed: "object of lower-case letters, digits, _ and -",
            description: "Labels for what is billed, beside app, stack and managed-by.",
        }),
    maintenanceStart: z
        .string()
        .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, "it is not a time of day")
        .default("03:00")
        .meta({
            allowed: "HH:MM, in UTC",
            description: "When the four hours begin in which Google may do maintenance.",
        }),
    logging: components(
        "SYSTEM_COMPONENTS",
        "WORKLOADS",
        "APISERVER",
        "CONTROLLER_MANAGER",
        "SCHEDULER",
        "KCP_VPA",
    ).meta({ description: "Components whose logs go to Cloud Logging." }),
    monitoring: components(
        ...["SYSTEM_COMPONENTS", "APISERVER", "CONTROLLER_MANAGER", "SCHEDULER", "STORAGE", "HPA", "POD"],
        ...["DAEMONSET", "DEPLOYMENT", "STATEFULSET", "KUBELET", "CADVISOR", "DCGM", "JOBSET"],
    ).meta({ description: "Components whose metrics go to Cloud Monitoring." }),
    managedPrometheus: z.boolean().default(false).meta({
        description: "Whether Google collects Prometheus metrics as well, and bills for them.",
    }),
    ingress: z
        .strictObject({
            staticIp: z.boolean().default(false).meta({
                description:
                    "Whether an address is reserved for the ingress gateway, which it keeps when it is made anew.",
            }),
        })
        .prefault({}),
});

/** A list of components out of those that @pulumi/gcp documents for the cluster; by default the system's alone. */
function components(...known: string[]) {
    return z
        .array(z.enum(known), "it is not a list")
        .default(["SYSTEM_COMPONENTS"])
        .meta({ allowed: `list of ${known.join(", ")}` });
}

/** The keys that each kind of cluster has. */
export const CLUSTER_KEYS = { kubeconfig: Object.keys(KUBECONFIG.shape), gke: Object.keys(GKE.shape) };

export const CLUSTER_SECTION = z
    .discriminatedUnion("kind", [KUBECONFIG, GKE])
    .meta({ description: "The cluster to deploy to." });
