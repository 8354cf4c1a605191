import { parseConfig } from "../../config";
import { clusterWarnings, type GkeConfig, type GoogleConfig } from "../../config/gke";
import { issueLines } from "./issueLines";

const PROJECT = { project: "bookinfo-test" };

function parse(cluster: object, google: GoogleConfig = PROJECT): GkeConfig {
    const { cluster: config } = parseConfig({ cluster: JSON.stringify({ kind: "gke", ...cluster }) }, { google });
    return config as GkeConfig;
}

/** The lines of the error, one for each issue; none if the config is valid. */
function issues(cluster: object, google?: GoogleConfig): string[] {
    return issueLines(() => parse(cluster, google));
}

const KEY = "projects/keys-1/locations/us-central1/keyRings/mesh/cryptoKeys/nodes";
const EXISTING = { name: "vpc", subnet: "nodes", podRange: "pods", serviceRange: "services" };

describe("a cluster on Google Cloud", () => {
    it("needs a project, and gets every default", () => {
        expect(parse({})).toEqual({
            kind: "gke",
            project: "bookinfo-test",
            location: { name: "us-central1-a", region: "us-central1", regional: false },
            network: { nodes: "10.0.0.0/20", pods: "10.4.0.0/14", services: "10.0.16.0/20" },
            controlPlaneRange: "172.16.0.0/28",
            authorizedNetworks: [],
            nodePool: { machineType: "e2-standard-2", min: 2, max: 4, spot: false, diskSizeGb: 50 },
            releaseChannel: "REGULAR",
            deletionProtection: false,
            labels: {},
            maintenanceStart: "03:00",
            logging: ["SYSTEM_COMPONENTS"],
            monitoring: ["SYSTEM_COMPONENTS"],
            managedPrometheus: false,
            registryProjects: [],
            ingress: { staticIp: false },
        });
    });

    it("has its own location, else that of the provider's config", () => {
        const location = (cluster: object, google: GoogleConfig) => parse(cluster, { ...PROJECT, ...google }).location;
        const provider = { zone: "us-west1-b", region: "us-east1" };
        expect(location({ location: "europe-west1" }, provider)).toMatchObject({
            name: "europe-west1",
            regional: true,
        });
        expect(location({}, provider)).toMatchObject({ name: "us-west1-b", region: "us-west1", regional: false });
        expect(location({}, { region: "us-east1" })).toMatchObject({ name: "us-east1", regional: true });
    });

    it("has fewer nodes in each zone of a region, and default bounds that give way to set bounds", () => {
        const bounds = (nodePool: object, location = "us-central1-a") => {
            const { min, max } = parse({ location, nodePool }).nodePool;
            return [min, max];
        };
        expect(bounds({}, "us-central1")).toEqual([1, 2]);
        expect(bounds({ max: 6 })).toEqual([2, 6]);
        expect(bounds({ max: 1 })).toEqual([1, 1]);
        expect(bounds({ min: 9 })).toEqual([9, 9]);
    });

    it("may join an existing network, with a range for its control plane", () => {
        const { network, controlPlaneRange } = parse({ network: EXISTING, ranges: { controlPlane: "10.9.0.0/28" } });
        expect([network, controlPlaneRange]).toEqual([{ ...EXISTING, firewall: true }, "10.9.0.0/28"]);
        const shared = { ...EXISTING, name: "projects/host-1/global/networks/vpc", firewall: false };
        expect(issues({ network: shared, ranges: { controlPlane: "10.9.0.0/28" } })).toEqual([]);
        expect(parse({ network: { firewall: true } }).network).toEqual(parse({}).network);
    });

    it("plans its other ranges around those that are set", () => {
        expect(parse({ ranges: { pods: "10.0.0.0/16" } }).network).toEqual({
            nodes: "10.1.0.0/20",
            pods: "10.0.0.0/16",
            services: "10.1.16.0/20",
        });
    });

    it.each(["e2-standard-2", "e2-medium", "n2d-highmem-8", "c3-standard-4-lssd", "a2-highgpu-1g", "e2-custom-4-8192"])(
        "may have nodes of type %s",
        (machineType) => {
            expect(parse({ nodePool: { machineType } }).nodePool.machineType).toBe(machineType);
        },
    );

    it.each([
        { zones: ["us-central1-a", "us-central1-f"] },
        { kmsKey: KEY, secretsKey: KEY },
        { kmsKey: KEY.replace("us-central1", "us") },
        { kmsKey: KEY.replace("us-central1", "global") },
        { registryProjects: ["images-1", "example.com:images"] },
        { nodePool: { serviceAccount: "nodes@mesh-1.iam.gserviceaccount.com" } },
        { nodePool: { machineType: "n4-standard-2", diskType: "hyperdisk-balanced" } },
        { nodePool: { machineType: "z9-standard-2", diskType: "pd-ssd" } },
    ])("may have %j", (cluster) => {
        expect(parse(cluster)).toMatchObject(cluster);
    });

    it("may leave out zones of its region", () => {
        const zones = ["us-central1-b"];
        expect(parse({ location: "us-central1", zones }).zones).toEqual(zones);
    });

    it("has room for the nodes of each of its zones", () => {
        const zones = ["b", "c", "d", "f"].map((zone) => `us-central1-${zone}`);
        const pods = { location: "us-central1", nodePool: { max: 3 }, ranges: { pods: "10.4.0.0/20" } };
        expect(issues({ ...pods, zones })).toEqual([]);
        expect(issues({ ...pods, nodePool: { max: 4 }, zones })[0]).toContain("it is too small: the pods of 20 nodes");
    });

    it.each(["example.com:mesh-1", "mesh-1", "123456789012"])("may be in the project %s", (project) => {
        expect(issues({}, { project })).toEqual([]);
    });
});

describe("a warning", () => {
    it.each<[object, RegExp[]]>([
        [{}, []],
        [{ releaseChannel: "RAPID" }, [/^cluster\.releaseChannel = "RAPID": .+Istio may not support yet/]],
        [
            { nodePool: { machineType: "z9-standard-2" } },
            [
                /^cluster\.nodePool\.machineType = "z9-standard-2": the series z9 is not known here; Google chooses its disk/,
            ],
        ],
        [{ nodePool: { machineType: "z9-standard-2", diskType: "pd-ssd" } }, [/not known here; If its CPUs are Arm's/]],
    ])("is given for %j", (cluster, warnings) => {
        expect(clusterWarnings(parse(cluster))).toEqual(
            warnings.map((warning) => expect.stringMatching(warning) as string),
        );
    });
});

describe("an issue of a cluster on Google Cloud", () => {
    it("is reported for a missing project", () => {
        expect(issues({}, {})).toEqual([
            "  gcp:project is not set: it is required; allowed: id of a Google Cloud project. " +
                "Run: pulumi config set gcp:project PROJECT",
        ]);
    });

    // The provider's config, and the message.
    it.each<[GoogleConfig, string]>([
        [{ project: "Mesh" }, 'gcp:project = "Mesh": it is not the id of a project'],
        [{ project: "" }, 'gcp:project = "": it is not the id of a project'],
        [{ ...PROJECT, zone: "us-central1" }, 'gcp:zone = "us-central1": it is not a zone'],
        [{ ...PROJECT, zone: "nowhere" }, 'gcp:zone = "nowhere": it is not a zone'],
        [{ ...PROJECT, region: "nowhere" }, 'gcp:region = "nowhere": it is not a region'],
        [{ ...PROJECT, region: "us-central1-a" }, 'gcp:region = "us-central1-a": it is not a region'],
    ])("is reported for the provider's config %j", (google, message) => {
        const [line, ...others] = issues({}, google);
        expect(line).toContain(`  ${message}; allowed: `);
        expect(line).toMatch(/ Run: pulumi config set gcp:(?:project|zone|region) \S+$/);
        expect(others).toEqual([]);
    });

    it("is reported for the number of a project, if no new account tells its id", () => {
        const nodePool = { serviceAccount: "nodes@mesh-1.iam.gserviceaccount.com" };
        expect(issues({ nodePool }, { project: "123456789012" })).toEqual([
            expect.stringMatching(
                /^ {2}gcp:project = "123456789012": it is a number.+ Run: pulumi config set gcp:project "\$\(gcloud projects describe 123456789012 --format 'value\(projectId\)'\)"$/,
            ),
        ]);
    });

    // The section, the invalid key, and the message.
    it.each<[object, string, string]>([
        [{ location: "us-central" }, "location", "it is neither a zone nor a region; allowed: zone such as"],
        [{ location: "us-central1_a" }, "location", "it is neither a zone nor a region"],
        [{ ranges: { nodes: "10.0.0.0" } }, "ranges.nodes", "it is not an IPv4 range in CIDR notation"],
        [{ ranges: { nodes: "10.0.0.0/30" } }, "ranges.nodes", "it is too small: 5 nodes"],
        [{ ranges: { nodes: "11.0.0.0/20" } }, "ranges.nodes", "it is not within 10.0.0.0/8"],
        [{ ranges: { pods: "10.4.0.0/24" } }, "ranges.pods", "it is too small: the pods of 5 nodes"],
        [
            { ranges: { nodes: "10.4.0.0/20", pods: "10.4.0.0/14" } },
            "ranges.pods",
            "it overlaps 10.4.0.0/20, the range of the nodes",
        ],
        [{ ranges: { services: "10.8.0.0/30" } }, "ranges.services", "it is too small"],
        [{ ranges: { controlPlane: "172.16.0.0/24" } }, "ranges.controlPlane", "it is too large"],
        [{ nodePool: { max: 300 }, ranges: { pods: "10.4.0.0/16" } }, "ranges.pods", "it is too small"],
        [
            { network: EXISTING, ranges: { pods: "10.4.0.0/14", controlPlane: "10.9.0.0/28" } },
            "ranges.pods",
            "it is for a new network, and cluster.network names one that exists; allowed: nothing",
        ],
        [{ zones: [] }, "zones", "it is empty; allowed: list of zones of the cluster's region"],
        [{ zones: "us-central1-a" }, "zones", "it is a string and not a list"],
        [{ zones: ["us-central1-a", "us-central1"] }, "zones[1]", "it is not a zone"],
        [{ zones: ["us-central1-a", "us-east1-b"] }, "zones[1]", "it is not in us-central1, the cluster's region"],
        [{ zones: ["us-central1-b"] }, "zones", "it lacks us-central1-a, where the cluster is"],
        [{ zones: ["us-central1-a", "us-central1-a"] }, "zones", "a zone is in it twice"],
        [{ kmsKey: "my-key" }, "kmsKey", "it is not the id of a key; allowed: projects/PROJECT/locations/"],
        [{ kmsKey: KEY.replace("central", "east") }, "kmsKey", "it is in us-east1, and the cluster is in us-central1"],
        [
            { secretsKey: KEY.replace("us-central1", "us") },
            "secretsKey",
            "it is in us, and the cluster is in us-central1",
        ],
        [
            { nodePool: { machineType: "n4-standard-2", diskType: "pd-ssd" } },
            "nodePool.diskType",
            "machines of the series n4 cannot boot from it; allowed: hyperdisk-balanced",
        ],
        [
            { nodePool: { machineType: "e2-standard-2", diskType: "hyperdisk-balanced" } },
            "nodePool.diskType",
            "machines of the series e2 cannot boot from it; allowed: pd-balanced, pd-ssd, pd-standard",
        ],
        [{ nodePool: { diskType: "ssd" } }, "nodePool.diskType", "there is no such choice; allowed: pd-balanced"],
        [{ nodePool: { serviceAccount: "nodes" } }, "nodePool.serviceAccount", "it is not a service account"],
        [{ registryProjects: ["Images"] }, "registryProjects[0]", "it is not the id of a project"],
        [{ registryProjects: ["images-1", "images-1"] }, "registryProjects", "a project is in it twice"],
        [
            {
                nodePool: { serviceAccount: "nodes@mesh-1.iam.gserviceaccount.com" },
                registryProjects: ["images-1"],
            },
            "registryProjects",
            "it is for the account that the program makes",
        ],
        [{ network: { ...EXISTING, name: "VPC" } }, "network.name", "it is not a name for a network"],
        [{ network: { firewall: false } }, "network.firewall", "no existing network is named here"],
        [{ network: { ...EXISTING, subnet: "a/b" } }, "network.subnet", "it is not a name for a subnet"],
        [{ network: "vpc" }, "network", "it is a string and not an object"],
        [
            { nodePool: { min: 5, max: 3 } },
            "nodePool.min",
            "it is more than the maximum; allowed: at most 3, the value of cluster.nodePool.max",
        ],
        [{ nodePool: { min: 0 } }, "nodePool.min", "must be at least 1"],
        [{ nodePool: { max: 1001 } }, "nodePool.max", "must be at most 1000"],
        [{ nodePool: { min: 1.5 } }, "nodePool.min", "it is a number and not a whole number"],
        [{ nodePool: { machineType: "large" } }, "nodePool.machineType", "it does not have the form of a machine type"],
        [{ nodePool: { machineType: "e2-micro" } }, "nodePool.machineType", "it does not have the form"],
        [{ nodePool: { machineType: "E2-standard-2" } }, "nodePool.machineType", "it does not have the form"],
        [{ nodePool: { diskSizeGb: 5 } }, "nodePool.diskSizeGb", "must be at least 20"],
        [{ nodePool: { spot: "yes" } }, "nodePool.spot", "it is a string and not a boolean"],
        [
            { authorizedNetworks: ["10.0.0.0/8", "203.0.113.7"] },
            "authorizedNetworks[1]",
            "it is not an IPv4 range in CIDR notation; allowed: list of IPv4 ranges in CIDR notation",
        ],
        [{ authorizedNetworks: ["203.0.113.7/24"] }, "authorizedNetworks[0]", "it is not an IPv4 range"],
        [
            { authorizedNetworks: ["0.0.0.0/0"] },
            "authorizedNetworks[0]",
            "it allows everyone; with an empty list IAM decides",
        ],
        [{ authorizedNetworks: "203.0.113.0/24" }, "authorizedNetworks", "it is a string and not a list"],
        [{ releaseChannel: "regular" }, "releaseChannel", "there is no such choice; allowed: RAPID, REGULAR"],
        [{ labels: { Team: "mesh" } }, "labels.Team", "it is not a key for a label"],
        [{ labels: { team: "The Mesh" } }, "labels.team", "it is not a value for a label"],
        [{ maintenanceStart: "3am" }, "maintenanceStart", "it is not a time of day; allowed: HH:MM, in UTC"],
        [{ logging: ["EVERYTHING"] }, "logging[0]", "there is no such choice; allowed: list of SYSTEM_COMPONENTS"],
        [{ ingress: { staticIp: "203.0.113.1" } }, "ingress.staticIp", "it is a string and not a boolean"],
        [{ context: "here" }, "context", "it is for clusters of kind kubeconfig; allowed: kind, location, zones"],
        [
            { locaton: "us-central1" },
            "locaton",
            "there is no such key, did you mean cluster.location?; allowed: kind, loc",
        ],
    ])("is reported once for %j, with its key", (cluster, key, message) => {
        const [line, ...others] = issues(cluster);
        expect(line).toMatch(/^ {2}cluster\.\S+ = .+: .+; allowed: .+\. Run: pulumi config (?:set|rm) --path \S+/);
        expect(line).toContain(`  cluster.${key} = `);
        expect(line).toContain(`: ${message}`);
        expect(others).toEqual([]);
    });

    it("is reported for an existing network without a range for the control plane", () => {
        expect(issues({ network: EXISTING })).toEqual([
            expect.stringMatching(
                /^ {2}cluster\.ranges\.controlPlane is not set: it is required with cluster\.network: .+ Run: pulumi config set --path cluster\.ranges\.controlPlane 172\.16\.0\.0\/28$/,
            ),
        ]);
    });

    it("is reported for each missing key of a network", () => {
        expect(issues({ network: { name: "vpc" } }).map((line) => line.trim().split(":")[0])).toEqual([
            "cluster.network.subnet is not set",
            "cluster.network.podRange is not set",
            "cluster.network.serviceRange is not set",
        ]);
    });

    it("does not hide another issue", () => {
        const lines = issues(
            {
                ranges: { nodes: "8.8.8.0/24", pods: "10.4.0.0/24", services: "10.4.0.0/20" },
                nodePool: { min: 5, max: 3, spot: 1 },
                authorizedNetworks: ["x"],
            },
            { project: "Mesh" },
        );
        expect(lines.map((line) => line.trim().split(" ")[0]).sort()).toEqual([
            "cluster.authorizedNetworks[0]",
            "cluster.nodePool.min",
            "cluster.nodePool.spot",
            "cluster.ranges.nodes",
            "cluster.ranges.pods",
            "gcp:project",
        ]);
    });

    it("is reported for a key of another kind of cluster", () => {
        const cluster = { kind: "kubeconfig", path: "/none", context: "here", location: "us-central1-a" };
        expect(issues(cluster)).toEqual([
            expect.stringContaining("cluster.location = "),
            expect.stringContaining("cluster.path = "),
        ]);
        expect(issues(cluster)[0]).toContain(
            "it is for clusters of kind gke; allowed: kind, path, context or existingNamespaces. Run: ",
        );
    });
});
