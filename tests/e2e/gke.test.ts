import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse } from "yaml";
import { mergeValues } from "../../components/istio/merge";
import {
    clone,
    coldStart,
    committedConfig,
    get,
    listObjects,
    npmRun,
    npmRunWith,
    poll,
    readSandboxKubeconfig,
} from "./commands";
import { describeWithPulumi } from "./engine";
import { Api } from "./google/api";
import { Google } from "./google/google";
import { valueAt } from "./google/kind";
import { Stack, type StackOptions } from "./google/stack";
import { nothingDeployed } from "./sharedSandbox";

/*
 * Google Kubernetes Engine without Google: a real Pulumi CLI with a stand-in for the Google Cloud provider, which keeps its objects in
 * a file and applies Google's rules to them. First the cluster alone, then the whole stack on the sandbox.
 */

/** A program that creates only the cluster. */
const clusterOnly = path.join(__dirname, "google/program");
const policyPack = ["--policy-pack", path.join(clone, "packages/policy")];

jest.setTimeout(120_000);

let folder: string;
let google: Google;
let api: Api;
let stack: Stack;

/** Starts with an empty Google Cloud and a new stack of a program in it. */
async function setUp(
    program: string,
    controlPlane: { endpoint: string; caCertificate: string },
    options: Pick<StackOptions, "client" | "authority"> = {},
): Promise<void> {
    folder = mkdtempSync(path.join(tmpdir(), "gke-"));
    google = await Google.start({ file: path.join(folder, "google.json"), controlPlane });
    api = await Api.start(google.cloud);
    stack = await Stack.create({ folder, program, google: google.port, apis: api.environment, ...options });
}

function tearDown(): void {
    google.stop();
    api.stop();
    rmSync(folder, { recursive: true });
}

/** The config of a stack on Google Cloud, with settings of the cluster. */
const config = (cluster: object = {}) => ({
    "gcp:project": "bookinfo-test",
    "bookinfo-mesh:cluster": { kind: "gke", location: "us-central1-a", ...cluster },
});

const ofType = (type: string) => google.cloud.objects().filter((object) => object.type.endsWith(`:${type}`));

/** Runs the CLI. @returns its result, with the operations of the provider */
async function observed(run: () => Promise<{ code: number; output: string }>) {
    const before = google.operations.length;
    const { code, output } = await run();
    return { code, output, operations: google.log().slice(before) };
}

describeWithPulumi("the cluster alone", () => {
    beforeAll(async () => {
        await setUp(clusterOnly, { endpoint: "192.0.2.1", caCertificate: "Q0E=" });
        stack.configure(config());
    });

    afterAll(tearDown);

    it("is shown by a preview, which creates nothing", async () => {
        const { code, output } = await stack.preview();
        expect([code, output]).toEqual([0, expect.stringMatching(/\+ \d+ to create/)]);
        expect(google.operations).toEqual([]);
        expect(google.cloud.objects()).toEqual([]);
    });

    it("violates no rule of the policy pack", async () => {
        const { code, output } = await stack.preview(...policyPack);
        expect([code, output]).toEqual([0, expect.stringMatching(/bookinfo-mesh@v\d/)]);
        expect(output).not.toMatch(/\[(mandatory|advisory)\]/);
    });

    it("is created in the right order, and continues after a failure", async () => {
        // Objects that others need are created slowly, so that an object that does not wait for them fails.
        google.injectFault = ({ operation, type }) => ({
            delay: /:(Service|Account|IAMMember|Network|RouterNat)$/.test(type) ? 300 : 0,
            error: operation === "create" && type.endsWith(":NodePool") ? "Error 403: Insufficient quota" : undefined,
        });
        const failed = await observed(() => stack.up());
        expect([failed.code, failed.output]).toEqual([
            expect.any(Number),
            expect.stringMatching(/NodePool.*Insufficient quota/s),
        ]);
        expect(failed.code).not.toBe(0);
        expect(ofType("NodePool")).toEqual([]);

        google.injectFault = undefined;
        const up = await observed(() => stack.up());
        expect([up.code, up.output]).toEqual([0, expect.stringMatching(/created/)]);
        expect(up.operations).toContain("create NodePool");
        expect(up.operations).not.toContain("create Cluster");
    });

    it("is as configured, and its kubeconfig is a secret output", async () => {
        const [cluster, ...others] = ofType("Cluster");
        expect(others).toEqual([]);
        expect(cluster?.outputs).toMatchObject({ location: "us-central1-a", deletionProtection: false });
        // The nodes need their roles when they start.
        const log = google.log();
        expect(log.lastIndexOf("create IAMMember")).toBeLessThan(log.indexOf("create NodePool"));
        const timeouts = google.operations
            .filter(({ operation, type }) => operation === "create" && type.endsWith(":Cluster"))
            .map(({ timeout }) => timeout);
        expect(timeouts).toEqual([30 * 60]);

        const { kubeconfig, clusterName, location } = await stack.outputs();
        expect([clusterName, location]).toEqual([cluster?.outputs.name, "us-central1-a"]);
        expect(kubeconfig).toEqual(expect.stringContaining("https://192.0.2.1"));
        const { output } = await stack.up();
        expect(output).toMatch(/kubeconfig\s*: \[secret\]/);
    });

    it("does not change when it is deployed again or refreshed", async () => {
        const again = await observed(() => stack.up("--expect-no-changes"));
        expect([again.code, again.output]).toEqual([0, expect.stringMatching(/\d+ unchanged/)]);
        const refreshed = await observed(() => stack.up("--refresh", "--expect-no-changes"));
        expect([refreshed.code, refreshed.output]).toEqual([0, expect.stringMatching(/\d+ unchanged/)]);
        expect([...again.operations, ...refreshed.operations]).toEqual([]);
    });

    it("changes the number of nodes in place", async () => {
        stack.configure(config({ nodePool: { min: 3, max: 6 } }));
        const { code, operations } = await observed(() => stack.up());
        expect([code, operations]).toEqual([0, ["update NodePool"]]);
        expect(ofType("NodePool")[0]?.outputs).toMatchObject({ autoscaling: { minNodeCount: 3, maxNodeCount: 6 } });
    });

    it("moves to another zone: a new cluster in the same network, after the old one has released its ranges", async () => {
        const [before] = ofType("Cluster");
        stack.configure(config({ location: "us-central1-b" }));
        const { code, output, operations } = await observed(() => stack.up());
        expect([code, output]).toEqual([0, expect.stringMatching(/replaced/)]);
        expect(operations).toEqual(["delete NodePool", "delete Cluster", "create Cluster", "create NodePool"]);
        const [after, ...others] = ofType("Cluster");
        expect(others).toEqual([]);
        expect(after?.outputs).toMatchObject({ location: "us-central1-b" });
        // By another name, the Kubernetes provider knows that nothing is deployed to this cluster yet.
        expect(after?.outputs.name).not.toBe(before?.outputs.name);
    });

    it("moves to another region, in the same network", async () => {
        const [network] = ofType("Network");
        stack.configure(config({ location: "europe-west1-b" }));
        const { code, output } = await observed(() => stack.up());
        expect([code, output]).toEqual([0, expect.stringMatching(/replaced/)]);
        expect(ofType("Cluster").map(({ outputs }) => outputs.location)).toEqual(["europe-west1-b"]);
        expect(ofType("Network")).toEqual([network]);
        const regions = google.cloud.objects().flatMap(({ outputs }) => outputs.region ?? []);
        expect(new Set(regions)).toEqual(new Set(["europe-west1"]));
    });

    it("is not destroyed while it is protected", async () => {
        const location = { location: "europe-west1-b" };
        stack.configure(config({ ...location, deletionProtection: true }));
        expect(await observed(() => stack.up())).toMatchObject({ code: 0, operations: ["update Cluster"] });
        const destroyed = await observed(() => stack.destroy());
        expect([destroyed.code, destroyed.output]).toEqual([
            expect.any(Number),
            expect.stringMatching(/cannot be deleted\s+because it is protected/),
        ]);
        expect(destroyed.code).not.toBe(0);
        expect(destroyed.operations).toEqual([]);

        stack.configure(config(location));
        expect(await stack.up()).toMatchObject({ code: 0 });
    });

    it("B3: is destroyed with everything that was created for it, and with what Google leaves in the network", async () => {
        google.cloud.leavesSomething = true;
        const { code, output, operations } = await observed(() => stack.destroy());
        expect([code, output]).toEqual([
            0,
            expect.stringMatching(/Removed what Google had left in .+: firewall rule k8s-\w+-node-http-hc, network/),
        ]);
        expect(google.cloud.leftovers).toEqual([]);
        expect(operations.indexOf("delete NodePool")).toBeLessThan(operations.indexOf("delete Cluster"));
        expect(google.cloud.objects()).toEqual([]);
    });
});

/** What an organisation demands of nodes: the settings without which it refuses a pool, the first one of a cluster too. */
const DEMANDS = {
    "constraints/compute.requireShieldedVm": "shieldedInstanceConfig.enableSecureBoot",
    "constraints/gcp.restrictNonCmekServices": "bootDiskKmsKey",
    "constraints/iam.automaticIamGrantsForDefaultServiceAccounts": "serviceAccount",
};

/** The project is a new one of an organisation: Google leaves something of each cluster in its network. */
function joinOrganisation(): void {
    google.cloud.policies = Object.entries(DEMANDS).map(([constraint, setting]) => ({ type, outputs }) => {
        const isPool = type.endsWith(":Cluster") || type.endsWith(":NodePool");
        return isPool && !valueAt(outputs, `nodeConfig.${setting}`) ? constraint : undefined;
    });
    // In a new project, an API that was enabled is not known everywhere at once.
    google.cloud.apiDelay = 3000;
    google.cloud.leavesSomething = true;
}

/** What a member of the organisation sets. The nodes are Arm's. */
const key = "projects/keys-1/locations/us-central1/keyRings/mesh/cryptoKeys/nodes";
const settings = { kmsKey: key, secretsKey: key, zones: ["us-central1-a", "us-central1-f"] };
const nodePool = { machineType: "c4a-standard-2", diskSizeGb: 60 };

/** Somebody else deletes the cluster. */
function deleteCluster(): void {
    google.cloud.delete(ofType("Cluster")[0]?.id ?? "");
    expect(ofType("NodePool")).toEqual([]);
}

/** The commands of docs/gke.md for a cluster that somebody else has deleted. They leave nothing that is billed. */
async function cleanUpWithoutCluster(): Promise<void> {
    expect(await stack.refresh({ PULUMI_K8S_DELETE_UNREACHABLE: "true" })).toMatchObject({ code: 0 });
    expect(await stack.destroy()).toMatchObject({ code: 0 });
    expect([google.cloud.objects(), google.cloud.leftovers]).toEqual([[], []]);
}

describeWithPulumi("a cluster in an organisation", () => {
    const ofNumber = { "gcp:project": "123456789012" };

    beforeAll(async () => {
        await setUp(clusterOnly, { endpoint: "192.0.2.1", caCertificate: "Q0E=" });
        joinOrganisation();
        stack.configure({ ...config({ ...settings, nodePool }), ...ofNumber });
    });

    afterAll(tearDown);

    it("B1: meets its policies with the first pool, and does not change afterwards", async () => {
        const { code, output } = await stack.up();
        expect([code, output]).toEqual([0, expect.stringMatching(/\+ \d+ created/)]);
        const again = await observed(() => stack.up("--expect-no-changes"));
        const refreshed = await observed(() => stack.up("--refresh", "--expect-no-changes"));
        expect([again.code, refreshed.code, again.operations, refreshed.operations]).toEqual([0, 0, [], []]);
    });

    it("B5: has the workload pool of the project's id, although the project is named by its number", () => {
        const workloadIdentityConfig = { workloadPool: "project-123456789012.svc.id.goog" };
        expect(ofType("Cluster")[0]?.outputs).toMatchObject({ workloadIdentityConfig });
    });

    it("B2: has Arm nodes that every pod may run on, with disks that they boot from", () => {
        expect(ofType("NodePool")[0]?.outputs).toMatchObject({
            nodeConfig: { diskType: "hyperdisk-balanced", effectiveTaints: [] },
        });
    });

    it("B1: changes the pool alone if its disks change", async () => {
        stack.configure({ ...config({ ...settings, nodePool: { ...nodePool, diskSizeGb: 80 } }), ...ofNumber });
        const { code, operations } = await observed(() => stack.up());
        expect([code, operations]).toEqual([0, ["update NodePool"]]);
    });

    it("B4: leaves nothing that is billed after somebody else has deleted the cluster", async () => {
        deleteCluster();
        await cleanUpWithoutCluster();
    });
});

describeWithPulumi("a cluster that Google is making when the engine is killed", () => {
    beforeAll(async () => {
        await setUp(clusterOnly, { endpoint: "192.0.2.1", caCertificate: "Q0E=" });
        stack.configure(config());
    });

    afterAll(tearDown);

    it("is not in the state, and the next destroy removes it all the same", async () => {
        const isBeingMade = new Promise<void>((resolve) => {
            google.injectFault = ({ operation, type }) => {
                const isCluster = operation === "create" && type.endsWith(":Cluster");
                if (isCluster) {
                    setTimeout(resolve, 500);
                }
                return { delay: isCluster ? 3000 : 0 };
            };
        });
        await stack.upUntil(isBeingMade);
        google.injectFault = undefined;
        expect(await poll(() => ofType("Cluster").length, Boolean, { timeout: 10_000 })).toBe(1);

        const { code, output } = await stack.destroy();
        expect([code, output]).toEqual([0, expect.stringMatching(/cluster cluster-\w+ of an interrupted deployment/)]);
        expect(google.cloud.objects()).toEqual([]);
    });

    it("can be made again", async () => {
        expect(await stack.up()).toMatchObject({ code: 0 });
        expect(await stack.destroy()).toMatchObject({ code: 0 });
        expect(google.cloud.objects()).toEqual([]);
    });
});

describeWithPulumi("a regional cluster in an existing network", () => {
    beforeAll(async () => {
        await setUp(clusterOnly, { endpoint: "192.0.2.1", caCertificate: "Q0E=" });
        stack.configure(
            config({
                location: "us-central1",
                network: { name: "corporate", subnet: "mesh", podRange: "mesh-pods", serviceRange: "mesh-services" },
                ranges: { controlPlane: "172.16.0.0/28" },
                authorizedNetworks: ["203.0.113.0/24"],
                ingress: { staticIp: true },
            }),
        );
        const scope = { project: "bookinfo-test", region: "us-central1" };
        const addObject = (type: string, inputs: object) => google.cloud.create(type, { ...inputs }, scope);
        addObject("gcp:projects/service:Service", { service: "compute.googleapis.com" });
        addObject("gcp:compute/network:Network", { name: "corporate", autoCreateSubnetworks: false });
        addObject("gcp:compute/subnetwork:Subnetwork", {
            name: "mesh",
            network: "corporate",
            ipCidrRange: "10.100.0.0/20",
            secondaryIpRanges: [
                { rangeName: "mesh-pods", ipCidrRange: "10.104.0.0/14" },
                { rangeName: "mesh-services", ipCidrRange: "10.108.0.0/20" },
            ],
        });
    });

    afterAll(tearDown);

    it("joins it, violates no rule of the policy pack, and does not change when it is deployed again", async () => {
        const up = await stack.up(...policyPack);
        expect([up.code, up.output]).toEqual([0, expect.stringMatching(/\+ \d+ created/)]);
        expect(up.output).not.toMatch(/\[(mandatory|advisory)\]/);
        expect([ofType("Network"), ofType("Subnetwork"), ofType("RouterNat")].map(({ length }) => length)).toEqual([
            1, 1, 0,
        ]);
        const { kubeconfig, ingressAddress } = await stack.outputs();
        expect(kubeconfig).toEqual(expect.stringMatching(/certificate-authority-data: Q0E=/));
        expect(ofType("Address").map(({ outputs }) => outputs.address)).toEqual([ingressAddress]);
        expect(await stack.up("--expect-no-changes")).toMatchObject({ code: 0 });
    });

    it("leaves the network as it was", async () => {
        expect(await stack.destroy()).toMatchObject({ code: 0 });
        expect(google.cloud.objects().map(({ outputs }) => outputs.name)).toEqual(["corporate", "mesh"]);
    });
});

/** The stack dev of a member of the organisation, with the sandbox as its cluster. Nothing is deployed. */
async function setUpDev(): Promise<void> {
    await nothingDeployed();
    const { endpoint, authority, client } = readSandbox();
    await setUp(clone, { endpoint, caCertificate: authority }, { client, authority });
    joinOrganisation();
    stack.configure(devOnSandbox());
}

describeWithPulumi("the stack dev", () => {
    beforeAll(setUpDev, coldStart);

    afterAll(async () => {
        tearDown();
        await npmRun("sandbox", "down");
    }, 300_000);

    it("violates no rule of the policy pack", async () => {
        const { code, output } = await stack.preview(...policyPack);
        expect([code, output]).toEqual([0, expect.stringMatching(/bookinfo-mesh@v\d/)]);
        expect(output).not.toMatch(/\[(mandatory|advisory)\]/);
        expect(google.cloud.objects()).toEqual([]);
    });

    it("is deployed from nothing to the product page", async () => {
        const { code, output } = await stack.up();
        expect([code, output]).toEqual([0, expect.stringMatching(/\+ \d+ created/)]);
        const { productpageUrl } = await stack.outputs();
        expect(await get(String(productpageUrl))).toMatchObject({ status: 200 });
    }, 900_000);

    it("does not change when it is deployed again", async () => {
        const { code, output } = await stack.up("--expect-no-changes");
        expect([code, output]).toEqual([0, expect.stringMatching(/\d+ unchanged/)]);
    }, 300_000);

    it("can be used by the commands through gcloud's plugin and a kubeconfig with its context", async () => {
        const kubeconfig = String((await stack.outputs()).kubeconfig);
        const file = path.join(folder, "kubeconfig");
        writeFileSync(file, kubeconfig);
        const { "current-context": context } = parse(kubeconfig) as Record<string, string>;
        const options = ["--stack", "dev", "--context", String(context), "--kubeconfig", file, "--requests", "8"];
        const load = await npmRunWith(stack.clientEnvironment(), "load", ...options);
        expect([load.code, load.output]).toEqual([0, expect.stringMatching(/\b200\b/)]);
    });

    it("previews a move to another zone: it deletes the load balancer, then the cluster, and creates both again", async () => {
        stack.configure({ ...devOnSandbox(["us-central1-b"]), "gcp:zone": "us-central1-b" });
        const { code, stdout } = await stack.preview("--json", "--show-replacement-steps");
        expect(code).toBe(0);
        const steps = (JSON.parse(stdout) as { steps: { op: string; urn: string }[] }).steps.map(
            ({ op, urn }) => `${op} ${urn.split("::").slice(2).join(" ").split("$").at(-1) ?? ""}`,
        );
        const inOrder = [
            "delete-replaced kubernetes:helm.sh/v3:Release istio-gateway",
            "delete-replaced gcp:container/cluster:Cluster cluster",
            "create-replacement gcp:container/cluster:Cluster cluster",
            "create-replacement kubernetes:helm.sh/v3:Release istio-gateway",
        ];
        expect(steps.filter((step) => inOrder.includes(step))).toEqual(inOrder);
        stack.configure(devOnSandbox());
    });

    it("is destroyed, the load balancer before the cluster", async () => {
        const { code, output } = await stack.destroy();
        expect(code).toBe(0);
        expect([google.cloud.objects(), google.cloud.leftovers]).toEqual([[], []]);
        const [gateway = -1, cluster = -1] = [/Release istio-gateway deleted/, /Cluster cluster deleted/].map(
            (deleted) => output.search(deleted),
        );
        expect(gateway).toBeGreaterThan(-1);
        expect(gateway).toBeLessThan(cluster);
        // Deleting a cluster deletes the rest. The sandbox is not deleted here.
        const services = (await listObjects()).filter((object) => object.startsWith("v1/Service "));
        expect(services).toContain("v1/Service istio-system/istiod");
        expect(services).not.toContain("v1/Service istio-system/istio-ingressgateway");
    }, 900_000);
});

describeWithPulumi("the stack dev without its cluster", () => {
    beforeAll(async () => {
        await setUpDev();
        expect(await stack.up()).toMatchObject({ code: 0 });
    }, coldStart);

    afterAll(tearDown);

    it("B4: is removed by the two commands of the docs, with everything that is billed", async () => {
        await npmRun("sandbox", "down");
        deleteCluster();
        await cleanUpWithoutCluster();
    }, 900_000);
});

/** The endpoint of the sandbox's control plane, its certificate authority, and the credentials of a client. */
function readSandbox() {
    const { clusters, users } = readSandboxKubeconfig();
    const { cluster = {} } = clusters[0] ?? {};
    const { user = {} } = users[0] ?? {};
    return {
        endpoint: (cluster.server ?? "").replace("https://", ""),
        authority: cluster["certificate-authority-data"] ?? "",
        client: { certificate: user["client-certificate-data"] ?? "", key: user["client-key-data"] ?? "" },
    };
}

/**
 * The committed config of the stack dev in an organisation, but with the charts and images of the sandbox, and its Envoy without extensions. Grafana and
 * Kiali are off, because their images can only be pulled from a registry (Pulumi.local.yaml).
 */
function devOnSandbox(zones = settings.zones): Record<string, unknown> {
    const [dev, local] = [committedConfig("dev"), committedConfig("local")];
    const istio = mergeValues(dev["bookinfo-mesh:istio"] ?? {}, local["bookinfo-mesh:istio"] ?? {});
    const cluster = mergeValues(dev["bookinfo-mesh:cluster"] ?? {}, { ...settings, zones, nodePool });
    return {
        ...local,
        ...dev,
        "bookinfo-mesh:cluster": cluster,
        "bookinfo-mesh:istio": istio,
        "gcp:project": "bookinfo-test",
    };
}
