import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { live } from "../../packages/sandbox/paths";
import { openInBrowser } from "./browser";
import {
    bookinfoPods,
    coldStart,
    type CommandResult,
    get,
    getFromNode,
    kubectl,
    labelsOfDefault,
    listObjects,
    npmRun,
    pageIn,
    readSandboxKubeconfig,
    runCommand,
    runOnSandbox,
} from "./commands";
import { deployed } from "./sharedSandbox";

/*
 * `npm run up --rendered` on a real cluster, from nothing to the page and back: it applies what the program renders. (engine.test.ts has
 * the Pulumi CLI.) The tests follow the steps of a user, and each one needs those before it. The deployment may be that of an earlier file.
 */

let before: string[];
let up: CommandResult;
let page: string;

beforeAll(async () => {
    before = await deployed("--rendered");
    up = await npmRun("up", "--rendered");
    page = pageIn(up.output);
}, coldStart);

describe("npm run up", () => {
    it("succeeds and prints the address of the page", () => {
        expect(up).toMatchObject({ code: 0 });
        expect(page).toMatch(/^http:\/\/198\.51\.100\.\d+\/productpage$/);
    });

    it("serves the page through the ingress gateway", async () => {
        const { status, body, server } = await get(page);
        expect(status).toBe(200);
        expect(body).toContain("The Comedy of Errors");
        expect(server).toBe("istio-envoy");
    });

    it("answers 150 requests, with all three versions of reviews", async () => {
        const versions = new Map<string, number>();
        for (let request = 0; request < 150; request += 1) {
            const { status, body } = await get(page);
            expect(status).toBe(200);
            const version = /reviews-(v\d)-/.exec(body)?.[1] ?? "none";
            versions.set(version, (versions.get(version) ?? 0) + 1);
        }
        expect([...versions.keys()].sort()).toEqual(["v1", "v2", "v3"]);
    }, 60_000);

    it("routes the application's paths, and answers all others with 404", async () => {
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

    it("runs every pod of Bookinfo with a ready sidecar", async () => {
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
            expect(await getFromNode(`http://${pod.status.podIP}:9080/health`)).toBe("ECONNRESET");
        }
    }, 60_000);

    it("shows the page in a browser", async () => {
        const { title, reviewsShown, failedRequests } = await openInBrowser(page);
        expect(title).toMatch(/Bookstore|Bookinfo|Comedy of Errors/);
        expect(reviewsShown).toBe(2);
        expect(failedRequests).toEqual([]);
    }, 60_000);

    it("changes nothing at a second run", async () => {
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
        if (!fs.existsSync(path.join(live.bin, "istioctl"))) {
            expect(await npmRun("sandbox", "up", "--istioctl")).toMatchObject({ code: 0 });
        }
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "rendered-"));
        const render = (name: string) => npmRun("render", "--manifests", "--out", out(name));
        expect(await Promise.all([render("one"), render("two")])).toMatchObject([{ code: 0 }, { code: 0 }]);
    }, coldStart);

    afterAll(() => {
        fs.rmSync(folder, { recursive: true });
    });

    it("writes the same bytes twice", async () => {
        expect(await runCommand("diff", ["-r", out("one"), out("two")])).toMatchObject({ code: 0, output: "" });
    });

    it("writes the values of releases, and says how to get their manifests, even if the sandbox has helm", async () => {
        const { code, output } = await npmRun("render", "--out", out("values"));
        expect(code).toBe(0);
        expect(output).toContain("Each release has its values; --manifests adds its manifest");
        const namesIn = (name: string) => fs.readdirSync(out(name), { recursive: true });
        expect(namesIn("values")).toEqual(expect.arrayContaining([path.join("helm", "istiod.values.yaml")]));
        expect(namesIn("values").length).toBeLessThan(namesIn("one").length);
    });

    it("writes no credential", async () => {
        const key = readSandboxKubeconfig().users[0]?.user["client-key-data"] ?? "no key";
        expect(await runCommand("grep", ["-r", "-F", key, out("one")])).toMatchObject({ code: 1, output: "" });
    });

    it("writes manifests that the API server accepts in a dry run", async () => {
        const manifests = manifestsIn(out("one"));
        expect(manifests.length).toBeGreaterThan(15);
        const applied = await runOnSandbox(
            "kubectl",
            ...["apply", "--server-side", "--force-conflicts", "--dry-run=server", "--field-manager=dry-run"],
            ...manifests.flatMap((file) => ["--filename", file]),
        );
        expect(applied).toMatchObject({ code: 0 });
    }, 60_000);

    it("writes manifests in which istioctl analyze finds no fault", async () => {
        const options = ["--use-kube=false", "--failure-threshold", "Warning"];
        const analysis = await runOnSandbox("istioctl", "analyze", ...options, ...manifestsIn(out("one")));
        expect(analysis.output).toContain("No validation issues found");
        expect(analysis.code).toBe(0);
    }, 60_000);
});

describe("npm run down", () => {
    it("leaves only what was there before, and removes the label", async () => {
        expect(await npmRun("down", "--keep-cluster")).toMatchObject({ code: 0 });
        expect(await listObjects()).toEqual(before);
        expect(await labelsOfDefault()).not.toHaveProperty("istio-injection");
    }, 300_000);

    it("does nothing at a second run", async () => {
        expect(await npmRun("down", "--keep-cluster")).toMatchObject({ code: 0 });
        expect(await listObjects()).toEqual(before);
    }, 120_000);
});

/** The files of a rendered folder with Kubernetes objects, sorted; without those of Helm values. */
function manifestsIn(folder: string): string[] {
    return fs
        .readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".yaml") && !file.includes("values") && !file.endsWith("kustomization.yaml"))
        .sort()
        .map((file) => path.join(folder, file));
}
