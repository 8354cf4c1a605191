import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse } from "yaml";
import { type HelmValues, mergeValues } from "../../components/istio/merge";
import { Google } from "./google/google";
import { findPulumi, Stack, type StackOptions } from "./google/stack";
import { clone, coldStart, get, listObjects, npmRun, runCommand, sandboxKubeconfig } from "./commands";

/*
 * Google Kubernetes Engine without Google: a real Pulumi CLI, with a stand-in for the Google Cloud provider that keeps its
 * objects in a file and treats them as Google does. First the cluster by itself, then the whole stack on the sandbox.
 */

const cli = findPulumi();
const needs = "needs the Pulumi CLI, on PATH or where npm's package keeps it, and its Kubernetes provider";
const describeEngine = cli === undefined ? describe.skip : describe;

/** A program that makes the cluster, and nothing else. */
const clusterOnly = path.join(__dirname, "google/program");

jest.setTimeout(120_000);

let folder: string;
let google: Google;
let stack: Stack;

/** A fresh Google Cloud, and a fresh stack of the program in it. */
async function begin(
    program: string,
    controlPlane: { endpoint: string; caCertificate: string },
    options: Pick<StackOptions, "client" | "authority"> = {},
): Promise<void> {
    folder = mkdtempSync(path.join(tmpdir(), "gke-"));
    google = await Google.start({ file: path.join(folder, "google.json"), controlPlane });
    stack = await Stack.create({ cli: cli ?? "", folder, program, google: google.port, ...options });
}

function end(): void {
    google.stop();
    rmSync(folder, { recursive: true });
}

/** Config of a stack on Google Cloud, with more of the section `cluster`. */
const config = (cluster: object = {}) => ({
    "gcp:project": "bookinfo-test",
    "bookinfo-mesh:cluster": { kind: "gke", location: "us-central1-a", ...cluster },
});

const ofType = (type: string) => google.cloud.objects().filter((object) => object.type.endsWith(`:${type}`));

/** Runs the CLI, and answers its output and what it had the provider do. */
async function observed(run: () => Promise<{ code: number; output: string }>) {
    const before = google.operations.length;
    const { code, output } = await run();
    return { code, output, operations: google.log().slice(before) };
}

describeEngine(`the cluster by itself (${needs})`, () => {
    beforeAll(async () => {
        await begin(clusterOnly, { endpoint: "192.0.2.1", caCertificate: "Q0E=" });
        stack.configure(config());
    });

    afterAll(end);

    it("is shown by a preview, which makes nothing", async () => {
        const { code, output } = await stack.preview();
        expect([code, output]).toEqual([0, expect.stringMatching(/\+ \d+ to create/)]);
        expect(google.operations).toEqual([]);
        expect(google.cloud.objects()).toEqual([]);
    });

    it("breaks no rule of the policy pack", async () => {
        const { code, output } = await stack.preview("--policy-pack", path.join(clone, "packages/policy"));
        expect([code, output]).toEqual([0, expect.stringMatching(/bookinfo-mesh@v\d/)]);
        expect(output).not.toMatch(/\[(mandatory|advisory)\]/);
    });

    it("needs no luck with the order, and goes on after a failure", async () => {
        // What others depend on is slow, so that whatever does not wait for it finds it missing.
        google.disturb = ({ operation, type }) => ({
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

        google.disturb = undefined;
        const up = await observed(() => stack.up());
        expect([up.code, up.output]).toEqual([0, expect.stringMatching(/created/)]);
        expect(up.operations).toContain("create NodePool");
        expect(up.operations).not.toContain("create Cluster");
    });

    it("is what the config asks for, and hands out its kubeconfig as a secret", async () => {
        const [cluster, ...others] = ofType("Cluster");
        expect(others).toEqual([]);
        expect(cluster?.outputs).toMatchObject({ location: "us-central1-a", deletionProtection: false });
        // A grant that comes after the nodes leaves them without it when they start.
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

    it("stays as it is when it is deployed again, or refreshed", async () => {
        const again = await observed(() => stack.up("--expect-no-changes"));
        expect([again.code, again.output]).toEqual([0, expect.stringMatching(/\d+ unchanged/)]);
        const refreshed = await observed(() => stack.up("--refresh", "--expect-no-changes"));
        expect([refreshed.code, refreshed.output]).toEqual([0, expect.stringMatching(/\d+ unchanged/)]);
        expect([...again.operations, ...refreshed.operations]).toEqual([]);
    });

    it("takes another number of nodes in place", async () => {
        stack.configure(config({ nodePool: { min: 3, max: 6 } }));
        const { code, operations } = await observed(() => stack.up());
        expect([code, operations]).toEqual([0, ["update NodePool"]]);
        expect(ofType("NodePool")[0]?.outputs).toMatchObject({ autoscaling: { minNodeCount: 3, maxNodeCount: 6 } });
    });

    it("moves to another zone by a new cluster in the same network, whose ranges the old one has to leave first", async () => {
        const [before] = ofType("Cluster");
        stack.configure(config({ location: "us-central1-b" }));
        const { code, output, operations } = await observed(() => stack.up());
        expect([code, output]).toEqual([0, expect.stringMatching(/replaced/)]);
        expect(operations).toEqual(["delete NodePool", "delete Cluster", "create Cluster", "create NodePool"]);
        const [after, ...others] = ofType("Cluster");
        expect(others).toEqual([]);
        expect(after?.outputs).toMatchObject({ location: "us-central1-b" });
        // Another name: by its id the Kubernetes provider knows that nothing is deployed to it yet.
        expect(after?.outputs.name).not.toBe(before?.outputs.name);
    });

    it("moves to another region, in the same network too", async () => {
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
        const there = { location: "europe-west1-b" };
        stack.configure(config({ ...there, deletionProtection: true }));
        expect(await observed(() => stack.up())).toMatchObject({ code: 0, operations: ["update Cluster"] });
        const destroyed = await observed(() => stack.destroy());
        expect([destroyed.code, destroyed.output]).toEqual([
            expect.any(Number),
            expect.stringMatching(/cannot be deleted\s+because it is protected/),
        ]);
        expect(destroyed.code).not.toBe(0);
        expect(destroyed.operations).toEqual([]);

        stack.configure(config(there));
        expect(await stack.up()).toMatchObject({ code: 0 });
    });

    it("is destroyed with all that was made for it", async () => {
        const { code, operations } = await observed(() => stack.destroy());
        expect(code).toBe(0);
        expect(operations.indexOf("delete NodePool")).toBeLessThan(operations.indexOf("delete Cluster"));
        expect(google.cloud.objects()).toEqual([]);
    });
});

describeEngine(`a regional cluster in a network that is there already (${needs})`, () => {
    beforeAll(async () => {
        await begin(clusterOnly, { endpoint: "192.0.2.1", caCertificate: "Q0E=" });
        stack.configure(
            config({
                location: "us-central1",
                network: { name: "corporate", subnet: "mesh", podRange: "mesh-pods", serviceRange: "mesh-services" },
                authorizedNetworks: ["203.0.113.0/24"],
                ingress: { staticIp: true },
            }),
        );
        const scope = { project: "bookinfo-test", region: "us-central1" };
        const make = (type: string, inputs: object) => google.cloud.create(type, { ...inputs }, scope);
        make("gcp:projects/service:Service", { service: "compute.googleapis.com" });
        make("gcp:compute/network:Network", { name: "corporate", autoCreateSubnetworks: false });
        make("gcp:compute/subnetwork:Subnetwork", {
            name: "mesh",
            network: "corporate",
            ipCidrRange: "10.100.0.0/20",
            secondaryIpRanges: [
                { rangeName: "mesh-pods", ipCidrRange: "10.104.0.0/14" },
                { rangeName: "mesh-services", ipCidrRange: "10.108.0.0/20" },
            ],
        });
    });

    afterAll(end);

    it("joins it, breaks no rule of the policy pack, and changes nothing when it is deployed again", async () => {
        const up = await stack.up("--policy-pack", path.join(clone, "packages/policy"));
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

    it("leaves it as it was", async () => {
        expect(await stack.destroy()).toMatchObject({ code: 0 });
        expect(google.cloud.objects().map(({ outputs }) => outputs.name)).toEqual(["corporate", "mesh"]);
    });
});

describeEngine(`the stack dev (${needs})`, () => {
    beforeAll(async () => {
        expect(await npmRun("sandbox", "up")).toMatchObject({ code: 0 });
        const { endpoint, authority, client } = readSandbox();
        await begin(clone, { endpoint, caCertificate: authority }, { client, authority });
        stack.configure(devOnSandbox());
    }, coldStart);

    afterAll(async () => {
        end();
        await npmRun("sandbox", "down");
    }, 300_000);

    it("breaks no rule of the policy pack", async () => {
        const { code, output } = await stack.preview("--policy-pack", path.join(clone, "packages/policy"));
        expect([code, output]).toEqual([0, expect.stringMatching(/bookinfo-mesh@v\d/)]);
        expect(output).not.toMatch(/\[(mandatory|advisory)\]/);
        expect(google.cloud.objects()).toEqual([]);
    });

    it("comes up from nothing, to the product page", async () => {
        const { code, output } = await stack.up();
        expect([code, output]).toEqual([0, expect.stringMatching(/\+ \d+ created/)]);
        const { productpageUrl } = await stack.outputs();
        expect(await get(String(productpageUrl))).toMatchObject({ status: 200 });
    }, 900_000);

    it("stays as it is when it is deployed again", async () => {
        const { code, output } = await stack.up("--expect-no-changes");
        expect([code, output]).toEqual([0, expect.stringMatching(/\d+ unchanged/)]);
    }, 300_000);

    it("is used by the commands through gcloud's plugin, once a kubeconfig has its context", async () => {
        const kubeconfig = String((await stack.outputs()).kubeconfig);
        const file = path.join(folder, "kubeconfig");
        writeFileSync(file, kubeconfig);
        const { "current-context": context } = parse(kubeconfig) as Record<string, string>;
        const options = ["--stack", "dev", "--context", String(context), "--kubeconfig", file, "--requests", "8"];
        const load = await runCommand("npm", ["run", "--silent", "load", "--", ...options], stack.clientEnvironment());
        expect([load.code, load.output]).toEqual([0, expect.stringMatching(/\b200\b/)]);
    });

    it("would move to another zone by giving back the load balancer, then the cluster, and making both anew", async () => {
        stack.configure({ ...devOnSandbox(), "gcp:zone": "us-central1-b" });
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

    it("goes back to nothing, the load balancer before the cluster", async () => {
        const { code, output } = await stack.destroy();
        expect(code).toBe(0);
        expect(google.cloud.objects()).toEqual([]);
        const [gateway = -1, cluster = -1] = [/Release istio-gateway deleted/, /Cluster cluster deleted/].map(
            (deleted) => output.search(deleted),
        );
        expect(gateway).toBeGreaterThan(-1);
        expect(gateway).toBeLessThan(cluster);
        // The rest goes with a cluster that is deleted, which the sandbox is not.
        const services = (await listObjects()).filter((object) => object.startsWith("v1/Service "));
        expect(services).toContain("v1/Service istio-system/istiod");
        expect(services).not.toContain("v1/Service istio-system/istio-ingressgateway");
    }, 900_000);
});

/** What is known of the sandbox: where its control plane is, and as whom to speak to it. */
function readSandbox() {
    const { clusters, users } = parse(readFileSync(sandboxKubeconfig, "utf8")) as {
        clusters: [{ cluster: Record<string, string> }];
        users: [{ user: Record<string, string> }];
    };
    const [{ cluster }] = clusters;
    const [{ user }] = users;
    return {
        endpoint: (cluster.server ?? "").replace("https://", ""),
        authority: cluster["certificate-authority-data"] ?? "",
        client: { certificate: user["client-certificate-data"] ?? "", key: user["client-key-data"] ?? "" },
    };
}

/**
 * The stack dev as it is committed, but for what the sandbox has instead: its charts, its images, and an Envoy without
 * extensions. Grafana and Kiali are off, for no machine but one with a registry can have them (Pulumi.local.yaml).
 */
function devOnSandbox(): Record<string, unknown> {
    const [dev, local] = ["dev", "local"].map((name) => {
        const file = readFileSync(path.join(clone, `Pulumi.${name}.yaml`), "utf8");
        return (parse(file) as { config: Record<string, HelmValues> }).config;
    });
    const istio = mergeValues(dev?.["bookinfo-mesh:istio"] ?? {}, local?.["bookinfo-mesh:istio"] ?? {});
    return { ...local, ...dev, "bookinfo-mesh:istio": istio, "gcp:project": "bookinfo-test" };
}
