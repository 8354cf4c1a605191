import { ApiError } from "../../kubernetes/apiError";
import type { KubernetesObject } from "../../kubernetes/object";
import { enforcing, warden } from "../../kubernetes/testing/admission";
import { FakeCluster } from "../../kubernetes/testing/fakeCluster";
import { stackOf } from "../testing/stack";
import { readFacts } from "./clusterFacts";
import { checkFit } from "./fit";
import { minorVersion } from "../mesh/kubernetesVersion";

let cluster: FakeCluster;
beforeEach(() => {
    cluster = new FakeCluster();
    cluster.objects = [namespace("default"), node("one")];
});

function namespace(name: string, labels: Record<string, string> = {}): KubernetesObject {
    return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } };
}

function node(name: string, labels: Record<string, string> = {}): KubernetesObject {
    const usual = { "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64" };
    return { apiVersion: "v1", kind: "Node", metadata: { name, labels: { ...usual, ...labels } } };
}

/** What is found with these sections in the stack's file: what refuses the deployment, and what is only said. */
async function found(istio: unknown = {}, app: unknown = {}) {
    const file = { config: { "bookinfo-mesh:istio": istio, "bookinfo-mesh:app": app } };
    const stack = stackOf({ name: "demo", file });
    const { api } = cluster;
    const findings = await checkFit({ stack, api }, await readFacts(api, stack));
    const texts = (refused: boolean) => findings.filter((each) => each.refused === refused).map(({ text }) => text);
    return { refusals: texts(true), notes: texts(false) };
}

const NOTHING = { refusals: [], notes: [] };

it("finds nothing in a plain cluster, whatever the settings are", async () => {
    expect(await found()).toEqual(NOTHING);
    expect(await found({ cni: { enabled: true } })).toEqual(NOTHING);
});

it("claims nothing that the user may not see", async () => {
    cluster.facts = {};
    const { api } = cluster;
    api.listMetadata = () => Promise.reject(new ApiError(403, "nodes is forbidden"));
    api.list = () => Promise.reject(new ApiError(403, "nodes is forbidden"));
    api.read = () => Promise.reject(new ApiError(403, "is forbidden"));
    jest.spyOn(cluster, "api", "get").mockReturnValue(api);
    expect(await found({ profile: "default", cni: { enabled: true } })).toEqual(NOTHING);
    expect(await found({ platform: "openshift" }, { namespace: "books" })).toEqual(NOTHING);
});

it("leaves to the program what only the engine can read", async () => {
    cluster.facts = { ...cluster.facts, "/apis": { groups: [{ name: "config.openshift.io" }] } };
    expect(await found({ secure: "v1:abc" })).toEqual(NOTHING);
});

describe("A7: the server's version", () => {
    it.each([
        ["v1.36.3", 36],
        ["v1.30.5-eks-1552ad0", 30],
        ["v1.29.8+k3s1", 29],
        ["v1.33.5-gke.100", 33],
        ["v1.31.4+rke2r1", 31],
        ["1.31+", 31],
        ["v1.30.0-alpha.1", 30],
        ["v2.0.0", undefined],
        ["unknown", undefined],
    ])("%s is understood", (version, minor) => {
        expect(minorVersion(version)).toBe(minor);
    });

    it("is refused if the pods cannot work there", async () => {
        cluster.facts = { "/version": { gitVersion: "v1.29.8-eks-1" } };
        const { refusals } = await found();
        expect(refusals).toEqual([expect.stringMatching(/Kubernetes v1\.29\.8-eks-1.* at least 1\.30.*\nUpgrade/)]);
    });

    it.each([
        ["v1.30.1", 1],
        ["v1.31.9+k3s1", 1],
        ["v1.32.0", 0],
        ["v1.36.9", 0],
        ["v1.37.0", 1],
    ])("%s is mentioned only outside of what Istio supports", async (gitVersion, notes) => {
        cluster.facts = { "/version": { gitVersion } };
        const platform = gitVersion.includes("k3s") ? "k3s" : undefined;
        const { refusals, notes: said } = await found({ platform });
        expect(refusals).toEqual([]);
        expect(said).toHaveLength(notes);
        expect(said.every((text) => text.includes("supports 1.32 to 1.36"))).toBe(true);
    });
});

describe("A7: nodes", () => {
    it("of Windows beside others are no problem, because the pods select Linux", async () => {
        cluster.objects = [namespace("default"), node("one"), node("two", { "kubernetes.io/os": "windows" })];
        expect(await found()).toEqual(NOTHING);
    });

    it("of Windows alone are refused", async () => {
        cluster.objects = [namespace("default"), node("two", { "kubernetes.io/os": "windows" })];
        expect((await found()).refusals).toEqual([expect.stringContaining("all 1 nodes run Windows")]);
    });

    it("of Arm are mentioned if images are the user's own", async () => {
        cluster.objects.push(node("arm", { "kubernetes.io/arch": "arm64" }));
        expect(await found()).toEqual(NOTHING);
        for (const own of [{ hub: "registry.example/istio" }, { grafana: { image: "registry.example/grafana:1" } }]) {
            expect((await found(own)).notes).toEqual([expect.stringMatching(/1 of 2 nodes .* arm64.*and amd64 too/)]);
        }
    });

    it("of architectures without images are refused if there are no others", async () => {
        const mainframe = node("z", { "kubernetes.io/arch": "s390x" });
        cluster.objects.push(mainframe);
        expect((await found()).notes).toEqual([expect.stringMatching(/1 of 2 nodes .* s390x/)]);
        cluster.objects = [namespace("default"), mainframe];
        expect((await found()).refusals).toEqual([expect.stringMatching(/all nodes .* s390x.*istio\.hub/s)]);
        expect(await found({ hub: "registry.example/istio" })).toEqual(NOTHING);
    });
});

it("A7: a cluster that has only EKS Fargate is refused", async () => {
    const fargate = node("fargate-ip-192-0-2-1", { "eks.amazonaws.com/compute-type": "fargate" });
    cluster.objects.push(fargate);
    expect(await found()).toEqual(NOTHING);
    cluster.objects = [namespace("default"), fargate];
    expect((await found()).refusals).toEqual([expect.stringContaining("EKS Fargate")]);
});

describe("A7: OpenShift", () => {
    beforeEach(() => {
        cluster.facts = {
            "/version": { gitVersion: "v1.33.4" },
            "/apis": { groups: [{ name: "security.openshift.io" }] },
        };
    });

    it("is refused without its key, with the key", async () => {
        const { refusals } = await found();
        expect(refusals).toEqual([
            expect.stringMatching(/OpenShift.*\n.*set istio\.platform to openshift in .*demo\.yaml/),
        ]);
    });

    it("is fine with its key, and asks nothing about NET_ADMIN", async () => {
        cluster.admit = () => new ApiError(500, "asked");
        expect(await found({ platform: "openshift" }, { namespace: "books" })).toEqual(NOTHING);
    });

    it("is missed if only the key is there", async () => {
        cluster.facts = { ...cluster.facts, "/apis": { groups: [{ name: "apps" }] } };
        const { refusals } = await found({ platform: "openshift" }, { namespace: "books" });
        expect(refusals).toEqual([expect.stringContaining("has no API of OpenShift")]);
    });
});

describe("A7: GKE Autopilot", () => {
    beforeEach(() => {
        cluster.objects = [namespace("default"), node("gk3-mine-pool-2-1a2b")];
        cluster.facts = { "/version": { gitVersion: "v1.33.5-gke.100" }, "/apis": { groups: [] } };
        cluster.admit = warden;
    });

    it("is refused with the workload policy that allows NET_ADMIN", async () => {
        const { refusals } = await found();
        expect(refusals).toEqual([expect.stringContaining("--workload-policies=allow-net-admin")]);
        expect(refusals[0]).not.toContain("istio.cni.enabled");
    });

    it("is fine once it has that policy", async () => {
        cluster.admit = () => undefined;
        expect(await found()).toEqual(NOTHING);
    });

    it("is refused with the CNI plugin, which cannot be installed there", async () => {
        const { refusals } = await found({ cni: { enabled: true }, platform: "gke" });
        expect(refusals).toEqual([expect.stringMatching(/istio\.cni\.enabled to false.*\n.*allow-net-admin/)]);
    });
});

describe("A7: Pod Security", () => {
    const LABEL = "pod-security.kubernetes.io/enforce";

    it.each(["baseline", "restricted"] as const)(
        "of the level %s is found before anything is deployed",
        async (level) => {
            cluster.objects = [namespace("books", { [LABEL]: level })];
            cluster.admit = enforcing(level);
            const { refusals } = await found({}, { namespace: "books" });
            expect(refusals).toEqual([
                expect.stringContaining(`the namespace books refuses the pods of the mesh: it enforces`),
            ]);
            expect(refusals[0]).toContain(`level "${level}"`);
            expect(refusals[0]).toContain("set istio.cni.enabled to true in ");
            expect(refusals[0]).toContain("choose another namespace with app.namespace");
            expect(await found({ cni: { enabled: true } }, { namespace: "books" })).toEqual(NOTHING);
        },
    );

    it("that a cluster sets by default is found in default, for a namespace that does not exist", async () => {
        cluster.admit = enforcing("baseline");
        const { refusals } = await found({}, { namespace: "books" });
        expect(refusals).toEqual([expect.stringMatching(/^the cluster, for a new namespace like books,/)]);
        expect(refusals[0]).toContain(`app.namespaceLabels["${LABEL}"] to privileged`);
        expect(refusals[0]).not.toContain("label --overwrite");
        // Labels of default say nothing about other namespaces, and those of the config decide.
        cluster.objects = [namespace("default", { [LABEL]: "privileged" })];
        cluster.admit = (pod) => (pod.metadata.namespace === "default" ? undefined : enforcing("baseline")(pod));
        expect((await found({}, { namespace: "books" })).refusals).toEqual(refusals);
        cluster.objects = [
            namespace("default", { [LABEL]: "baseline" }),
            namespace("kube-public", { [LABEL]: "baseline" }),
        ];
        expect(await found({}, { namespace: "books" })).toEqual(NOTHING);
        cluster.admit = enforcing("baseline");
        const labels = { namespace: "books", namespaceLabels: { [LABEL]: "privileged" } };
        cluster.objects = [namespace("default")];
        expect(await found({}, labels)).toEqual(NOTHING);
    });

    it("that a cluster sets by default can refuse istiod too, which has its own key", async () => {
        cluster.admit = enforcing("restricted");
        const app = { namespace: "books", namespaceLabels: { [LABEL]: "privileged" } };
        const { refusals } = await found({}, app);
        expect(refusals).toEqual([expect.stringMatching(/refuses istiod and the gateway.*level "restricted"/)]);
        expect(refusals[0]).toContain(`istio.namespaceLabels["${LABEL}"] to baseline`);
        expect(await found({ namespaceLabels: { [LABEL]: "baseline" } }, app)).toEqual(NOTHING);
        cluster.admit = enforcing("baseline");
        expect(await found({}, app)).toEqual(NOTHING);
    });

    it("of an istio-system of others is for its owner to change", async () => {
        cluster.objects = [namespace("default"), namespace("istio-system", { [LABEL]: "restricted" })];
        cluster.admit = (pod) => (pod.metadata.namespace === "istio-system" ? enforcing("restricted")(pod) : undefined);
        const { refusals } = await found();
        expect(refusals).toEqual([
            expect.stringMatching(/^the namespace istio-system refuses istiod.*\nIts owner can/),
        ]);
        expect(refusals[0]).not.toContain("istio.namespaceLabels");
    });

    it("of a policy engine is found too, but nothing that refuses every pod", async () => {
        const denied =
            'admission webhook "validate.kyverno.svc-fail" denied the request: capabilities are not allowed\nmore';
        const adds = ({ spec }: KubernetesObject) => JSON.stringify(spec).includes("NET_ADMIN");
        cluster.admit = (pod) => (adds(pod) ? new ApiError(400, denied) : undefined);
        expect((await found()).refusals).toEqual([
            expect.stringContaining('the webhook "validate.kyverno.svc-fail" denies it: capabilities are not allowed.'),
        ]);
        cluster.admit = () => new ApiError(400, 'admission webhook "w" denied the request: the registry is unknown');
        expect(await found()).toEqual(NOTHING);
        cluster.admit = () => new ApiError(403, 'pods is forbidden: User "me" cannot patch resource "pods"');
        expect(await found()).toEqual(NOTHING);
    });
});

describe("A7: a metrics server", () => {
    const metrics = (status: string): KubernetesObject => ({
        apiVersion: "apiregistration.k8s.io/v1",
        kind: "APIService",
        metadata: { name: "v1beta1.metrics.k8s.io" },
        status: { conditions: [{ type: "Available", status }] },
    });

    it("is only needed for autoscaling", async () => {
        expect(await found({ profile: "demo" })).toEqual(NOTHING);
        expect((await found({ profile: "default" })).notes).toEqual([
            expect.stringMatching(/is not installed.*\n.*istio\.istiod\.autoscaling\.enabled and istio\.gateway\./),
        ]);
        expect((await found({ gateway: { autoscaling: { enabled: true } } })).notes).toEqual([
            expect.stringMatching(/set istio\.gateway\.autoscaling\.enabled to false/),
        ]);
    });

    it("must answer", async () => {
        cluster.objects.push(metrics("True"));
        expect(await found({ profile: "default" })).toEqual(NOTHING);
        cluster.objects = [namespace("default"), metrics("False")];
        expect((await found({ profile: "default" })).notes).toEqual([expect.stringContaining("does not answer")]);
    });
});

describe("A7: the CNI plugin", () => {
    const plugin = (metadata: object, release?: string): KubernetesObject => ({
        apiVersion: "apps/v1",
        kind: "DaemonSet",
        metadata: {
            name: "istio-cni-node",
            annotations: release
                ? { "meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": "kube-system" }
                : {},
            ...metadata,
        },
    });

    it.each<[string, KubernetesObject]>([
        [
            "DaemonSet kube-system/istio-cni-node (Helm release istio-cni in kube-system)",
            plugin({ namespace: "kube-system" }, "istio-cni"),
        ],
        [
            "DaemonSet istio-system/istio-cni-node (istioctl)",
            plugin({ namespace: "istio-system", labels: { "operator.istio.io/component": "Cni" } }),
        ],
        [
            "DaemonSet kube-system/cni-v2 (addon-manager)",
            plugin({
                name: "cni-v2",
                namespace: "kube-system",
                labels: { "k8s-app": "istio-cni-node" },
                managedFields: [{ manager: "addon-manager" }],
            }),
        ],
    ])("has no room beside that of another Istio: %s", async (whose, other) => {
        cluster.objects.push(other);
        const { refusals } = await found({ cni: { enabled: true } });
        expect(refusals).toEqual([expect.stringContaining(`${whose}. A node has room for one`)]);
        expect(refusals[0]).toContain("istio.values.istiod.pilot.cni.enabled to true. Ask its owner first");
        expect(refusals[0]).not.toMatch(/delete|uninstall/);
        expect(await found()).toEqual(NOTHING);
    });

    it("of another Istio cannot be used on OpenShift, where the config requires the program's own", async () => {
        cluster.facts = { ...cluster.facts, "/apis": { groups: [{ name: "config.openshift.io" }] } };
        cluster.objects.push(plugin({ name: "istio-cni-node-v2-6", namespace: "openshift-operators" }));
        const { refusals } = await found({ platform: "openshift" }, { namespace: "books" });
        expect(refusals).toEqual([expect.stringContaining("DaemonSet openshift-operators/istio-cni-node-v2-6")]);
        expect(refusals[0]).not.toContain("To use that one");
    });

    it("of another Istio sets up the pods if the config says so, and no pod needs NET_ADMIN", async () => {
        cluster.admit = enforcing("baseline");
        expect((await found()).refusals).toHaveLength(1);
        for (const istiod of [{ pilot: { cni: { enabled: true } } }, { cni: { enabled: true } }]) {
            expect(await found({ values: { istiod } })).toEqual(NOTHING);
        }
    });

    it.each([
        ["v1.33.5+k3s1", {}, "one", "k3s"],
        ["v1.33.5+k3s1", {}, "k3d-demo-server-0", "k3d"],
        ["v1.33.5-gke.100", {}, "gke-mine-1", "gke"],
        ["v1.33.5", { "microk8s.io/cluster": "true" }, "one", "microk8s"],
    ])("needs the platform of %s %p %s: %s", async (gitVersion, labels, name, platform) => {
        cluster.facts = { "/version": { gitVersion } };
        cluster.objects = [namespace("default"), node(name, labels)];
        const { refusals } = await found({ cni: { enabled: true } });
        expect(refusals).toEqual([expect.stringContaining(`set istio.platform to ${platform} in `)]);
        expect(await found({ cni: { enabled: true }, platform })).toEqual(NOTHING);
        expect(await found()).toEqual(NOTHING);
    });

    it("is the stack's own the next time", async () => {
        cluster.objects.push(plugin({ namespace: "istio-system" }, "istio-cni"));
        expect(await found({ cni: { enabled: true } })).toEqual(NOTHING);
    });

    it("is removed by a Cilium that wants to be alone", async () => {
        const metadata = { name: "cilium-config", namespace: "kube-system" };
        cluster.objects.push({ apiVersion: "v1", kind: "ConfigMap", metadata, data: { "cni-exclusive": "true" } });
        expect((await found({ cni: { enabled: true } })).notes).toEqual([
            expect.stringContaining("cni.exclusive=false"),
        ]);
        expect(await found()).toEqual(NOTHING);
    });
});
