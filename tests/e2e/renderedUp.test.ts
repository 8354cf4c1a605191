import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { photograph } from "./browser";
import {
    askFromNode,
    bookinfoPods,
    clone,
    coldStart,
    get,
    kubectl,
    labelsOfDefault,
    listObjects,
    npmRun,
    runCommand,
    sandboxBin,
    sandboxKubeconfig,
    type Ended,
} from "./commands";

/*
 * From nothing to the page and back, on a real cluster, by applying what the program renders; engine.test.ts takes the way by the Pulumi
 * CLI. The tests are in the order of a person's steps and build on each other.
 */

let before: string[];
let up: Ended;
let page: string;

const addressIn = (output: string) => /http:\/\/[\d.]+\/productpage/.exec(output)?.[0] ?? "no address in the output";

beforeAll(async () => {
    const sandbox = await npmRun("sandbox", "up");
    if (sandbox.code !== 0) {
        throw new Error(sandbox.output);
    }
    before = await listObjects();
    up = await npmRun("up", "--rendered");
    page = addressIn(up.output);
}, coldStart);

afterAll(async () => {
    await npmRun("down");
}, 300_000);

describe("npm run up", () => {
    it("ends well and says where the page is", () => {
        expect(up).toMatchObject({ code: 0 });
        expect(page).toMatch(/^http:\/\/198\.51\.100\.\d+\/productpage$/);
    });

    it("serves the page through the ingress gateway", async () => {
        const { status, body, server } = await get(page);
        expect(status).toBe(200);
        expect(body).toContain("The Comedy of Errors");
        expect(server).toBe("istio-envoy");
    });

    it("answers 150 requests, by all three versions of reviews", async () => {
        const versions = new Map<string, number>();
        for (let request = 0; request < 150; request += 1) {
            const { status, body } = await get(page);
            expect(status).toBe(200);
            const version = /reviews-(v\d)-/.exec(body)?.[1] ?? "none";
            versions.set(version, (versions.get(version) ?? 0) + 1);
        }
        expect([...versions.keys()].sort()).toEqual(["v1", "v2", "v3"]);
    }, 60_000);

    it("routes the application's paths, and answers 404 by itself to all others", async () => {
        const at = (place: string) => new URL(place, page).href;
        const { body } = await get(page);
        const asset = /"(\/?static\/[^"]+)"/.exec(body)?.[1] ?? "no static path on the page";
        expect(await get(at(asset))).toMatchObject({ status: 200 });
        expect(JSON.parse((await get(at("/api/v1/products"))).body)).toMatchObject([
            { id: 0, title: "The Comedy of Errors" },
        ]);
        expect(JSON.parse((await get(at("/api/v1/products/0/ratings"))).body)).toEqual({
            id: 0,
            ratings: { Reviewer1: 5, Reviewer2: 4 },
        });
        const login = await get(at("/login"), {
            method: "POST",
            body: new URLSearchParams({ username: "jason", passwd: "" }),
        });
        expect(login.status).toBe(302);
        expect(await get(at("/logout"))).toMatchObject({ status: 302 });
        for (const hidden of ["/", "/index.html", "/health", "/metrics", "/productpage/x"]) {
            expect({ hidden, ...(await get(at(hidden))) }).toMatchObject({ hidden, status: 404, body: "" });
        }
    }, 60_000);

    it("runs every pod of Bookinfo with a sidecar that is ready", async () => {
        const pods = await bookinfoPods();
        expect(
            pods.map((pod) => `${pod.metadata.labels.app ?? ""}-${pod.metadata.labels.version ?? ""}`).sort(),
        ).toEqual(["details-v1", "productpage-v1", "ratings-v1", "reviews-v1", "reviews-v2", "reviews-v3"]);
        for (const { metadata, status } of pods) {
            const containers = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])];
            const proxy = containers.find((container) => container.name === "istio-proxy");
            expect({ pod: metadata.name, proxy: proxy?.ready }).toEqual({ pod: metadata.name, proxy: true });
        }
    });

    it("refuses plain HTTP to every pod: mutual TLS is strict", async () => {
        for (const pod of await bookinfoPods()) {
            expect(await askFromNode(`http://${pod.status.podIP}:9080/health`)).toBe("ECONNRESET");
        }
    }, 60_000);

    it("shows the page in a browser", async () => {
        const picture = await photograph(page);
        expect(picture.title).toMatch(/Bookstore|Bookinfo|Comedy of Errors/);
        expect(picture.reviewsShown).toBe(2);
        expect(picture.failedRequests).toEqual([]);
    }, 60_000);

    it("changes nothing when it is run again", async () => {
        const generations = () =>
            kubectl(
                "get",
                "deployments",
                "-A",
                "-o",
                "jsonpath={range .items[*]}{.metadata.uid}/{.metadata.generation} {end}",
            );
        const earlier = await generations();
        expect(await npmRun("up", "--rendered")).toMatchObject({ code: 0 });
        expect(await generations()).toBe(earlier);
    }, 300_000);
});

describe("npm run render", () => {
    let folder: string;
    const out = (name: string) => path.join(folder, name);

    beforeAll(async () => {
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "rendered-"));
        for (const name of ["one", "two"]) {
            expect(await npmRun("render", "--stack", "local", "--out", out(name))).toMatchObject({ code: 0 });
        }
    }, 120_000);

    afterAll(() => {
        fs.rmSync(folder, { recursive: true });
    });

    it("gives the same bytes twice", async () => {
        expect(await runCommand("diff", ["-r", out("one"), out("two")])).toMatchObject({ code: 0, output: "" });
    });

    it("holds no credential", async () => {
        const key = /client-key-data: (\S+)/.exec(fs.readFileSync(sandboxKubeconfig, "utf8"))?.[1] ?? "no key";
        expect(await runCommand("grep", ["-r", "-F", key, out("one")])).toMatchObject({ code: 1, output: "" });
    });

    it("is accepted whole by the API server's dry run", async () => {
        const manifests = manifestsIn(out("one"));
        expect(manifests.length).toBeGreaterThan(15);
        const applied = await runCommand(
            path.join(sandboxBin, "kubectl"),
            [
                ...["apply", "--server-side", "--force-conflicts", "--dry-run=server", "--field-manager=dry-run"],
                ...manifests.flatMap((file) => ["--filename", file]),
            ],
            { KUBECONFIG: sandboxKubeconfig },
        );
        expect(applied).toMatchObject({ code: 0 });
    }, 60_000);

    it("is found faultless by istioctl analyze", async () => {
        const analysis = await runCommand(path.join(sandboxBin, "istioctl"), [
            ...["analyze", "--use-kube=false", "--failure-threshold", "Warning"],
            ...manifestsIn(out("one")),
        ]);
        expect(analysis.output).toContain("No validation issues found");
        expect(analysis.code).toBe(0);
    }, 60_000);
});

describe("npm run down", () => {
    it("leaves nothing that was not there before, and the label gone", async () => {
        expect(await npmRun("down", "--keep-cluster")).toMatchObject({ code: 0 });
        expect(await listObjects()).toEqual(before);
        expect(await labelsOfDefault()).not.toHaveProperty("istio-injection");
    }, 300_000);

    it("does nothing when it is run again", async () => {
        expect(await npmRun("down", "--keep-cluster")).toMatchObject({ code: 0 });
        expect(await listObjects()).toEqual(before);
    }, 120_000);
});

describe("a stack with mutual TLS off", () => {
    const stackFile = path.join(clone, "Pulumi.e2e-mtls-off.yaml");

    beforeAll(async () => {
        const local = fs.readFileSync(path.join(clone, "Pulumi.local.yaml"), "utf8");
        fs.writeFileSync(
            stackFile,
            local.replace("bookinfo-mesh:istio:", "bookinfo-mesh:istio:\n    global: { mtls: { enabled: false } }"),
        );
        expect(await npmRun("up", "--rendered", "--stack", "e2e-mtls-off")).toMatchObject({ code: 0 });
    }, 300_000);

    afterAll(async () => {
        await npmRun("down", "--stack", "e2e-mtls-off");
        fs.rmSync(stackFile, { force: true });
    }, 300_000);

    it("serves the page, and accepts plain HTTP to every pod", async () => {
        expect(await get(page)).toMatchObject({ status: 200 });
        for (const pod of await bookinfoPods()) {
            expect(await askFromNode(`http://${pod.status.podIP}:9080/health`)).toBe("200");
        }
    }, 60_000);
});

/** The files of a rendered folder that hold Kubernetes objects, in order; Helm values are none. */
function manifestsIn(folder: string): string[] {
    return fs
        .readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".yaml") && !file.includes("values") && !file.endsWith("kustomization.yaml"))
        .sort()
        .map((file) => path.join(folder, file));
}
