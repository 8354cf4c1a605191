import path from "node:path";
import { readMesh } from "./mesh";
import { readSwitches } from "./switches";
import type { Target } from "../target/target";
import { UserError } from "../../shared/errors";
import * as projectConfig from "../program/projectConfig";
import * as records from "../target/record";
import { deployment, FakeCluster } from "../../kubernetes/testing/fakeCluster";

// An ES module, which jest cannot load; no API server is asked here.
jest.mock("@kubernetes/client-node", () => ({}));
jest.mock("../program/projectConfig");
jest.mock("../target/record");
const { readStackConfig, readStackFile } = jest.mocked(projectConfig);
const { readRecord } = jest.mocked(records);

const kubeconfig = path.join(__dirname, "../../../tests/unit/fixtures/kubeconfig.yaml");
const CONTEXT = "here";
const target: Target = { stack: "demo", cluster: { kubeconfig, context: CONTEXT }, sandbox: false, named: true };
const cluster = new FakeCluster();
const config = (istio: object) => ({
    "bookinfo-mesh:cluster": JSON.stringify({ kind: "kubeconfig", path: kubeconfig, context: CONTEXT }),
    "bookinfo-mesh:istio": JSON.stringify(istio),
    "bookinfo-mesh:app": JSON.stringify({ namespace: "books" }),
    "kubernetes:something": "else",
});

beforeEach(() => {
    jest.resetAllMocks();
    cluster.objects = [];
});

describe("what is switched on", () => {
    it("is what the stack's config says, resolved as the program does", async () => {
        readStackFile.mockReturnValue({});
        readStackConfig.mockReturnValue(
            config({
                global: { mtls: { enabled: false } },
                tracing: { enabled: false },
                prometheus: { enabled: false },
                kiali: { enabled: false },
                servicegraph: { enabled: false },
            }),
        );
        expect(await readSwitches(target, cluster.api)).toEqual({
            // Grafana needs Prometheus.
            on: { mtls: false, prometheus: true, grafana: true, jaeger: false, kiali: false, servicegraph: false },
            appNamespace: "books",
            configured: true,
            source: "Pulumi.demo.yaml",
        });
        expect(readStackConfig).toHaveBeenCalledWith("demo", target.cluster);
    });

    it("is everything by default, and the source says so", async () => {
        readStackConfig.mockReturnValue(config({}));
        const { on, source } = await readSwitches(target, cluster.api);
        expect(Object.values(on)).toEqual([true, true, true, true, true, true]);
        expect(source).toBe("the defaults, because Pulumi.demo.yaml does not exist");
    });

    it("is what the cluster has if the config cannot be read, and the source says so", async () => {
        readStackConfig.mockImplementation(() => {
            throw new UserError(
                "the configuration is not complete.\n  istio: is encrypted; only the Pulumi CLI can read it",
            );
        });
        const productpage = deployment("books", "productpage-v1");
        productpage.metadata.labels = { app: "productpage" };
        cluster.objects = [deployment("istio-system", "jaeger"), deployment("elsewhere", "grafana"), productpage];
        expect(await readSwitches(target, cluster.api)).toEqual({
            on: { mtls: false, prometheus: false, grafana: false, jaeger: true, kiali: false, servicegraph: false },
            appNamespace: "books",
            configured: false,
            source:
                "what the cluster has, because the stack's config cannot be used here: " +
                "istio: is encrypted; only the Pulumi CLI can read it",
        });
    });

    it("is what the cluster has if the config is wrong, with the first error", async () => {
        readStackConfig.mockReturnValue(config({ grafanna: {} }));
        const { source } = await readSwitches(target, cluster.api);
        expect(source).toMatch(
            /cannot be used here: istio.grafanna = \{\}: there is no such key, did you mean istio.grafana/,
        );
    });
});

describe("the command that deploys everything again", () => {
    const redeploy = async (record: object | undefined, of: Partial<Target> = {}) => {
        readStackConfig.mockReturnValue(config({}));
        readRecord.mockReturnValue(record as ReturnType<typeof readRecord>);
        return (await readMesh({ target: { ...target, ...of }, api: cluster.api })).commands.redeploy;
    };

    it("is the one that deployed, with the option to look at the cluster first", async () => {
        const local = { stack: "local", sandbox: true };
        expect(await redeploy({ deployedBy: { way: "rendered" } }, local)).toBe("npm run up");
        expect(await redeploy({ deployedBy: { way: "pulumi" } }, local)).toBe("npm run up -- --refresh");
        expect(await redeploy({ deployedBy: { way: "pulumi" } })).toBe(
            `npm run up -- --stack demo --context ${CONTEXT} --kubeconfig ${kubeconfig} --refresh`,
        );
        expect(await redeploy(undefined)).toBe("pulumi up --stack demo --refresh");
        expect(await redeploy(undefined, local)).toBe("npm run up");
    });
});
