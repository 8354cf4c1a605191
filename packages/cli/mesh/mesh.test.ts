import path from "node:path";
import { deployment, FakeCluster } from "../../kubernetes/testing/fakeCluster";
import type { DeploymentRecord } from "../stack/record";
import { stackOf } from "../testing/stack";
import { readMesh } from "./mesh";
import { readSwitches } from "./switches";

const kubeconfig = path.join(__dirname, "../../../tests/unit/fixtures/kubeconfig.yaml");
const CONTEXT = "here";
const address = { kubeconfig, context: CONTEXT };
const cluster = new FakeCluster();
const demo = (istio: object, app: unknown = { namespace: "books" }) =>
    stackOf({
        name: "demo",
        cluster: address,
        file: { config: { "bookinfo-mesh:istio": istio, "bookinfo-mesh:app": app, "kubernetes:something": "else" } },
    });

beforeEach(() => {
    cluster.objects = [];
});

describe("what is switched on", () => {
    it("is what the stack's config says, resolved as the program does", async () => {
        const stack = demo({
            global: { mtls: { enabled: false } },
            tracing: { enabled: false },
            prometheus: { enabled: false },
            kiali: { enabled: false },
            servicegraph: { enabled: false },
        });
        expect(JSON.parse(stack.config["bookinfo-mesh:cluster"] ?? "")).toEqual({
            kind: "kubeconfig",
            path: kubeconfig,
            context: CONTEXT,
        });
        expect(await readSwitches(stack, cluster.api)).toEqual({
            // Grafana needs Prometheus.
            on: { mtls: false, prometheus: true, grafana: true, jaeger: false, kiali: false, servicegraph: false },
            traffic: {},
            security: {},
            appNamespace: "books",
            drainSeconds: 45,
            configured: true,
            source: "Pulumi.demo.yaml",
        });
    });

    it("is everything by default, and the source says so", async () => {
        const { on, source } = await readSwitches(stackOf({ name: "demo", cluster: address }), cluster.api);
        expect(Object.values(on)).toEqual([true, true, true, true, true, true]);
        expect(source).toBe("the defaults, because Pulumi.demo.yaml does not exist");
    });

    it("is what the cluster has if the config cannot be read, and the source says so", async () => {
        const stack = demo({ secure: "v1:abc" });
        const productpage = deployment("books", "productpage-v1");
        productpage.metadata.labels = { app: "productpage" };
        cluster.objects = [deployment("istio-system", "jaeger"), deployment("elsewhere", "grafana"), productpage];
        expect(await readSwitches(stack, cluster.api)).toEqual({
            on: { mtls: false, prometheus: false, grafana: false, jaeger: true, kiali: false, servicegraph: false },
            appNamespace: "books",
            drainSeconds: 45,
            configured: false,
            source:
                "what the cluster has, because the stack's config cannot be used here: " +
                "bookinfo-mesh:istio: is encrypted; only the Pulumi CLI can read it",
        });
    });

    it("is what the cluster has if the config is wrong, with the first error", async () => {
        const { source } = await readSwitches(demo({ grafanna: {} }), cluster.api);
        expect(source).toMatch(
            /cannot be used here: istio.grafanna = \{\}: there is no such key, did you mean istio.grafana/,
        );
    });
});

describe("the command that deploys everything again", () => {
    const redeploy = async (way: string | undefined, name = "demo") => {
        const record: DeploymentRecord = {
            stack: name,
            cluster: { ...address, identity: "i" },
            deployedBy: way === "pulumi" ? { way, backend: "file:///s" } : { way: "rendered" },
        };
        const stack = stackOf({ name, cluster: address, record: way === undefined ? undefined : record });
        return (await readMesh({ stack, api: cluster.api })).commands.redeploy;
    };

    it("is the one that deployed it, with the option that compares with the cluster first", async () => {
        expect(await redeploy("rendered", "local")).toBe("npx bookinfo up --refresh");
        expect(await redeploy("pulumi", "local")).toBe("npx bookinfo up --refresh");
        expect(await redeploy("pulumi")).toBe(
            `npx bookinfo up --stack demo --context ${CONTEXT} --kubeconfig ${kubeconfig} --refresh`,
        );
        expect(await redeploy(undefined)).toBe("pulumi up --stack demo --refresh");
        expect(await redeploy(undefined, "local")).toBe("npx bookinfo up");
    });
});
