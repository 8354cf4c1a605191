import type { KubernetesObject } from "../kubernetes/object";
import { FakeCluster } from "../kubernetes/testing/fakeCluster";
import { kubeconfigFor } from "../kubernetes/testing/kubeconfig";
import { countsAsGone } from "./gone";
import { isReleased, markDefinitions, servedKind } from "./definitions";
import { chooseLeftovers, connectAndRemove, removeLeftovers } from "./leftovers";
import { uidsOf, writtenByIstiod } from "./written";

function object(kind: string, name: string, rest: Record<string, unknown> = {}): KubernetesObject {
    return { apiVersion: "v1", kind, metadata: { name, namespace: "default", generation: 2 }, ...rest };
}

const definition = (name: string, release?: string, namespace = "istio-system", mark?: string): KubernetesObject => ({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
        name,
        annotations: {
            ...(release && { "meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": namespace }),
            ...(mark && { "bookinfo-mesh/installed-by": mark }),
        },
    },
    spec: {
        group: "networking.istio.io",
        names: { kind: "Gateway" },
        versions: [
            { name: "v1", served: true, storage: false },
            { name: "v1alpha3", served: true, storage: true },
        ],
    },
});

/** An API whose deletions and patches change the cluster. */
function changing(cluster: FakeCluster) {
    return Object.assign(cluster.api, {
        delete: ({ kind, metadata: { name } }: KubernetesObject) => {
            cluster.remove(kind, name);
            return Promise.resolve();
        },
        apply: (object: KubernetesObject) => {
            const { metadata } = cluster.find(object.kind, object.metadata.name);
            Object.assign((metadata.annotations ??= {}), object.metadata.annotations);
            return Promise.resolve(object);
        },
    });
}

describe("Istio's leftovers", () => {
    const gateways = definition("gateways.networking.istio.io", "istio-base");
    const configMaps = [object("ConfigMap", "istio-ca-root-cert")];
    const found = { definitions: [gateways], written: configMaps, inUse: [], controlPlanes: [] };

    it("include only the CRDs of our release", () => {
        expect(isReleased(gateways)).toBe(true);
        expect(isReleased(definition("gateways.networking.istio.io", "other"))).toBe(false);
        expect(isReleased(definition("gateways.networking.istio.io", "istio-base", "other"))).toBe(false);
        expect(isReleased(definition("gateways.networking.istio.io"))).toBe(false);
        expect(isReleased(definition("widgets.example.com", "istio-base"))).toBe(false);
    });

    it("are listed in the version in which they are stored", () => {
        expect(servedKind(gateways)).toEqual(["networking.istio.io/v1alpha3", "Gateway"]);
    });

    it("are all removed if nothing uses them", () => {
        expect(chooseLeftovers(found, "kubectl")).toEqual({ remove: [gateways, ...configMaps] });
    });

    it("keep CRDs that have objects, and say which objects and what to do", () => {
        const { remove, notice } = chooseLeftovers(
            { ...found, inUse: [object("Gateway", "mine")] },
            "kubectl --context mine",
        );
        expect(remove).toEqual(configMaps);
        expect(notice).toContain("Gateway default/mine");
        expect(notice).toContain("kubectl --context mine get gateways.networking.istio.io --all-namespaces");
    });

    it("stay while another control plane runs", () => {
        const { remove, notice } = chooseLeftovers(
            { ...found, controlPlanes: [object("Deployment", "istiod")] },
            "kubectl",
        );
        expect(remove).toEqual([]);
        expect(notice).toContain("Deployment default/istiod");
    });
});

describe("a cluster that does not answer", () => {
    const never = new AbortController().signal;
    // Nothing listens on the port of the discard protocol.
    const cluster = { kubeconfig: kubeconfigFor("http://127.0.0.1:9", "here"), reachedBy: { context: "here" } };

    it("B4: does not count as gone without the user's word, and the message says both ways on", async () => {
        delete process.env.PULUMI_K8S_DELETE_UNREACHABLE;
        await expect(connectAndRemove(cluster, never)).rejects.toThrow(
            /^the cluster of context "here" \(http:\/\/127.0.0.1:9\) does not answer[^]*gone for good[^]*PULUMI_K8S_DELETE_UNREACHABLE=true pulumi refresh\n {2}pulumi destroy$/,
        );
    });

    it("B4: counts as gone by the value that Pulumi's Kubernetes provider takes, and by no other", () => {
        expect(
            ["true", "1", "false", "", undefined].map((PULUMI_K8S_DELETE_UNREACHABLE) =>
                countsAsGone({ PULUMI_K8S_DELETE_UNREACHABLE }),
            ),
        ).toEqual([true, false, false, false, false]);
    });
});

describe("A5: what istiod has written into a namespace that stays", () => {
    const inIstio = (kind: string, name: string, ...managers: string[]): KubernetesObject => ({
        apiVersion: kind === "Lease" ? "coordination.k8s.io/v1" : "v1",
        kind,
        metadata: {
            ...{ name, namespace: "istio-system", uid: `uid of ${name}` },
            managedFields: managers.map((manager) => ({ manager })),
        },
    });
    const cacerts = inIstio("Secret", "cacerts", "kubectl-create");
    const earlier = inIstio("Secret", "istio-ca-secret", "pilot-discovery");
    const edited = inIstio("ConfigMap", "istio-leader", "pilot-discovery", "kubectl-edit");
    const before = [cacerts, earlier, edited];
    const staying = { name: "istio-system", kept: ["uid of istio-ca-secret"] };

    it("is told from everything else", async () => {
        const cluster = new FakeCluster();
        cluster.objects = before;
        expect(uidsOf(await writtenByIstiod("istio-system", cluster.api))).toEqual(["uid of istio-ca-secret"]);
    });

    it("is removed, except what an earlier istiod had written", async () => {
        const cluster = new FakeCluster();
        const others = { ...inIstio("ConfigMap", "istio-gateway-leader", "pilot-discovery") };
        others.metadata.namespace = "elsewhere";
        cluster.objects = [
            ...before,
            others,
            inIstio("ConfigMap", "istio-ca-root-cert", "pilot-discovery"),
            inIstio("Lease", "istio-gateway-deployment", "pilot-discovery"),
        ];
        const api = changing(cluster);
        expect(await removeLeftovers(api, "kubectl", undefined, { staying })).toBeUndefined();
        expect(cluster.objects).toEqual([...before, others]);
    });
});

describe("a stack that is not certain that it has installed the CRDs", () => {
    const NAME = "gateways.networking.istio.io";
    const rootCert = object("ConfigMap", "istio-ca-root-cert");
    const injector = (url: string): KubernetesObject => ({
        ...object("MutatingWebhookConfiguration", "istio-sidecar-injector"),
        apiVersion: "admissionregistration.k8s.io/v1",
        metadata: { name: "istio-sidecar-injector", labels: { app: "sidecar-injector" } },
        webhooks: [{ clientConfig: { url } }],
    });

    it.each([
        ["a mesh of somebody else, under another name", [definition(NAME, "base")]],
        ["a mesh of somebody else, in another namespace", [definition(NAME, "istio-base", "mesh")]],
        ["a mesh with the same names, after an up that failed at them", [definition(NAME, "istio-base")]],
        ["a mesh that another stack of this program has installed", [definition(NAME, "istio-base", undefined, "its")]],
        ["the remote cluster of an istiod elsewhere", [definition(NAME, "istio-base"), injector("https://192.0.2.1")]],
        ["a cluster where istio-base never came", []],
    ])("removes nothing of %s", async (_, objects) => {
        const cluster = new FakeCluster();
        cluster.objects = [...objects, rootCert];
        const notice = await removeLeftovers(changing(cluster), "kubectl", undefined, { mark: "mine" });
        expect(cluster.objects).toEqual([...objects, rootCert]);
        expect(notice ?? "").not.toMatch(/delete|remove/);
    });

    it("also removes nothing that its own release has brought while a webhook of an istiod elsewhere is there", async () => {
        const cluster = new FakeCluster();
        cluster.objects = [definition(NAME, "istio-base", undefined, "mine"), injector("https://192.0.2.1"), rootCert];
        const before = [...cluster.objects];
        const notice = await removeLeftovers(changing(cluster), "kubectl", undefined, { mark: "mine" });
        expect(cluster.objects).toEqual(before);
        expect(notice).toContain("MutatingWebhookConfiguration istio-sidecar-injector");
    });

    it("removes everything if it has marked them, and a stack of an earlier version by the release's name", async () => {
        for (const mark of ["mine", undefined]) {
            const cluster = new FakeCluster();
            cluster.objects = [definition(NAME, "istio-base"), definition(`new.${NAME}`, "istio-base"), rootCert];
            const api = changing(cluster);
            if (mark !== undefined) {
                await markDefinitions(api, mark);
                // A later version of the chart brings one more.
                cluster.objects.push(definition(`later.${NAME}`, "istio-base"));
            }
            expect(await removeLeftovers(api, "kubectl", undefined, { mark })).toBeUndefined();
            expect(cluster.objects).toEqual([]);
        }
    });
});
