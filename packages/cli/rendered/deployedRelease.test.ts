import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ApiError } from "../../kubernetes/apiError";
import type { Helm, Release } from "../../kubernetes/helm";
import type { KubernetesObject } from "../../kubernetes/object";
import { FakeCluster } from "../../kubernetes/testing/fakeCluster";
import type { ReleaseStep } from "../render/step";
import { deployedRelease } from "./deployedRelease";
import { applySteps, type Deployer } from "./steps";

const folder = mkdtempSync(path.join(tmpdir(), "bookinfo-mesh-chart-"));
const release: Release = {
    name: "istiod",
    namespace: "istio-system",
    chart: folder,
    values: { pilot: { replicas: 1 } },
    timeout: 60,
    wait: true,
};
const cluster = new FakeCluster();

const revision = (version: string, status: string): KubernetesObject => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
        name: `sh.helm.release.v1.istiod.v${version}`,
        namespace: "istio-system",
        uid: `revision ${version}`,
        labels: { owner: "helm", name: "istiod", version, status },
    },
});
const object = (apiVersion: string, kind: string, name: string, of = "istiod"): KubernetesObject => ({
    apiVersion,
    kind,
    metadata: {
        name,
        namespace: "istio-system",
        uid: `the ${kind}`,
        generation: 1,
        labels: { "app.kubernetes.io/managed-by": "Helm" },
        annotations: { "meta.helm.sh/release-name": of, "meta.helm.sh/release-namespace": "istio-system" },
    },
});

beforeEach(() => {
    writeFileSync(path.join(folder, "Chart.yaml"), "name: istiod");
    mkdirSync(path.join(folder, "templates"), { recursive: true });
    writeFileSync(path.join(folder, "templates", "deployment.yaml"), "kind: Deployment");
    cluster.objects = [
        revision("9", "superseded"),
        revision("10", "deployed"),
        object("apps/v1", "Deployment", "istiod"),
        object("v1", "Service", "istiod"),
        object("apps/v1", "Deployment", "grafana", "monitoring"),
    ];
});
afterAll(() => {
    rmSync(folder, { recursive: true });
});

const seen = (changes: Partial<Release> = {}) => deployedRelease({ ...release, ...changes }, cluster.api);

describe("a release is as it was deployed", () => {
    it("while nothing has changed, even if another release has", async () => {
        const before = await seen();
        expect(before).toMatch(/^[0-9a-f]{64}$/);
        cluster.find("Deployment", "grafana").metadata.generation = 2;
        cluster.objects.reverse();
        expect(await seen()).toBe(before);
    });

    it.each<[string, () => unknown, Partial<Release>?]>([
        ["other values", () => 0, { values: { pilot: { replicas: 2 } } }],
        [
            "a file of its chart has changed",
            () => {
                writeFileSync(path.join(folder, "templates/deployment.yaml"), "x");
            },
        ],
        [
            "its chart has one more file",
            () => {
                writeFileSync(path.join(folder, "templates/new.yaml"), "");
            },
        ],
        ["somebody has upgraded it", () => cluster.objects.push(revision("11", "deployed"))],
        ["an object was edited", () => (cluster.find("Deployment", "istiod").metadata.generation = 2)],
        ["an object was deleted", () => (cluster.objects = cluster.objects.filter(({ kind }) => kind !== "Service"))],
    ])("not any more: %s", async (_, change, changes = {}) => {
        const before = await seen();
        change();
        expect(await seen(changes)).not.toBe(before);
        rmSync(path.join(folder, "templates/new.yaml"), { force: true });
    });

    it.each<[string, () => unknown, Partial<Release>?]>([
        ["its last operation has failed", () => cluster.objects.push(revision("11", "failed"))],
        ["an operation is under way", () => cluster.objects.push(revision("11", "pending-upgrade"))],
        ["there is none", () => (cluster.objects = [])],
        ["a repository may have a newer chart", () => 0, { chart: "istiod", repository: "https://charts.example" }],
    ])("which is not known: %s", async (_, change, changes = {}) => {
        change();
        expect(await seen(changes)).toBeUndefined();
    });

    it("which is not known to somebody who may not list its objects", async () => {
        const { api } = cluster;
        api.listMetadata = () => Promise.reject(new ApiError(403, "forbidden"));
        expect(await deployedRelease(release, api)).toBeUndefined();
    });

    it("by its version, if the chart comes from a repository", async () => {
        const charts = { chart: "istiod", repository: "https://charts.example" };
        expect(await seen({ ...charts, version: "1.31.1" })).not.toBe(await seen({ ...charts, version: "1.31.2" }));
    });
});

describe("helm", () => {
    const step: ReleaseStep = { name: "it", type: "release", needs: [], release };
    const applied = async (isCurrent: boolean) => {
        const calls: string[] = [];
        const deployer = {
            helm: { upgrade: () => Promise.resolve(void calls.push("upgrade")) } as unknown as Helm,
            progress: { during: (_: string, work: () => Promise<void>) => work() },
        } as unknown as Deployer;
        await applySteps([step], deployer, {
            onBegin: () => calls.push("recorded"),
            valuesFile: (name) => name,
            isCurrent: () => Promise.resolve(isCurrent),
            onReleased: (_, upgraded) => Promise.resolve(void calls.push(`deployed, upgraded: ${String(upgraded)}`)),
        });
        return calls;
    };

    it("upgrades a release that has changed, and no other", async () => {
        expect(await applied(false)).toEqual(["recorded", "upgrade", "deployed, upgraded: true"]);
        expect(await applied(true)).toEqual(["recorded", "deployed, upgraded: false"]);
    });
});
