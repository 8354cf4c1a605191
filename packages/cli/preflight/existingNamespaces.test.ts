import { ApiError } from "../../kubernetes/apiError";
import type { KubernetesObject } from "../../kubernetes/object";
import { FakeCluster } from "../../kubernetes/testing/fakeCluster";
import type { DeploymentRecord } from "../stack/record";
import { stackOf } from "../testing/stack";
import { readNamespaces } from "./clusterFacts";
import { findExisting, presumeExisting } from "./existingNamespaces";
import { refuseTakenNames } from "./takenNames";

const namespace = (name: string, uid = `${name}-uid`): KubernetesObject => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, uid },
});
const inIstio = (kind: string, name: string, metadata: Partial<KubernetesObject["metadata"]> = {}) => ({
    apiVersion: kind === "Deployment" ? "apps/v1" : "v1",
    kind,
    metadata: { name, namespace: "istio-system", uid: `${name}-uid`, ...metadata },
});
const byIstiod = { managedFields: [{ manager: "pilot-discovery" }] };

let cluster: FakeCluster;
let write: jest.SpiedFunction<typeof process.stdout.write>;
beforeEach(() => {
    cluster = new FakeCluster();
    write = jest.spyOn(process.stdout, "write").mockReturnValue(true);
});
afterEach(() => {
    jest.restoreAllMocks();
});

const APP = { config: { "bookinfo-mesh:app": { namespace: "shop" } } };
const connectionOf = (facts: Parameters<typeof stackOf>[0] = {}) => ({
    stack: stackOf({ file: APP, ...facts }),
    api: cluster.api,
    identity: "its-uid",
});
const listed = (...names: string[]) => ({
    file: { config: { ...APP.config, "bookinfo-mesh:cluster": { kind: "kubeconfig", existingNamespaces: names } } },
});
const record = (existing?: DeploymentRecord["existing"]): DeploymentRecord => ({
    stack: "it",
    cluster: { kubeconfig: "/k", context: "mine", identity: "its-uid" },
    existing,
    deployedBy: { way: "rendered" },
});

const presume = async (connection = connectionOf()) =>
    presumeExisting(connection, await readNamespaces(connection.api, ["istio-system", "shop"]));

describe("A5: namespaces that exist", () => {
    it("are used by a stack that has not made them, and named", async () => {
        cluster.objects = [namespace("istio-system"), namespace("shop")];
        const existing = await findExisting(connectionOf(), () => false);
        expect(Object.keys(existing)).toEqual(["istio-system", "shop"]);
        expect(existing.shop).toEqual({ uid: "shop-uid", kept: [] });
        expect(write.mock.calls.flat()).toEqual([
            expect.stringContaining("Namespace istio-system is there already"),
            expect.stringContaining("Namespace shop is there already"),
        ]);
    });

    it("stay those of the stack that has made them", async () => {
        cluster.objects = [namespace("istio-system"), namespace("shop")];
        const existing = await findExisting(connectionOf(), ({ metadata }) => metadata.name === "shop");
        expect(Object.keys(existing)).toEqual(["istio-system"]);
    });

    it("stay as they were recorded, with what an earlier istiod had written", async () => {
        cluster.objects = [
            namespace("istio-system"),
            inIstio("Secret", "istio-ca-secret", byIstiod),
            inIstio("Secret", "cacerts", { managedFields: [{ manager: "kubectl-create" }] }),
        ];
        const existing = await findExisting(connectionOf(), () => false);
        expect(existing["istio-system"]?.kept).toEqual(["istio-ca-secret-uid"]);
        cluster.objects.push(inIstio("ConfigMap", "istio-leader", byIstiod));
        expect(await findExisting(connectionOf({ record: record(existing) }), () => true)).toEqual(existing);
    });

    it("are not those that are being deleted, nor `default`", async () => {
        const going = namespace("istio-system");
        going.metadata.deletionTimestamp = "2026-01-01T00:00:00Z";
        cluster.objects = [going, namespace("default")];
        expect(await findExisting(connectionOf({ file: undefined }), () => false)).toEqual({});
    });

    it("reach the program by its config, with the cluster of the command line", () => {
        const { overrides } = stackOf().withExistingNamespaces(["istio-system"]);
        expect(overrides).toEqual({
            cluster: {
                kind: "kubeconfig",
                path: "/nowhere",
                context: "mine",
                existingNamespaces: ["istio-system"],
            },
        });
        const inFile = stackOf({ clusterNamed: false, ...listed("shop") });
        expect(inFile.overrides).toEqual({});
        expect(inFile.withExistingNamespaces([]).overrides).toMatchObject({ cluster: { existingNamespaces: [] } });
    });

    it("are presumed for the checks before the state is known, unless there is a record", async () => {
        cluster.objects = [namespace("istio-system")];
        expect((await presume()).existingNamespaces).toEqual(["istio-system"]);
        const made = await presume(connectionOf({ record: record() }));
        expect(made.existingNamespaces).toEqual([]);
    });

    it("are as the config says if the user may not read them", async () => {
        const api = Object.assign(cluster.api, { read: () => Promise.reject(new ApiError(403, "forbidden")) });
        const forbidden = { ...connectionOf(listed("shop")), api };
        expect((await presume(forbidden)).existingNamespaces).toEqual(["shop"]);
    });

    it("are refused if the config lists one that is not there", async () => {
        await expect(presume(connectionOf(listed("istio-system")))).rejects.toThrow(
            /lists istio-system in cluster.existingNamespaces[^]*Nothing was changed[^]*create namespace istio-system/,
        );
    });

    it("are refused if the config lists one that the stack has made: it would be deleted", async () => {
        cluster.objects = [namespace("istio-system")];
        await expect(findExisting(connectionOf(listed("istio-system")), () => true)).rejects.toThrow(
            /has created it, and would delete it[^]*Take it off the list/,
        );
    });
});

describe("A5: what is in a namespace that exists", () => {
    const refusal = (facts?: Parameters<typeof stackOf>[0]) =>
        refuseTakenNames(connectionOf(facts).stack, cluster.api, () => false);

    it("is nobody's business if it is merely there", async () => {
        cluster.objects = [
            inIstio("Secret", "cacerts"),
            inIstio("ConfigMap", "istio-ca-root-cert", byIstiod),
            inIstio("ConfigMap", "kube-root-ca.crt"),
            inIstio("ConfigMap", "istio-leader", byIstiod),
            inIstio("ServiceAccount", "default"),
            inIstio("Deployment", "otel-collector"),
            { ...inIstio("Deployment", "grafana"), metadata: { name: "grafana", namespace: "monitoring" } },
        ];
        await expect(refusal()).resolves.toBeUndefined();
    });

    it("is named with who made it if it has the names of ours, without a command that takes it away", async () => {
        const release = { "meta.helm.sh/release-name": "mesh", "meta.helm.sh/release-namespace": "istio-system" };
        cluster.objects = [
            inIstio("ConfigMap", "istio", { annotations: release }),
            inIstio("Service", "istiod", { labels: { "operator.istio.io/component": "Pilot" } }),
            inIstio("Deployment", "grafana", {
                annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}" },
            }),
            { ...inIstio("Service", "reviews"), metadata: { name: "reviews", namespace: "shop" } },
        ];
        const error = await refusal().catch((error: unknown) => String(error));
        expect(error).toContain("ConfigMap istio-system/istio (Helm release mesh in istio-system)\n");
        expect(error).toContain("Service istio-system/istiod (istioctl)\n");
        expect(error).toContain("Deployment istio-system/grafana (kubectl apply)\n");
        expect(error).toContain("Service shop/reviews");
        expect(error).toContain("Nothing was changed");
        expect(error).not.toMatch(/delete|uninstall|purge/);
    });

    it("has the names of the CNI plugin too, if that is on", async () => {
        cluster.objects = [
            inIstio("ServiceAccount", "istio-cni"),
            inIstio("ConfigMap", "istio-cni-config"),
            { ...inIstio("DaemonSet", "istio-cni-node"), apiVersion: "apps/v1" },
        ];
        await expect(refusal()).resolves.toBeUndefined();
        const file = { config: { "bookinfo-mesh:istio": { cni: { enabled: true } } } };
        const error = await refusal({ file }).catch((error: unknown) => String(error));
        expect(error).toMatch(
            /ServiceAccount istio-system\/istio-cni, ConfigMap .*config, DaemonSet .*istio-cni-node \(/,
        );
        expect(error).toContain("switch the add-on or the CNI plugin off");
    });

    it("is in nobody's way if the add-on of that name is off", async () => {
        cluster.objects = [inIstio("Deployment", "grafana"), inIstio("Service", "prometheus")];
        const off = { enabled: false };
        const istio = { grafana: off, prometheus: { url: "http://prometheus:9090" } };
        await expect(refusal({ file: { config: { "bookinfo-mesh:istio": istio } } })).resolves.toBeUndefined();
    });

    it("is no obstacle if the stack has made it", async () => {
        cluster.objects = [inIstio("Deployment", "grafana")];
        await expect(refuseTakenNames(connectionOf().stack, cluster.api, () => true)).resolves.toBeUndefined();
    });
});
