import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as grpc from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { changes } from "../e2e/google/diff";
import { Google } from "../e2e/google/google";
import { UNKNOWN } from "../e2e/google/shapes";
import { fromStruct, toStruct } from "../e2e/google/struct";

/* The stand-in for the Google Cloud provider, called as the engine calls a provider. */

type Inputs = Record<string, unknown>;

const NETWORK = "gcp:compute/network:Network";
const SUBNETWORK = "gcp:compute/subnetwork:Subnetwork";
const ROUTER = "gcp:compute/router:Router";
const NAT = "gcp:compute/routerNat:RouterNat";
const FIREWALL = "gcp:compute/firewall:Firewall";
const ADDRESS = "gcp:compute/address:Address";
const ACCOUNT = "gcp:serviceaccount/account:Account";
const MEMBER = "gcp:projects/iAMMember:IAMMember";
const SERVICE = "gcp:projects/service:Service";
const CLUSTER = "gcp:container/cluster:Cluster";
const NODE_POOL = "gcp:container/nodePool:NodePool";

let folder: string;
let file: string;
let google: Google;
let client: ResourceProviderClient;

beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "google-"));
    file = path.join(folder, "cloud.json");
    await start();
});

afterEach(() => {
    rmSync(file, { force: true });
    google.operations.length = 0;
    google.injectFault = undefined;
});

afterAll(() => {
    stop();
    rmSync(folder, { recursive: true });
});

async function start(): Promise<void> {
    google = await Google.start({ file, controlPlane: { endpoint: "192.0.2.1", caCertificate: "Q0E=" } });
    client = new ResourceProviderClient(`127.0.0.1:${String(google.port)}`, grpc.credentials.createInsecure());
    const args = toStruct({ project: "p", region: "us-central1", zone: "us-central1-a" });
    await call((done) => client.configure(new messages.ConfigureRequest().setArgs(args), done));
}

function stop(): void {
    client.close();
    google.stop();
}

function call<T>(send: (done: (error: grpc.ServiceError | null, response: T) => void) => unknown): Promise<T> {
    return new Promise((resolve, reject) => {
        send((error, response) => {
            if (error) {
                reject(new Error(error.details));
            } else {
                resolve(response);
            }
        });
    });
}

const urn = (type: string, name: string) => `urn:pulumi:dev::mesh::mesh:gke:GkeCluster$${type}::${name}`;

/** The provider's inputs after its defaults, and their faults. */
async function check(type: string, inputs: Inputs, { name = "it", olds = {} }: { name?: string; olds?: Inputs } = {}) {
    const request = new messages.CheckRequest()
        .setUrn(urn(type, name))
        .setNews(toStruct(inputs))
        .setOlds(toStruct(olds));
    const response = await call<messages.CheckResponse>((done) => client.check(request, done));
    return {
        inputs: fromStruct(response.getInputs()),
        faults: response.getFailuresList().map((failure) => `${failure.getProperty()}: ${failure.getReason()}`),
    };
}

async function diff(type: string, before: Inputs, after: Inputs) {
    const request = new messages.DiffRequest()
        .setUrn(urn(type, "it"))
        .setOldInputs(toStruct(before))
        .setNews(toStruct(after));
    const response = await call<messages.DiffResponse>((done) => client.diff(request, done));
    return {
        changed: response.getDiffsList(),
        replaced: response.getReplacesList(),
        deleteFirst: response.getDeletebeforereplace(),
    };
}

/** Creates an object, after the check that the engine does first. */
async function create(type: string, name: string, inputs: Inputs, preview = false) {
    const checked = await check(type, inputs, { name });
    expect(checked.faults).toEqual([]);
    const request = new messages.CreateRequest()
        .setUrn(urn(type, name))
        .setProperties(toStruct(checked.inputs))
        .setPreview(preview)
        .setTimeout(60);
    const response = await call<messages.CreateResponse>((done) => client.create(request, done));
    return { id: response.getId(), outputs: fromStruct(response.getProperties()), inputs: checked.inputs };
}

function update(type: string, id: string, inputs: Inputs) {
    const request = new messages.UpdateRequest().setUrn(urn(type, "it")).setId(id).setNews(toStruct(inputs));
    return call<messages.UpdateResponse>((done) => client.update(request, done));
}

function remove(type: string, id: string) {
    return call((done) => client.delete(new messages.DeleteRequest().setUrn(urn(type, "it")).setId(id), done));
}

const subnet = (network: string, block: string, secondary: Record<string, string> = {}) => ({
    network,
    ipCidrRange: block,
    secondaryIpRanges: Object.entries(secondary).map(([rangeName, ipCidrRange]) => ({ rangeName, ipCidrRange })),
});

const ranges = { pods: "10.4.0.0/14", services: "10.8.0.0/20" };
const ipAllocationPolicy = { clusterSecondaryRangeName: "pods", servicesSecondaryRangeName: "services" };

/** Creates a project with APIs, a network, a subnet and a cluster. */
async function createProject() {
    for (const api of ["compute", "container", "iam", "cloudresourcemanager"]) {
        await create(SERVICE, api, { service: `${api}.googleapis.com` });
    }
    const network = await create(NETWORK, "mesh", { autoCreateSubnetworks: false });
    const nodes = await create(SUBNETWORK, "nodes", subnet(network.id, "10.0.0.0/20", ranges));
    const clusterInputs = {
        network: network.id,
        subnetwork: nodes.id,
        initialNodeCount: 1,
        ipAllocationPolicy,
        deletionProtection: false,
    };
    return { network, nodes, clusterInputs, cluster: await create(CLUSTER, "gke", clusterInputs) };
}

describe("inputs", () => {
    it("are refused if a field at any depth is missing, unknown or of the wrong type", async () => {
        expect((await check(SUBNETWORK, {})).faults).toEqual([expect.stringMatching(/^network: Missing required/)]);
        expect((await check(NODE_POOL, { cluster: "c", nodeConfig: { diskSizeGb: "100" } })).faults).toEqual([
            expect.stringMatching(/^nodeConfig\.diskSizeGb: Expected a number/),
        ]);
        expect((await check(CLUSTER, { privateClusterConfig: { privateNodes: true } })).faults).toEqual([
            "privateClusterConfig.privateNodes: Invalid or unknown key. Examine values at 'it.privateClusterConfig.privateNodes'.",
        ]);
    });

    it.each([
        [NETWORK, { name: "My_network" }, /^name: /],
        [SUBNETWORK, { network: "n", ipCidrRange: "10.0.0.1/20" }, /^ipCidrRange: invalid CIDR/],
        [FIREWALL, { network: "n" }, /exactly one of/],
        [FIREWALL, { network: "n", allows: [{ protocol: "tcp" }], sourceRanges: ["10.0.0.300/32"] }, /^sourceRanges: /],
        [NAT, { router: "r", sourceSubnetworkIpRangesToNat: "LIST_OF_SUBNETWORKS" }, /^subnetworks: required/],
        [ACCOUNT, { accountId: "short" }, /^accountId: /],
        [MEMBER, { project: "p", role: "roles/viewer", member: "a@b" }, /^member: /],
        [MEMBER, { project: "p", role: "viewer", member: "user:a@b" }, /^role: /],
        [SERVICE, { service: "container" }, /^service: /],
        [CLUSTER, { name: `c${"-long".repeat(8)}` }, /^name: /],
        [CLUSTER, { enableAutopilot: true, removeDefaultNodePool: true }, /^removeDefaultNodePool: conflicts/],
    ])("of %s are refused as by the real provider: %j", async (type, inputs, fault) => {
        expect((await check(type, inputs)).faults).toEqual([expect.stringMatching(fault)]);
    });

    it("are accepted while they are unknown", async () => {
        const unknown = { network: UNKNOWN, ipCidrRange: UNKNOWN };
        expect((await check(SUBNETWORK, unknown)).faults).toEqual([]);
        const member = { project: "p", role: "roles/viewer", member: UNKNOWN };
        expect((await check(MEMBER, member)).faults).toEqual([]);
    });

    it("get an automatic name, which stays", async () => {
        const { inputs } = await check(NETWORK, {}, { name: "Mesh" });
        expect(inputs.name).toMatch(/^mesh-[0-9a-f]{7}$/);
        expect((await check(NETWORK, {}, { name: "Mesh", olds: inputs })).inputs.name).toBe(inputs.name);
        const given = await check(NETWORK, { name: "given" }, { olds: inputs });
        expect(given.inputs.name).toBe("given");
        // A name of the user is not kept after the user has removed it.
        expect((await check(NETWORK, {}, { olds: given.inputs })).inputs.name).toMatch(/^it-/);
        expect((await check(SERVICE, { service: "iam.googleapis.com" })).inputs.name).toBeUndefined();
    });
});

describe("a change", () => {
    it.each([
        [NETWORK, "autoCreateSubnetworks", true, false],
        [SUBNETWORK, "region", "us-central1", "europe-west1"],
        [SUBNETWORK, "ipCidrRange", "10.0.0.0/20", "10.0.0.0/24"],
        [ROUTER, "network", "a", "b"],
        [NAT, "router", "a", "b"],
        [FIREWALL, "direction", "INGRESS", "EGRESS"],
        [ADDRESS, "region", "us-central1", "europe-west1"],
        [ACCOUNT, "accountId", "nodes-a", "nodes-b"],
        [SERVICE, "service", "iam.googleapis.com", "dns.googleapis.com"],
        [CLUSTER, "location", "us-central1-a", "us-central1-b"],
        [CLUSTER, "datapathProvider", undefined, "ADVANCED_DATAPATH"],
        [CLUSTER, "ipAllocationPolicy", ipAllocationPolicy, { ...ipAllocationPolicy, clusterSecondaryRangeName: "x" }],
        [CLUSTER, "privateClusterConfig", undefined, { masterIpv4CidrBlock: "172.16.0.0/28" }],
        [NODE_POOL, "nodeConfig", { spot: false }, { spot: true }],
        [NODE_POOL, "initialNodeCount", 1, 2],
    ])("of %s.%s takes a new object", async (type, field, before, after) => {
        expect(await diff(type, { [field]: before }, { [field]: after })).toMatchObject({
            changed: [field],
            replaced: [field],
            deleteFirst: false,
        });
    });

    it.each([
        [SUBNETWORK, "ipCidrRange", "10.0.0.0/24", "10.0.0.0/20"],
        [SUBNETWORK, "privateIpGoogleAccess", false, true],
        [FIREWALL, "sourceRanges", ["10.0.0.0/28"], ["10.0.0.16/28"]],
        [ACCOUNT, "displayName", "a", "b"],
        [CLUSTER, "resourceLabels", { a: "1" }, { a: "2" }],
        [CLUSTER, "deletionProtection", true, false],
        [CLUSTER, "privateClusterConfig", { enablePrivateNodes: true }, { enablePrivateNodes: false }],
        [NODE_POOL, "autoscaling", { maxNodeCount: 4 }, { maxNodeCount: 6 }],
        [NODE_POOL, "nodeConfig", { machineType: "e2-standard-2" }, { machineType: "e2-standard-4" }],
    ])("of %s.%s is done in place", async (type, field, before, after) => {
        expect(await diff(type, { [field]: before }, { [field]: after })).toEqual({
            changed: [field],
            replaced: [],
            deleteFirst: false,
        });
    });

    it("of a member's role deletes the old role first", async () => {
        const changed = await diff(MEMBER, { role: "roles/a" }, { role: "roles/b" });
        expect(changed).toEqual({ changed: ["role"], replaced: ["role"], deleteFirst: true });
    });

    it("is not found between equal inputs", async () => {
        const inputs = { name: "a", nodeConfig: { oauthScopes: ["s"] }, timeouts: null };
        expect((await diff(NODE_POOL, inputs, { ...inputs, timeouts: undefined })).changed).toEqual([]);
    });

    it("is named by its path", () => {
        const before = { list: [{ a: 1 }, { a: 2 }], gone: { b: 1 } };
        expect(changes(before, { list: [{ a: 1 }, { a: 3 }, { a: 4 }], made: "x" })).toEqual([
            { path: "list[1].a", kind: "update" },
            { path: "list[2].a", kind: "add" },
            { path: "gone.b", kind: "delete" },
            { path: "made", kind: "add" },
        ]);
    });
});

describe("an object", () => {
    it("shows its inputs, its location, and what Google adds", async () => {
        const { cluster, network } = await createProject();
        expect(network.id).toMatch(/^projects\/p\/global\/networks\/mesh-[0-9a-f]{7}$/);
        expect(cluster.outputs).toMatchObject({
            project: "p",
            location: "us-central1-a",
            ipAllocationPolicy,
            endpoint: "192.0.2.1",
            masterAuth: { clusterCaCertificate: "Q0E=" },
        });
        const pool = await create(NODE_POOL, "nodes", { cluster: cluster.id, autoscaling: { minNodeCount: 2 } });
        expect(pool.id).toMatch(new RegExp(`^${cluster.id}/nodePools/nodes-`));
        expect(pool.outputs).toMatchObject({ location: "us-central1-a", nodeCount: 2 });
    });

    it("is kept in the file, for the next start of the provider", async () => {
        const { cluster } = await createProject();
        stop();
        await start();
        const request = new messages.ReadRequest().setUrn(urn(CLUSTER, "gke")).setId(cluster.id);
        const read = await call<messages.ReadResponse>((done) => client.read(request, done));
        expect(fromStruct(read.getProperties())).toEqual(cluster.outputs);
        expect(JSON.parse(readFileSync(file, "utf8"))).toHaveLength(7);
        expect(readdirSync(folder)).toEqual(["cloud.json"]);
    });

    it("has no id in a preview, and does not know what Google adds", async () => {
        const inputs = { network: UNKNOWN, deletionProtection: false, initialNodeCount: 1 };
        const { id, outputs } = await create(CLUSTER, "gke", inputs, true);
        expect(id).toBe("");
        expect(outputs).toMatchObject({
            deletionProtection: false,
            endpoint: UNKNOWN,
            masterAuth: { clusterCaCertificate: UNKNOWN },
        });
        await create(NODE_POOL, "nodes", { cluster: UNKNOWN }, true);
        expect(google.cloud.objects()).toEqual([]);
    });

    it("that does not exist can be read, as nothing, and deleted", async () => {
        const request = new messages.ReadRequest().setUrn(urn(NETWORK, "mesh")).setId("projects/p/global/networks/x");
        expect((await call<messages.ReadResponse>((done) => client.read(request, done))).getId()).toBe("");
        await remove(NETWORK, "projects/p/global/networks/x");
    });
});

describe("Google refuses", () => {
    it("an object whose API is not enabled", async () => {
        await expect(create(NETWORK, "mesh", {})).rejects.toThrow(/403: compute\.googleapis\.com has not been used/);
    });

    it("an object that exists already", async () => {
        await createProject();
        await create(ACCOUNT, "nodes", { accountId: "mesh-nodes" });
        await expect(create(ACCOUNT, "other", { accountId: "mesh-nodes" })).rejects.toThrow(/409: .*already exists/);
        // Enabling an API or granting a role again is allowed.
        const before = google.cloud.objects().length;
        await create(SERVICE, "again", { service: "iam.googleapis.com" });
        expect(google.cloud.objects()).toHaveLength(before);
    });

    it("a reference to an object that does not exist", async () => {
        const { cluster } = await createProject();
        await expect(create(ROUTER, "r", { network: "no-such" })).rejects.toThrow(/404: .*networks\/no-such/);
        await expect(
            create(NODE_POOL, "n", {
                cluster: cluster.id,
                nodeConfig: { serviceAccount: "gone@p.iam.gserviceaccount.com" },
            }),
        ).rejects.toThrow(/404: .*gone@p/);
    });

    it("overlapping ranges in a network", async () => {
        const { network } = await createProject();
        const taken = create(SUBNETWORK, "more", subnet(network.id, "10.5.0.0/20"));
        await expect(taken).rejects.toThrow(/10\.5\.0\.0\/20 conflicts with existing subnetwork 'nodes-/);
        const itself = create(SUBNETWORK, "more", subnet(network.id, "10.16.0.0/20", { pods: "10.16.8.0/24" }));
        await expect(itself).rejects.toThrow(/conflicts with existing subnetwork 'more-/);
        const other = await create(NETWORK, "other", { autoCreateSubnetworks: false });
        await create(SUBNETWORK, "elsewhere", subnet(other.id, "10.5.0.0/20"));
    });

    it.each([
        [{ initialNodeCount: 0 }, /initial_node_count must be greater than zero/],
        [{ location: "us-central" }, /Location "us-central" does not exist/],
        [{ ipAllocationPolicy: { clusterSecondaryRangeName: "no-such" } }, /Pod secondary range "no-such" not found/],
        [{ workloadIdentityConfig: { workloadPool: "q.svc.id.goog" } }, /Workload pool "q\.svc\.id\.goog"/],
        [{ privateClusterConfig: { masterIpv4CidrBlock: "172.16.0.0/24" } }, /not a \/28 block/],
        [{ privateClusterConfig: { masterIpv4CidrBlock: "10.0.1.0/28" } }, /overlaps 10\.0\.0\.0\/20/],
    ])("a cluster with %j", async (inputs, message) => {
        const { clusterInputs } = await createProject();
        await expect(create(CLUSTER, "other", { ...clusterInputs, ...inputs })).rejects.toThrow(message);
    });

    it("a cluster whose control plane has the same range as another one in the network", async () => {
        const { clusterInputs } = await createProject();
        const inputs = { ...clusterInputs, privateClusterConfig: { masterIpv4CidrBlock: "172.16.0.0/28" } };
        await create(CLUSTER, "one", inputs);
        await expect(create(CLUSTER, "other", inputs)).rejects.toThrow(/172\.16\.0\.0\/28 overlaps 172\.16\.0\.0\/28/);
    });

    it("a node pool with a minimum above its maximum", async () => {
        const { cluster } = await createProject();
        const autoscaling = { minNodeCount: 5, maxNodeCount: 4 };
        await expect(create(NODE_POOL, "n", { cluster: cluster.id, autoscaling })).rejects.toThrow(/must not exceed/);
    });

    it("to delete an object in use, and deletes the parts of an object with it", async () => {
        const { network, nodes, cluster, clusterInputs } = await createProject();
        await create(NODE_POOL, "n", { cluster: cluster.id });
        await expect(remove(NETWORK, network.id)).rejects.toThrow(/already being used by 'projects\/p\/regions/);
        await expect(remove(SUBNETWORK, nodes.id)).rejects.toThrow(/already being used by '.*clusters\/gke-/);

        await update(CLUSTER, cluster.id, { ...clusterInputs, name: cluster.inputs.name, deletionProtection: true });
        await expect(remove(CLUSTER, cluster.id)).rejects.toThrow(/deletion_protection is set to true/);
        await update(CLUSTER, cluster.id, { ...clusterInputs, name: cluster.inputs.name });
        await remove(CLUSTER, cluster.id);
        expect(google.cloud.objects().filter(({ type }) => type === NODE_POOL)).toEqual([]);
        await remove(SUBNETWORK, nodes.id);
        await remove(NETWORK, network.id);
    });

    it("to delete a cluster without deletionProtection: false", async () => {
        const { clusterInputs } = await createProject();
        const guarded = await create(CLUSTER, "guarded", { ...clusterInputs, deletionProtection: undefined });
        await expect(remove(CLUSTER, guarded.id)).rejects.toThrow(/deletion_protection/);
    });
});

describe("an operation", () => {
    it("takes as long as injected, and fails with the injected error", async () => {
        google.injectFault = ({ operation, type }) =>
            operation === "create" && type === SERVICE ? { delay: 200, error: "Error 500: internal" } : undefined;
        const startTime = performance.now();
        await expect(create(SERVICE, "iam", { service: "iam.googleapis.com" })).rejects.toThrow("Error 500: internal");
        expect(performance.now() - startTime).toBeGreaterThan(190);
        expect(google.cloud.objects()).toEqual([]);
        google.injectFault = undefined;
        await create(SERVICE, "iam", { service: "iam.googleapis.com" });
        expect(google.log()).toEqual(["create Service", "create Service"]);
        expect(google.operations[0]).toMatchObject({ name: "iam", timeout: 60 });
    });

    it("that fails changes nothing", async () => {
        const { cluster, clusterInputs } = await createProject();
        const before = google.cloud.objects();
        google.injectFault = () => ({ error: "Error 503: unavailable" });
        const changed = { ...clusterInputs, name: cluster.inputs.name, deletionProtection: true };
        await expect(update(CLUSTER, cluster.id, changed)).rejects.toThrow("Error 503");
        await expect(remove(CLUSTER, cluster.id)).rejects.toThrow("Error 503");
        expect(google.cloud.objects()).toEqual(before);
    });

    it("that is invalid is refused at once, even with a delay", async () => {
        google.injectFault = () => ({ delay: 60_000 });
        await expect(create(NETWORK, "mesh", {})).rejects.toThrow(/403/);
    });
});
