import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ClusterApi } from "../../kubernetes/api";
import type { KubernetesObject } from "../../kubernetes/object";
import type { Connection } from "../stack/connection";
import type { Helm, Release } from "../../kubernetes/helm";
import type { Inventory } from "./inventory";
import { applySteps, type Deployer } from "./steps";
import type { ObjectStep, ReleaseStep } from "../render/step";

const object = { apiVersion: "v1", kind: "Secret", metadata: { name: "admin", namespace: "istio-system" } };
const step = (keep: boolean): ObjectStep => ({
    name: "010-secret-admin",
    type: "object",
    needs: [],
    object,
    wait: false,
    secret: { data: { password: "bmV3" }, keep },
});

/** Applies a step to a cluster that has an object already, or none. @returns what was sent. */
async function sent(applied: ObjectStep, existing?: KubernetesObject): Promise<KubernetesObject[]> {
    const objects: KubernetesObject[] = [];
    const api: Partial<ClusterApi> = {
        read: () => Promise.resolve(existing),
        apply: (each) => {
            objects.push(each);
            return Promise.resolve(each);
        },
    };
    const progress = { during: (_title: string, work: () => Promise<void>) => work() };
    const deployer = { api, progress } as unknown as Deployer;
    await applySteps([applied], deployer, { onBegin: () => undefined, valuesFile: (release) => release });
    return objects;
}

const release: Release = {
    ...{ name: "istiod", namespace: "istio-system", chart: "istiod", repository: "https://charts.example.com" },
    ...{ values: {}, timeout: 600, wait: true },
};
const istiod: ReleaseStep = {
    ...{ name: "020-release-istiod", type: "release", needs: [], release },
    credentials: { username: "chart-user", password: "chart-password" },
};

describe("A3: a release of a repository that wants a password", () => {
    it("is installed from the chart that was downloaded, without credentials", async () => {
        const upgraded: unknown[] = [];
        const helm: Partial<Helm> = {
            upgrade: (...args) => {
                upgraded.push(args.slice(0, 2));
                return Promise.resolve();
            },
        };
        const progress = { during: (_title: string, work: () => Promise<void>) => work() };
        await applySteps([istiod], { helm, progress } as unknown as Deployer, {
            onBegin: () => undefined,
            valuesFile: (name) => `${name}.yaml`,
            located: (each) => ({ ...each, chart: "/downloaded/istiod.tgz", repository: undefined }),
        });
        const downloaded = { ...release, chart: "/downloaded/istiod.tgz", repository: undefined };
        expect(upgraded).toEqual([[downloaded, "istiod.yaml"]]);
        expect(JSON.stringify(upgraded)).not.toContain("chart-password");
    });
});

describe("a Secret", () => {
    it("is applied with its content", async () => {
        expect(await sent(step(true))).toEqual([{ ...object, data: { password: "bmV3" } }]);
    });

    it("that was generated keeps what the cluster has: somebody may use it already", async () => {
        const existing = { ...object, data: { password: "b2xk" } };
        expect(await sent(step(true), existing)).toEqual([existing]);
        expect(await sent(step(false), existing)).toEqual([{ ...object, data: { password: "bmV3" } }]);
    });

    it("leaves nothing of its content in the record of what was deployed, and a release no credentials", () => {
        const folder = mkdtempSync(path.join(tmpdir(), "bookinfo-mesh-test-"));
        try {
            jest.doMock("../../shared/project", () => ({ STATE_FOLDER: folder }));
            const inventory = jest.requireActual<{ Inventory: typeof Inventory }>("./inventory");
            const stack = { name: "test", cluster: { kubeconfig: "k", context: "c" } };
            const kept = new inventory.Inventory({ stack, identity: "i" } as unknown as Connection);
            kept.begin(step(true));
            kept.begin(istiod);
            const record = readFileSync(path.join(folder, "stacks", "test.json"), "utf8");
            expect(readdirSync(folder)).toEqual(["stacks"]);
            expect(record).toContain("010-secret-admin");
            expect(record).toContain("020-release-istiod");
            expect(record).not.toMatch(/bmV3|chart-user|chart-password/);
        } finally {
            rmSync(folder, { recursive: true });
        }
    });
});
