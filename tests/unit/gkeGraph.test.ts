import { parse } from "yaml";
import { once } from "./once";
import {
    closure,
    CLUSTER,
    find,
    GOOGLE,
    NO_ADDONS,
    ofType,
    onGoogle,
    type Registration,
    type Run,
    runProgram,
} from "./program";

/** An unknown value in requests to the engine (@pulumi/pulumi, runtime/rpc: unknownValue). */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** The mark of a secret in requests to the engine (runtime/rpc: specialSigKey, specialSecretSig). */
const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };

const runWith = (cluster: object, { istio = {}, ...others }: { istio?: object; [key: string]: unknown } = {}) =>
    runProgram({ ...onGoogle(cluster), istio: { ...NO_ADDONS, ...istio }, ...others });

const standard = once(() => runProgram(onGoogle()));
const preview = once(() => runProgram(onGoogle(), { preview: true }));
const regional = once(() => runWith({ location: "europe-west1", nodePool: { spot: true } }));
const reservedAddress = once(() => runWith({ ingress: { staticIp: true } }));
const authorized = once(() => runWith({ authorizedNetworks: ["203.0.113.0/24", "198.51.100.7/32"] }));
const EXISTING = { name: "shared", subnet: "mesh", podRange: "p", serviceRange: "s" };
const controlPlane = "172.16.0.0/28";
const joined = once(() => runWith({ network: EXISTING, ranges: { controlPlane } }));
const KEY = "projects/keys-1/locations/us-central1/keyRings/mesh/cryptoKeys/nodes";
const NODES = "nodes@mesh-1.iam.gserviceaccount.com";

const custom = once(() =>
    runWith({ kmsKey: KEY, secretsKey: KEY, nodePool: { serviceAccount: NODES, diskType: "pd-ssd" } }),
);

/** The only Google resource of a type. */
function google(run: Run, type: string): Registration {
    const [found, ...others] = ofType(run, new RegExp(`^gcp:[^:]+:${type}$`));
    if (!found || others.length > 0) {
        throw new Error(`${String(others.length + (found ? 1 : 0))} resources of type ${type}`);
    }
    return found;
}

const release = (run: Run, chart: string) => find(run, "kubernetes:helm.sh/v3:Release", `istio-${chart}`);

describe.each([
    ["on Google Cloud", standard],
    ["in a preview", preview],
    ["in a region", regional],
    ["with a reserved address", reservedAddress],
    ["with authorized networks", authorized],
    ["in an existing network", joined],
])("the program %s", (_, program) => {
    let run: Run;
    beforeAll(async () => {
        run = await program();
    });

    it("creates everything in the cluster after the nodes and istiod's port, and deletes it before them", () => {
        const [provider, ...others] = ofType(run, /^pulumi:providers:/);
        expect(others).toEqual([]);
        expect(provider?.type).toBe("pulumi:providers:kubernetes");
        expect(provider?.dependencies).toEqual(
            expect.arrayContaining([google(run, "NodePool").urn, google(run, "Firewall").urn]),
        );
        const resources = ofType(run, /^kubernetes:/);
        expect(resources.length).toBeGreaterThan(20);
        for (const resource of resources) {
            expect(resource.provider.startsWith(`${provider?.urn ?? ""}::`)).toBe(true);
        }
        expect([...closure(run, google(run, "NodePool").urn)]).toContain(google(run, "Cluster").urn);
    });

    it("leaves everything to the deletion of the cluster except the gateway, whose load balancer would stay", () => {
        const cluster = google(run, "Cluster").urn;
        const owned = ofType(run, /^kubernetes:/).filter(({ read }) => !read);
        const kept = owned.filter((resource) => deletedWith(run, resource) === "");
        expect(kept.map(({ name }) => name)).toEqual(["istio-gateway"]);
        expect(new Set(owned.map((resource) => deletedWith(run, resource)))).toEqual(new Set([cluster, ""]));
        for (const resource of ofType(run, /^(?:gcp|pulumi):/)) {
            expect([resource.name, deletedWith(run, resource)]).toEqual([resource.name, ""]);
        }
    });

    it("creates nothing on Google Cloud before its APIs are enabled, and leaves these enabled", () => {
        const apis = ofType(run, /:Service$/).filter(({ type }) => type.startsWith("gcp:projects"));
        expect(apis.map(({ inputs }) => inputs)).toEqual(
            ["cloudresourcemanager", "compute", "container", "iam", "logging", "monitoring"].map((api) => ({
                service: `${api}.googleapis.com`,
                disableOnDestroy: false,
            })),
        );
        // In a new project, the provider can enable no other API before the first.
        const [resourceManager, ...others] = apis.map(({ urn }) => urn);
        for (const { dependencies } of apis.slice(1)) {
            expect(dependencies).toEqual([resourceManager]);
        }
        const urns = [resourceManager, ...others];
        for (const { name, urn } of ofType(run, /^gcp:/).filter((resource) => !apis.includes(resource))) {
            expect([name, [...closure(run, urn)]]).toEqual([name, expect.arrayContaining(urns)]);
        }
    });

    it("grants the nodes' account its only role before it creates nodes", () => {
        const grant = google(run, "IAMMember");
        expect(grant.inputs).toMatchObject({
            project: "bookinfo-test",
            role: "roles/container.defaultNodeServiceAccount",
        });
        expect([...closure(run, grant.urn)]).toContain(google(run, "Account").urn);
        expect(google(run, "NodePool").dependencies).toContain(grant.urn);
        // Pulumi names the account, in 6 to 30 characters for any stack's name.
        expect(google(run, "Account").inputs.accountId).toBeUndefined();
    });

    it("leaves the names of cluster and pool to Pulumi, and the version of Kubernetes to the release channel", () => {
        const [cluster, pool] = [google(run, "Cluster").inputs, google(run, "NodePool").inputs];
        for (const key of ["name", "minMasterVersion", "nodeVersion", "nodePools", "version", "namePrefix"]) {
            expect([key, cluster[key], pool[key]]).toEqual([key, undefined, undefined]);
        }
        expect(cluster.releaseChannel).toEqual({ channel: "REGULAR" });
    });

    it("gives Google enough time", () => {
        for (const type of ["Cluster", "NodePool"]) {
            expect(google(run, type).timeouts).toEqual({ create: "30m", update: "30m", delete: "30m" });
        }
        for (const { timeouts } of ofType(run, /:(?:Network|Subnetwork)$/)) {
            expect(timeouts).toEqual({ create: "", update: "", delete: "20m" });
        }
    });

    it("keeps the kubeconfig secret, and identifies the cluster by its id", () => {
        const [provider] = ofType(run, /^pulumi:providers:kubernetes$/);
        expect(run.outputs.kubeconfig?.secret).toBe(true);
        if (run.outputs.kubeconfig?.known) {
            expect(provider?.inputs.kubeconfig).toMatchObject(SECRET);
            expect(provider?.inputs.clusterIdentifier).toMatch(/^projects\/.+\/clusters\/cluster-1a2b3c4$/);
        }
    });

    it("exports what a user needs, without undefined values", () => {
        expect(Object.keys(run.outputs).sort()).toEqual([
            "clusterName",
            "dashboards",
            "getCredentialsCommand",
            ...(program === standard || program === preview ? ["grafanaAdminPassword"] : []),
            "ingressIp",
            "kubeconfig",
            "location",
            "productpageUrl",
            "readme",
        ]);
        for (const { value, known } of Object.values(run.outputs)) {
            expect(known && value === undefined).toBe(false);
        }
    });

    it("registers the outputs of its components", () => {
        const outputs = ofType(run, /^bookinfo-mesh:gke:/).map(({ type, urn }) => [
            type,
            Object.keys(run.componentOutputs.get(urn) ?? {}).sort(),
        ]);
        expect(Object.fromEntries(outputs)).toMatchObject({
            "bookinfo-mesh:gke:GkeCluster": expect.arrayContaining([
                "clusterName",
                "getCredentialsCommand",
                "kubeconfig",
                "location",
            ]) as string[],
            "bookinfo-mesh:gke:NodeServiceAccount": ["email"],
        });
        for (const { name, parent } of ofType(run, /^gcp:/)) {
            expect([name, parent]).toEqual([name, expect.stringContaining("bookinfo-mesh:gke:")]);
        }
    });
});

/** The resource that a resource is deleted with: its own setting, else its parent's. */
function deletedWith(run: Run, resource: Registration): string {
    const parent = run.resources.find(({ urn }) => urn === resource.parent);
    return resource.deletedWith || (parent ? deletedWith(run, parent) : "");
}

describe("the cluster", () => {
    it("is hardened like Google's safer-cluster", async () => {
        const run = await standard();
        expect(google(run, "Cluster").inputs).toEqual({
            location: "us-central1-a",
            network: "cluster-network",
            subnetwork: "cluster-subnet",
            networkingMode: "VPC_NATIVE",
            ipAllocationPolicy: { clusterSecondaryRangeName: "pods", servicesSecondaryRangeName: "services" },
            datapathProvider: "ADVANCED_DATAPATH",
            privateClusterConfig: {
                enablePrivateNodes: true,
                enablePrivateEndpoint: true,
                masterIpv4CidrBlock: "172.16.0.0/28",
            },
            controlPlaneEndpointsConfig: { dnsEndpointConfig: { allowExternalTraffic: true } },
            masterAuthorizedNetworksConfig: { cidrBlocks: [], gcpPublicCidrsAccessEnabled: false },
            masterAuth: { clientCertificateConfig: { issueClientCertificate: false } },
            enableLegacyAbac: false,
            anonymousAuthenticationConfig: { mode: "LIMITED" },
            rbacBindingConfig: {
                enableInsecureBindingSystemAuthenticated: false,
                enableInsecureBindingSystemUnauthenticated: false,
            },
            workloadIdentityConfig: { workloadPool: "bookinfo-test.svc.id.goog" },
            enableShieldedNodes: true,
            releaseChannel: { channel: "REGULAR" },
            maintenancePolicy: {
                dailyMaintenanceWindow: { startTime: "03:00" },
                maintenanceExclusions: [
                    {
                        exclusionName: "only-patches",
                        startTime: expect.stringMatching(/^20\d\d-\d\d-\d\dT00:00:00Z$/) as string,
                        exclusionOptions: { scope: "NO_MINOR_UPGRADES", endTimeBehavior: "UNTIL_END_OF_SUPPORT" },
                    },
                ],
            },
            loggingConfig: { enableComponents: ["SYSTEM_COMPONENTS"] },
            monitoringConfig: { enableComponents: ["SYSTEM_COMPONENTS"], managedPrometheus: { enabled: false } },
            costManagementConfig: { enabled: true },
            resourceLabels: { app: "bookinfo-mesh", stack: "test", "managed-by": "pulumi" },
            deletionProtection: false,
            removeDefaultNodePool: true,
            initialNodeCount: 1,
            nodeConfig: google(run, "NodePool").inputs.nodeConfig,
        });
    });

    it("B1: has a first pool that an organisation allows, whose settings are ignored once it is gone", async () => {
        for (const run of [await standard(), await regional(), await custom()]) {
            const cluster = google(run, "Cluster");
            expect(cluster.inputs.nodeConfig).toEqual(google(run, "NodePool").inputs.nodeConfig);
            expect(cluster.ignoreChanges).toEqual(["nodeConfig"]);
        }
        const run = await standard();
        expect(google(run, "Cluster").dependencies).toContain(google(run, "IAMMember").urn);
    });

    it("B1: encrypts disks and Secrets with the keys that are set", async () => {
        const run = await custom();
        expect(google(run, "NodePool").inputs.nodeConfig).toMatchObject({ bootDiskKmsKey: KEY });
        expect(google(run, "Cluster").inputs.databaseEncryption).toEqual({ state: "ENCRYPTED", keyName: KEY });
    });

    it("follows the config", async () => {
        const run = await runWith({
            releaseChannel: "STABLE",
            deletionProtection: true,
            labels: { team: "mesh" },
            maintenanceStart: "22:30",
            logging: ["SYSTEM_COMPONENTS", "WORKLOADS"],
            monitoring: [],
            managedPrometheus: true,
            ranges: { nodes: "10.64.0.0/24", controlPlane: "10.64.1.0/28" },
            nodePool: { machineType: "n2d-standard-4", min: 1, max: 3, diskSizeGb: 80 },
        });
        expect(google(run, "Cluster").inputs).toMatchObject({
            releaseChannel: { channel: "STABLE" },
            deletionProtection: true,
            resourceLabels: { app: "bookinfo-mesh", team: "mesh" },
            maintenancePolicy: { dailyMaintenanceWindow: { startTime: "22:30" } },
            loggingConfig: { enableComponents: ["SYSTEM_COMPONENTS", "WORKLOADS"] },
            monitoringConfig: { enableComponents: [], managedPrometheus: { enabled: true } },
            privateClusterConfig: { masterIpv4CidrBlock: "10.64.1.0/28" },
        });
        expect(google(run, "Subnetwork").inputs.ipCidrRange).toBe("10.64.0.0/24");
        expect(google(run, "Firewall").inputs.sourceRanges).toEqual(["10.64.1.0/28"]);
        expect(google(run, "NodePool").inputs).toMatchObject({
            autoscaling: { minNodeCount: 1, maxNodeCount: 3 },
            nodeConfig: { machineType: "n2d-standard-4", diskSizeGb: 80, resourceLabels: { team: "mesh" } },
        });
    });

    it("B5: of a project that is named by its number has the pool and the context of its id", async () => {
        const run = await runWith({}, { "gcp:project": "123456789012" });
        expect(google(run, "Cluster").inputs.workloadIdentityConfig).toEqual({
            workloadPool: "bookinfo-test.svc.id.goog",
        });
        expect(run.outputs.getCredentialsCommand?.value).toContain("--project bookinfo-test");
    });

    it("is reachable only by its DNS name, with a public certificate", async () => {
        const { outputs } = await standard();
        expect(parse(String(outputs.kubeconfig?.value))).toMatchObject({
            "current-context": "gke_bookinfo-test_us-central1-a_cluster-1a2b3c4",
            clusters: [{ cluster: { server: `https://${GOOGLE.dnsEndpoint}` } }],
        });
        expect(outputs.kubeconfig?.value).not.toContain("certificate-authority-data");
        expect(outputs.getCredentialsCommand?.value).toBe(
            "gcloud container clusters get-credentials cluster-1a2b3c4 " +
                "--location us-central1-a --project bookinfo-test --dns-endpoint",
        );
    });

    it("is reachable by its address only from authorized networks, if there are any", async () => {
        const run = await authorized();
        expect(google(run, "Cluster").inputs).toMatchObject({
            privateClusterConfig: { enablePrivateNodes: true, enablePrivateEndpoint: false },
            controlPlaneEndpointsConfig: { dnsEndpointConfig: { allowExternalTraffic: false } },
            masterAuthorizedNetworksConfig: {
                cidrBlocks: [{ cidrBlock: "203.0.113.0/24" }, { cidrBlock: "198.51.100.7/32" }],
                gcpPublicCidrsAccessEnabled: false,
            },
        });
        expect(parse(String(run.outputs.kubeconfig?.value))).toMatchObject({
            clusters: [
                {
                    cluster: {
                        server: `https://${GOOGLE.endpoint}`,
                        "certificate-authority-data": GOOGLE.caCertificate,
                    },
                },
            ],
        });
        expect(run.outputs.getCredentialsCommand?.value).not.toContain("--dns-endpoint");
    });

    it("is in the zones of a region, with fewer nodes in each", async () => {
        const run = await regional();
        expect(google(run, "Cluster").inputs.location).toBe("europe-west1");
        for (const type of ["Subnetwork", "Router", "RouterNat"]) {
            expect(google(run, type).inputs.region).toBe("europe-west1");
        }
        expect(google(run, "NodePool").inputs).toMatchObject({
            initialNodeCount: 1,
            autoscaling: { minNodeCount: 1, maxNodeCount: 2, locationPolicy: "ANY" },
            nodeConfig: { spot: true },
        });
    });

    it("is deleted before its replacement takes its ranges, and so is its subnet", async () => {
        const run = await standard();
        const first = run.resources.filter(
            ({ type, deleteBeforeReplace }) => /^gcp:/.test(type) && deleteBeforeReplace,
        );
        expect(first.map(({ type }) => type)).toEqual([
            "gcp:compute/subnetwork:Subnetwork",
            "gcp:container/cluster:Cluster",
        ]);
    });

    it("is protected by the engine too, before anything in it can be deleted", async () => {
        const run = await runWith({ deletionProtection: true });
        expect(run.resources.filter(({ protect }) => protect)).toEqual([google(run, "Cluster")]);
        expect(google(await standard(), "Cluster").protect).toBe(false);
    });

    it("is at the location of the provider's config, if it has no own location", async () => {
        const location = async (gcp: Record<string, string>) =>
            google(await runWith({}, gcp), "Cluster").inputs.location;
        expect(await location({ "gcp:zone": "asia-east1-b", "gcp:region": "us-west1" })).toBe("asia-east1-b");
        expect(await location({ "gcp:region": "us-west1" })).toBe("us-west1");
    });
});

describe("the node pool", () => {
    it("is hardened, scales itself, and ignores the changes of that", async () => {
        const pool = google(await standard(), "NodePool");
        expect(pool.inputs).toEqual({
            cluster: "projects/bookinfo-test/locations/us-central1-a/clusters/cluster-1a2b3c4",
            initialNodeCount: 2,
            autoscaling: { minNodeCount: 2, maxNodeCount: 4, locationPolicy: "BALANCED" },
            management: { autoRepair: true, autoUpgrade: true },
            upgradeSettings: { strategy: "SURGE", maxSurge: 1, maxUnavailable: 0 },
            nodeConfig: {
                machineType: "e2-standard-2",
                spot: false,
                diskSizeGb: 50,
                diskType: "pd-balanced",
                imageType: "COS_CONTAINERD",
                serviceAccount: GOOGLE.account,
                oauthScopes: ["https://www.googleapis.com/auth/cloud-platform"],
                shieldedInstanceConfig: { enableSecureBoot: true, enableIntegrityMonitoring: true },
                workloadMetadataConfig: { mode: "GKE_METADATA" },
                metadata: { "disable-legacy-endpoints": "true" },
                kubeletConfig: { insecureKubeletReadonlyPortEnabled: "FALSE" },
                resourceLabels: { app: "bookinfo-mesh", stack: "test", "managed-by": "pulumi" },
            },
        });
        expect(pool.ignoreChanges).toEqual(["initialNodeCount", "nodeCount"]);
    });

    const NO_TAINT = { taintConfig: { architectureTaintBehavior: "NONE" } };

    it.each<[string, object, object]>([
        ["e2-standard-2", {}, { diskType: "pd-balanced" }],
        ["e2-standard-2", { diskType: "pd-standard" }, { diskType: "pd-standard" }],
        ["n4-standard-2", {}, { diskType: "hyperdisk-balanced" }],
        ["c4a-standard-4", {}, { diskType: "hyperdisk-balanced", ...NO_TAINT }],
        ["t2a-standard-4", {}, { diskType: "pd-balanced", ...NO_TAINT }],
        ["z9-standard-4", {}, { diskType: undefined }],
        ["z9-standard-4", { diskType: "pd-ssd" }, { diskType: "pd-ssd" }],
    ])("B2: of %s %j has a disk that it boots from, and no taint", async (machineType, set, expected) => {
        const { inputs } = google(await runWith({ nodePool: { machineType, ...set } }), "NodePool");
        const { diskType, taintConfig } = inputs.nodeConfig as Record<string, unknown>;
        expect({ diskType, taintConfig }).toEqual({ taintConfig: undefined, ...expected });
    });

    it("B6: is in the zones that are set, and so is the first pool", async () => {
        const zones = ["us-central1-a", "us-central1-f"];
        const zonal = await runWith({ zones });
        expect(google(zonal, "NodePool").inputs.nodeLocations).toEqual(zones);
        // The cluster's own zone is not named again.
        expect(google(zonal, "Cluster").inputs.nodeLocations).toEqual(["us-central1-f"]);
        const run = await runWith({ location: "us-central1", zones: ["us-central1-b"] });
        expect(google(run, "NodePool").inputs.nodeLocations).toEqual(["us-central1-b"]);
        expect(google(run, "Cluster").inputs.nodeLocations).toEqual(["us-central1-b"]);
        expect(google(await standard(), "Cluster").inputs).not.toHaveProperty("nodeLocations");
    });

    it("B5: runs as an account of one's own, whose roles the program does not set", async () => {
        const run = await custom();
        expect(ofType(run, /:(?:Account|IAMMember)$/)).toEqual([]);
        expect(google(run, "NodePool").inputs.nodeConfig).toMatchObject({ serviceAccount: NODES });
        expect(google(run, "Firewall").inputs.targetServiceAccounts).toEqual([NODES]);
    });

    it("B5: can read the registries of other projects before there are nodes", async () => {
        const run = await runWith({ registryProjects: ["images-1", "example.com:images"] });
        const grants = ofType(run, /:IAMMember$/);
        const member = grants[0]?.inputs.member;
        expect(grants.slice(1).map(({ inputs }) => inputs)).toEqual(
            ["images-1", "example.com:images"].map((project) => ({
                project,
                role: "roles/artifactregistry.reader",
                member,
            })),
        );
        expect(google(run, "NodePool").dependencies).toEqual(expect.arrayContaining(grants.map(({ urn }) => urn)));
    });
});

describe("the network", () => {
    it("is separate, with room for nodes, pods and Services, and has NAT before there are nodes", async () => {
        const run = await standard();
        expect(google(run, "Network").inputs).toEqual({
            autoCreateSubnetworks: false,
            routingMode: "REGIONAL",
        });
        expect(google(run, "Subnetwork").inputs).toEqual({
            network: "cluster-network",
            region: "us-central1",
            ipCidrRange: "10.0.0.0/20",
            secondaryIpRanges: [
                { rangeName: "pods", ipCidrRange: "10.4.0.0/14" },
                { rangeName: "services", ipCidrRange: "10.0.16.0/20" },
            ],
            privateIpGoogleAccess: true,
        });
        const nat = google(run, "RouterNat");
        expect(nat.inputs).toEqual({
            router: "cluster-router",
            region: "us-central1",
            natIpAllocateOption: "AUTO_ONLY",
            sourceSubnetworkIpRangesToNat: "ALL_SUBNETWORKS_ALL_IP_RANGES",
            logConfig: { enable: true, filter: "ERRORS_ONLY" },
        });
        expect(google(run, "NodePool").dependencies).toContain(nat.urn);
    });

    it("lets the control plane reach istiod's webhooks on private nodes, by a rule that moves with the cluster", async () => {
        const firewall = google(await standard(), "Firewall");
        expect(firewall.inputs).toEqual({
            description: expect.any(String) as string,
            network: "cluster-network",
            direction: "INGRESS",
            sourceRanges: ["172.16.0.0/28"],
            targetServiceAccounts: [GOOGLE.account],
            allows: [{ protocol: "tcp", ports: ["15017"] }],
        });
        expect(firewall.replaceOnChanges).toEqual(["network"]);
    });

    it("is only joined if it exists", async () => {
        const run = await joined();
        expect(ofType(run, /^gcp:compute/).map(({ type }) => type)).toEqual(["gcp:compute/firewall:Firewall"]);
        expect(google(run, "Cluster").inputs).toMatchObject({
            network: "shared",
            subnetwork: "mesh",
            ipAllocationPolicy: { clusterSecondaryRangeName: "p", servicesSecondaryRangeName: "s" },
        });
        expect(google(run, "Firewall").inputs).toMatchObject({ network: "shared" });
    });

    it("B5: of others can have the rule from its owner", async () => {
        const network = { ...EXISTING, firewall: false };
        const run = await runWith({ network, ranges: { controlPlane } });
        expect(ofType(run, /:Firewall$/)).toEqual([]);
        const [provider] = ofType(run, /^pulumi:providers:kubernetes$/);
        expect(provider?.dependencies).toContain(google(run, "NodePool").urn);
    });

    it("can be shared by another project, which then has the firewall rule", async () => {
        const name = "projects/host-project/global/networks/shared";
        const run = await runWith({ network: { ...EXISTING, name }, ranges: { controlPlane } });
        expect(google(run, "Cluster").inputs).toMatchObject({
            network: name,
            subnetwork: "projects/host-project/regions/us-central1/subnetworks/mesh",
        });
        expect(google(run, "Firewall").inputs).toMatchObject({ network: name, project: "host-project" });
    });
});

describe("the ingress gateway's address", () => {
    it("can be any, unless one is reserved", async () => {
        const run = await standard();
        expect(ofType(run, /:Address$/)).toEqual([]);
        expect(release(run, "gateway").inputs.values).not.toHaveProperty("service.loadBalancerIP");
    });

    it("is reserved in the cluster's region before Helm runs, and released afterwards", async () => {
        const run = await reservedAddress();
        const address = google(run, "Address");
        expect(address.inputs).toEqual({
            region: "us-central1",
            labels: { app: "bookinfo-mesh", stack: "test", "managed-by": "pulumi" },
        });
        const gateway = release(run, "gateway");
        expect(gateway.inputs.values).toMatchObject({ service: { loadBalancerIP: GOOGLE.address } });
        expect(gateway.dependencies).toContain(address.urn);
    });

    it.each([
        { gateway: { service: { annotations: { "networking.gke.io/load-balancer-type": "Internal" } } } },
        { values: { gateway: { service: { annotations: { "cloud.google.com/load-balancer-type": "Internal" } } } } },
    ])("is one of the subnet for an internal load balancer, by %j", async (istio) => {
        const run = await runWith({ ingress: { staticIp: true } }, { istio });
        expect(google(run, "Address").inputs).toMatchObject({ addressType: "INTERNAL", subnetwork: "cluster-subnet" });
    });

    it("can be overridden by Helm values", async () => {
        const values = { gateway: { service: { loadBalancerIP: "203.0.113.99" } } };
        const run = await runWith({ ingress: { staticIp: true } }, { istio: { values } });
        expect(release(run, "gateway").inputs.values).toMatchObject(values.gateway);
    });
});

describe("a preview of a new cluster", () => {
    it("knows neither endpoint nor address, and looks nothing up", async () => {
        const { resources, outputs } = await preview();
        expect(outputs.kubeconfig?.known).toBe(false);
        expect(outputs.ingressIp?.known).toBe(false);
        expect(resources.filter(({ read }) => read).map(({ id }) => id)).toEqual([UNKNOWN]);
    });
});

describe("the add-ons' commands", () => {
    it("have the context that gcloud creates, and no kubeconfig", async () => {
        const { outputs } = await standard();
        expect(outputs.dashboards?.value).toMatchObject({
            grafana:
                "kubectl --context gke_bookinfo-test_us-central1-a_cluster-1a2b3c4 " +
                "--namespace istio-system port-forward deployment/grafana 3000:3000",
        });
        expect((await preview()).outputs.dashboards?.known).toBe(false);
    });
});

test("a volume would outlive the cluster, so it is deleted before, with the pod that uses it", async () => {
    const run = await runProgram({ ...onGoogle(), istio: { prometheus: { storage: { persistent: true } } } });
    const own = ofType(run, /^kubernetes:/).filter((resource) => !resource.read && deletedWith(run, resource) === "");
    const ofPrometheus = own.filter(({ parent }) => parent.includes(":addons:Prometheus$"));
    expect(ofPrometheus.map(({ type }) => type.split(":").at(-1))).toEqual(
        expect.arrayContaining(["PersistentVolumeClaim", "Deployment"]),
    );
    expect(own.filter((resource) => !ofPrometheus.includes(resource)).map(({ name }) => name)).toEqual([
        "istio-gateway",
    ]);
});

test("an existing cluster needs nothing from Google Cloud, and nothing is deleted with it", async () => {
    const run = await runProgram({ cluster: CLUSTER });
    expect(ofType(run, /^gcp:|:gke:/)).toEqual([]);
    expect(run.resources.filter((resource) => deletedWith(run, resource) !== "")).toEqual([]);
    expect(Object.keys(run.outputs)).not.toContain("clusterName");
});
