import { ClusterApi } from "../../kubernetes/api";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { RenderedStrategy } from "./renderedStrategy";
import { deploy } from "../deployment/deploy";
import { Inventory } from "./inventory";
import { type DeploymentRecord, readRecord, writeRecord } from "../stack/record";
import { findDeployedStack, findStack, type Stack } from "../stack/stack";
import { stackOf } from "../testing/stack";
import { chooseStrategy } from "../deployment/chooseStrategy";
import type * as Preflight from "../preflight/preflight";
import type * as Project from "../../shared/project";
import { STATE_FOLDER } from "../../shared/project";
import { FakeCluster } from "../../kubernetes/testing/fakeCluster";
import type * as Kubeconfig from "../../kubernetes/testing/kubeconfig";
import { kubeconfigFor } from "../../kubernetes/testing/kubeconfig";

jest.mock("../../kubernetes/client", () =>
    jest.requireActual<typeof Kubeconfig>("../../kubernetes/testing/kubeconfig"),
);
// Neither the stacks' folder of this clone nor its stack files are touched.
jest.mock("../../shared/project", (): typeof Project => {
    const folder = path.join(tmpdir(), `bookinfo-mesh-recorded-${process.pid}`);
    return {
        ...jest.requireActual<typeof Project>("../../shared/project"),
        STATE_FOLDER: folder,
        stackFile: (stack) => path.join(folder, `Pulumi.${stack}.yaml`),
    };
});
jest.mock("../preflight/preflight", (): typeof Preflight => ({
    preflight: ({ stack }) => Promise.resolve(stack),
}));

const never = new AbortController().signal;
const record: DeploymentRecord = {
    stack: "demo",
    cluster: { kubeconfig: "/k", context: "kind-demo", identity: "its-uid" },
    deployedBy: { way: "pulumi", backend: "file:///nowhere" },
};
const at = (context: string, deployed = record): Stack =>
    stackOf({ name: "demo", cluster: { kubeconfig: path.join(STATE_FOLDER, "other k"), context }, record: deployed });

beforeEach(() => {
    mkdirSync(STATE_FOLDER, { recursive: true });
    writeRecord(record);
    writeFileSync(path.join(STATE_FOLDER, "other k"), kubeconfigFor("https://192.0.2.1:6443", "admin"));
});
afterEach(() => {
    rmSync(STATE_FOLDER, { recursive: true });
});

describe("a stack that is deployed", () => {
    it("is not deployed by another context, which is another cluster to the engine", async () => {
        jest.spyOn(ClusterApi, "connect").mockResolvedValueOnce(new FakeCluster().api);
        await expect(deploy(at("admin"), {}, never)).rejects.toThrow(
            /context "kind-demo", and "admin" leads to the same cluster[^]*--stack demo --context admin --kubeconfig '\S+\/other k'/,
        );
        expect(readRecord("demo")).toEqual(record);
    });

    it("must be undone, by the suggested command, before another strategy deploys it", async () => {
        await expect(chooseStrategy(record, { rendered: true }, never)).rejects.toThrow(
            "npx bookinfo down --stack demo`",
        );
        const sandbox = { ...record, stack: "local" };
        await expect(chooseStrategy(sandbox, { rendered: true }, never)).rejects.toThrow("`npx bookinfo down`");
    });
});

describe("a mesh that was deployed without the engine", () => {
    const cluster = new FakeCluster();
    const connection = { stack: at("kind-demo"), api: cluster.api, identity: "its-uid" };
    const mesh = (uid: string) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name: "istio-system", uid } });

    it("is not changed or removed if somebody else has created another one since", async () => {
        const inventory = new Inventory(connection);
        inventory.settle("ours");
        inventory.forget([]);
        const settled = readRecord("demo");
        expect(settled?.deployedBy).toEqual({ way: "rendered", steps: [], mesh: "ours", releases: {} });
        cluster.objects = [mesh("theirs")];
        const strategy = new RenderedStrategy();
        const again = { ...connection, stack: at("kind-demo", settled) };
        await expect(strategy.deploy(again, never)).rejects.toThrow(/somebody else[^]*--stack demo --forget/);
        await expect(strategy.undo(again, settled ?? record, never)).rejects.toThrow(
            /somebody else[^]*--stack demo --forget/,
        );
    });

    it("is the stack's own as long as its UID is the same", async () => {
        cluster.objects = [mesh("ours")];
        const rendered = { ...record, deployedBy: { way: "rendered" as const, steps: [], mesh: "ours", releases: {} } };
        const undone = new RenderedStrategy()
            .undo(connection, rendered, never)
            .catch((error: unknown) => String(error));
        // Without helm on this machine, it ends there.
        expect((await undone) ?? "undone").toMatch(/undone|helm/);
    });
});

it("an invalid stack name is refused before any file of that name is read", () => {
    const options = { stack: "../../package" };
    expect(() => findDeployedStack(options)).toThrow('"../../package" is not a valid stack name');
    expect(() => findStack(options)).toThrow('"../../package" is not a valid stack name');
});

it("a stack file in which every key is commented out names no cluster", () => {
    writeFileSync(path.join(STATE_FOLDER, "Pulumi.empty.yaml"), "config:\n  # cluster:\n");
    expect(() => findStack({ stack: "empty" })).toThrow(/names no cluster of a kubeconfig/);
});
