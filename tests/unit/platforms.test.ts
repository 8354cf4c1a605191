import { istiodValues } from "../../components/istio/values";
import { type PodFields, podSecurityFaults, restrictedV2Faults } from "../../packages/kubernetes/testing/admission";
import { CLUSTER, type Registration, type Run, runProgram } from "./program";

/** A range as OpenShift assigns to a namespace. */
const RANGE: [number, number] = [1000680000, 1000689999];

const RESTRICTED = { "pod-security.kubernetes.io/enforce": "restricted" };

type Pod = PodFields & { nodeSelector?: Record<string, string> };

let plain: Run;
let openShift: Run;
beforeAll(async () => {
    plain = await runProgram({ cluster: CLUSTER });
    openShift = await runProgram({
        cluster: CLUSTER,
        istio: { platform: "openshift" },
        app: { namespace: "books", namespaceLabels: RESTRICTED },
    });
});

function podsOf({ resources }: Run): Pod[] {
    const deployments = resources.filter(({ type }) => type === "kubernetes:apps/v1:Deployment");
    expect(deployments).toHaveLength(10);
    return deployments.map(({ inputs }) => (inputs as { spec: { template: { spec: Pod } } }).spec.template.spec);
}

function resource({ resources }: Run, name: string): Registration {
    const found = resources.find((each) => each.name === name);
    if (!found) {
        throw new Error(`no resource ${name}`);
    }
    return found;
}

function values(run: Run, release: string) {
    return (resource(run, release).inputs as { values: Record<string, unknown> }).values;
}

test("A7: every pod runs on Linux nodes only", () => {
    const linux = { "kubernetes.io/os": "linux" };
    for (const run of [plain, openShift]) {
        expect(podsOf(run).map(({ nodeSelector }) => nodeSelector)).toEqual(Array(10).fill(linux));
        expect(values(run, "istio-istiod").nodeSelector).toEqual(linux);
        expect(values(run, "istio-gateway").nodeSelector).toEqual(linux);
        expect(values(run, "kiali-release").deployment).toMatchObject({ node_selector: linux });
    }
});

describe("A7: on OpenShift", () => {
    it("all pods leave their users and groups to the cluster, which refuses those of other stacks", () => {
        expect(podsOf(openShift).flatMap((pod) => restrictedV2Faults(pod, RANGE))).toEqual([]);
        const refused = podsOf(plain).filter((pod) => restrictedV2Faults(pod, RANGE).length > 0);
        expect(refused).toHaveLength(10);
        expect(restrictedV2Faults(refused[0] ?? {}, RANGE)[0]).toContain(
            "must be in the ranges: [1000680000, 1000689999]",
        );
    });

    it("the charts get the platform, and the CNI plugin is on", () => {
        expect(values(openShift, "istio-istiod")).toMatchObject({
            global: { platform: "openshift" },
            cni: { enabled: true },
        });
        expect(values(openShift, "istio-cni")).toMatchObject({ global: { platform: "openshift" } });
    });

    it("Kiali stays where the commands look for it, and has no public Route", () => {
        expect(values(openShift, "kiali-release")).toMatchObject({
            deployment: { ingress: { enabled: false } },
            identity: { cert_file: "", private_key_file: "" },
            server: { web_root: "/kiali" },
        });
        expect(values(plain, "kiali-release")).not.toHaveProperty("identity");
        expect(values(plain, "kiali-release").deployment).not.toHaveProperty("ingress");
    });
});

describe("A7: with the CNI plugin", () => {
    it("no pod of the application breaks the level restricted", () => {
        expect(podsOf(openShift).flatMap((pod) => podSecurityFaults(pod, "restricted"))).toEqual([]);
        // The only thing that injection then leaves open, for each of its containers.
        expect(values(openShift, "istio-istiod")).toMatchObject({
            global: { proxy: { seccompProfile: { type: "RuntimeDefault" } } },
        });
    });

    it("it is a release that comes before the rest of Istio, and goes after the last pods of the mesh", () => {
        const plugin = resource(openShift, "istio-cni");
        expect(plugin.inputs).toMatchObject({ name: "istio-cni", namespace: "istio-system", chart: "cni" });
        expect(plugin.inputs).not.toHaveProperty("skipAwait", true);
        // Helm would wait for pods on nodes where they cannot start.
        expect(JSON.stringify(values(openShift, "istio-cni").affinity)).toMatch(/"NotIn","values":\["fargate"\]/);
        expect(resource(openShift, "istio-leftovers").dependencies).toContain(plugin.urn);
        expect(resource(openShift, "istio-base").dependencies).toContain(resource(openShift, "istio-leftovers").urn);
    });

    it("the namespaces have their labels: privileged for the plugin, the user's for the application", () => {
        expect(resource(openShift, "istio-namespace").inputs).toMatchObject({
            metadata: { labels: { "pod-security.kubernetes.io/enforce": "privileged" } },
        });
        expect(resource(openShift, "app-namespace").inputs).toMatchObject({
            metadata: { labels: { ...RESTRICTED, "istio-injection": "enabled" } },
        });
    });

    it("pods are replaced when it is switched on or off", () => {
        const annotations = (run: Run) =>
            (resource(run, "bookinfo-productpage-v1").inputs as { spec: { template: { metadata: object } } }).spec
                .template.metadata;
        expect(annotations(openShift)).toMatchObject({
            annotations: { "bookinfo-mesh/redirected-by": "istio-cni", "prometheus.io/scrape": "true" },
        });
        expect(JSON.stringify(annotations(plain))).not.toContain("redirected-by");
    });
});

describe("A7: a stack without these keys", () => {
    it("has none of it", () => {
        expect(plain.resources.map(({ name }) => name)).not.toContain("istio-cni");
        expect(resource(plain, "istio-namespace").inputs).toHaveProperty("metadata", { name: "istio-system" });
        expect(values(plain, "istio-istiod")).not.toHaveProperty("cni");
        expect(values(plain, "istio-istiod").global).not.toHaveProperty("platform");
        // A component with other inputs would be an update.
        for (const component of ["istio", "bookinfo", "app", "grafana", "kiali"]) {
            const { inputs } = resource(plain, component);
            for (const key of [
                "cni",
                "platform",
                "namespaceLabels",
                "labels",
                "clusterAssignsUsers",
                "podAnnotations",
            ]) {
                expect(inputs).not.toHaveProperty(key);
            }
        }
    });
});

test("A7: on AKS, Istio's webhook is not edited by the platform", () => {
    const settings = {
        ...{ hub: "h", tag: "t", imagePullPolicy: "Always" as const, tracing: { enabled: false } },
        istiod: { resources: { requests: {}, limits: {} }, autoscaling: { enabled: false as const } },
        gateway: { resources: { requests: {}, limits: {} }, autoscaling: { enabled: false as const } },
        proxy: { resources: { requests: {}, limits: {} } },
    };
    const values = istiodValues({ ...settings, platform: "aks" });
    expect(values.sidecarInjectorWebhookAnnotations).toEqual({ "admissions.enforcer/disabled": "true" });
    // Istio's charts fail with a platform that they do not know.
    expect(values.global).not.toHaveProperty("platform");
});
