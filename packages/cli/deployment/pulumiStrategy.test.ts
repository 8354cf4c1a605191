import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { PulumiStrategy } from "./pulumiStrategy";
import type { Connection } from "../stack/connection";
import { stackOf } from "../testing/stack";
import { readRecord } from "../stack/record";
import { evaluateProgram } from "../program/evaluate";
import type * as Project from "../../shared/project";
import { STATE_FOLDER } from "../../shared/project";
import type { StackState } from "../engine/state";
import type * as Recover from "../recovery/recover";
import { bringUpToDate, freeFromDeadRuns, recover } from "../recovery/recover";
import { UserError } from "../../shared/errors";
import { FakeCluster } from "../../kubernetes/testing/fakeCluster";

// The stacks' folder of this clone is not touched.
jest.mock("../../shared/project", (): typeof Project => ({
    ...jest.requireActual<typeof Project>("../../shared/project"),
    STATE_FOLDER: path.join(tmpdir(), `bookinfo-mesh-deployed-${process.pid}`),
}));
jest.mock("../recovery/recover", (): typeof Recover => ({
    ...jest.createMockFromModule<typeof Recover>("../recovery/recover"),
    pastDeadLocks: (_stack, _stop, work) => work(),
}));
jest.mock("../program/evaluate");

const declaration = { resources: [], outputs: {} };
const page = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "page", namespace: "default" } };
const state = {
    deployment: {
        resources: [
            { urn: "a", type: "pulumi:pulumi:Stack" },
            { urn: "b", type: "kubernetes:apps/v1:Deployment", id: "default/page", inputs: page },
        ],
    },
};
const record = {
    stack: "there-is-no-such-stack",
    cluster: { kubeconfig: "/nowhere", context: "mine", identity: "its-uid" },
    deployedBy: { way: "pulumi" as const, backend: "file:///nowhere" },
};
const never = new AbortController().signal;

let folder: string;
let cluster: FakeCluster;
let connection: Connection;
beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "bookinfo-mesh-test-"));
    mkdirSync(STATE_FOLDER, { recursive: true });
    cluster = new FakeCluster();
    connection = { stack: stackOf(), api: cluster.api, identity: "its-uid" };
    cluster.objects = [rolledOut(1)];
    jest.spyOn(console, "log").mockImplementation();
    jest.spyOn(process.stdout, "write").mockReturnValue(true);
    jest.mocked(freeFromDeadRuns).mockResolvedValue();
    jest.mocked(recover).mockReset().mockResolvedValue(false);
    jest.mocked(bringUpToDate).mockReset();
    jest.mocked(evaluateProgram).mockReset().mockResolvedValue(declaration);
});
afterEach(() => {
    jest.restoreAllMocks();
    rmSync(folder, { recursive: true });
    rmSync(STATE_FOLDER, { recursive: true });
});

/** The Deployment after its first change. @param observedGeneration the generation that its controller has seen */
const rolledOut = (observedGeneration: number) => ({
    ...page,
    metadata: { ...page.metadata, generation: 1 },
    spec: { replicas: 1 },
    status: { observedGeneration, replicas: 1, updatedReplicas: 1, availableReplicas: 1 },
});

/** A strategy with a CLI that fails at the first `up` with an error, and records the commands that it gets. */
function failingOnce(message: string, known: StackState = state): { strategy: PulumiStrategy; asked: () => string[] } {
    const cli = path.join(folder, "pulumi");
    const asked = path.join(folder, "asked");
    const event = JSON.stringify({ diagnosticEvent: { severity: "error", message } });
    const script = `
        echo "$1" >> ${asked}
        case "$1 $2" in
            "stack export") echo '${JSON.stringify(known)}';;
            "stack output") echo '{}';;
            up*) if [ "$(grep -c up ${asked})" = 1 ]; then for log; do :; done; echo '${event}' > "$log"; exit 255; fi;;
        esac`;
    writeFileSync(cli, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return {
        strategy: new PulumiStrategy({ cli, version: "v3" }, "file:///nowhere"),
        asked: () => readFileSync(asked, "utf8").trim().split("\n"),
    };
}

const taken = 'Release "istio-system/istiod": cannot re-use a name that is still in use';

describe("an up that finds objects of a provider that ended before its engine", () => {
    it("runs again after they are removed", async () => {
        jest.mocked(recover).mockResolvedValueOnce(false).mockResolvedValueOnce(true);
        const { strategy, asked } = failingOnce(taken);
        await strategy.deploy(connection, never);
        expect(asked().filter((command) => command === "up")).toHaveLength(2);
        expect(jest.mocked(recover).mock.lastCall?.[4]).toMatchObject({ declaration });
    });

    it("fails with its own error if there is nothing to remove: the name is somebody else's", async () => {
        const { strategy, asked } = failingOnce(taken);
        await expect(strategy.deploy(connection, never)).rejects.toThrow(
            /could not deploy[^]*Something other than this deployment created it/,
        );
        expect(asked().filter((command) => command === "up")).toHaveLength(1);
    });

    it.each([
        "rpc error: code = Unavailable desc = error reading from server: EOF",
        'desc = "transport: Error while dialing: dial tcp 127.0.0.1:4711: connect: connection refused"',
    ])("runs again if the provider ends during it, even if it left nothing: %s", async (words) => {
        const { strategy, asked } = failingOnce(words);
        await strategy.deploy(connection, never);
        expect(asked().filter((command) => command === "up")).toHaveLength(2);
    });

    it("does not run again after any other error", async () => {
        const { strategy, asked } = failingOnce("exceeded quota: tiny");
        await expect(strategy.deploy(connection, never)).rejects.toThrow("could not deploy");
        expect(asked().filter((command) => command === "up")).toHaveLength(1);
        expect(evaluateProgram).not.toHaveBeenCalled();
    });
});

it("an up ends when the Deployments are rolled out, even if the provider reports that earlier", async () => {
    cluster.objects = [rolledOut(0)];
    const { strategy } = failingOnce("error reading from server: EOF");
    const deploying = strategy.deploy(connection, never).then(() => "ended");
    const soon = new Promise((resolve) => setTimeout(resolve, 700, "waiting"));
    await expect(Promise.race([deploying, soon])).resolves.toBe("waiting");
    cluster.objects = [rolledOut(1)];
    await expect(deploying).resolves.toBe("ended");
});

it("an up or a down does not touch a new mesh of somebody else", async () => {
    const mesh = { apiVersion: "v1", kind: "Namespace", metadata: { name: "istio-system", uid: "theirs" } };
    cluster.objects = [mesh];
    const resource = { urn: "c", type: "kubernetes:core/v1:Namespace", id: "istio-system", inputs: mesh };
    const seen = { ...resource, outputs: { metadata: { uid: "ours" } } };
    const { strategy, asked } = failingOnce("", { deployment: { resources: [...state.deployment.resources, seen] } });
    await expect(strategy.deploy(connection, never)).rejects.toThrow("somebody else");
    await expect(strategy.undo(connection, record, never)).rejects.toThrow("somebody else");
    expect(asked()).not.toContain("up");
    expect(asked()).not.toContain("destroy");
});

describe("a stack that is no longer in its backend", () => {
    const gone = () => {
        const { strategy, asked } = failingOnce("");
        const cli = path.join(folder, "pulumi");
        const script = readFileSync(cli, "utf8");
        writeFileSync(
            cli,
            script.replace(/"stack export"\) .*;;/, '"stack export") echo "no stack named" >&2; exit 1;;'),
        );
        return { strategy, asked };
    };

    it("is not undone while a mesh is in the cluster", async () => {
        cluster.objects = [{ apiVersion: "v1", kind: "Namespace", metadata: { name: "istio-system", uid: "ours" } }];
        const { strategy, asked } = gone();
        await expect(strategy.undo(connection, record, never)).rejects.toThrow(
            /is no longer in file:\/\/\/nowhere[^]*nothing is touched[^]*--stack there-is-no-such-stack --forget/,
        );
        expect(asked()).not.toContain("destroy");
    });

    it("counts as undone without a mesh: an earlier down was killed at its end", async () => {
        const { strategy, asked } = gone();
        await strategy.undo(connection, record, never);
        expect(asked().filter((command) => command !== "stack")).toEqual([]);
    });
});

it("an up or a down does not touch a stack that has the cluster itself", async () => {
    const gke = { urn: "d", type: "gcp:container/cluster:Cluster" };
    const { strategy, asked } = failingOnce("", { deployment: { resources: [...state.deployment.resources, gke] } });
    await expect(strategy.deploy(connection, never)).rejects.toThrow("makes its own cluster on Google Cloud");
    await expect(strategy.undo(connection, record, never)).rejects.toThrow("makes its own cluster on Google Cloud");
    expect(asked()).not.toContain("up");
    expect(asked()).not.toContain("destroy");
    expect(readRecord(connection.stack.name)).toBeUndefined();
});

it("an up refuses foreign releases if its stack has created no mesh, even with a record", async () => {
    const { strategy, asked } = failingOnce("exceeded quota: tiny");
    await expect(strategy.deploy(connection, never)).rejects.toThrow("could not deploy");
    const labels = { owner: "helm", name: "istiod", version: "1", status: "deployed" };
    const metadata = { name: "sh.helm.release.v1.istiod.v1", namespace: "istio-system", labels };
    cluster.objects = [rolledOut(1), { apiVersion: "v1", kind: "Secret", metadata, type: "helm.sh/release.v1" }];
    await expect(strategy.deploy(connection, never)).rejects.toThrow("another Istio is installed in this cluster");
    expect(asked().filter((command) => command === "up")).toHaveLength(1);
});

it("an up touches nothing while somebody else works on the stack", async () => {
    const { strategy } = failingOnce("exceeded quota: tiny");
    await expect(strategy.deploy(connection, never)).rejects.toThrow("could not deploy");
    const touched = jest.fn();
    const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "istiod-1", uid: "u" };
    const metadata = {
        ...{ name: "waits", namespace: "istio-system" },
        ...{ labels: { app: "istiod" }, ownerReferences: [owner] },
    };
    const pod = { apiVersion: "v1", kind: "Pod", metadata };
    const containerStatuses = [{ name: "main", state: { waiting: { reason: "ImagePullBackOff" } } }];
    cluster.objects = [rolledOut(1), { ...pod, status: { containerStatuses } }];
    connection.api.delete = touched;
    jest.mocked(freeFromDeadRuns).mockRejectedValueOnce(new UserError("somebody else works on this stack"));
    await expect(strategy.deploy(connection, never)).rejects.toThrow("somebody else");
    expect(touched).not.toHaveBeenCalled();
    const { stack } = connection;
    await strategy.deploy({ ...connection, stack: stack.withRecord(readRecord(stack.name)) }, never);
    expect(touched).toHaveBeenCalledTimes(1);
});

it("the record has the time of a successful up only", async () => {
    const { strategy } = failingOnce("exceeded quota: tiny");
    const settled = () => readRecord(connection.stack.name)?.settled;
    await expect(strategy.deploy(connection, never)).rejects.toThrow("could not deploy");
    expect(settled()).toBeUndefined();
    const begun = new Date().toISOString();
    await strategy.deploy(connection, never);
    expect((settled() ?? "") >= begun).toBe(true);
});

describe("B4: a stack that is to be forgotten", () => {
    it("is kept if it has what is billed outside of a cluster, and both ways on are said", async () => {
        const network = { urn: "d", type: "gcp:compute/network:Network" };
        const { strategy, asked } = failingOnce("", {
            deployment: { resources: [...state.deployment.resources, network] },
        });
        await expect(strategy.forget("demo", never)).rejects.toThrow(
            /not in a cluster \(1 resources, such as gcp:compute.*PULUMI_K8S_DELETE_UNREACHABLE=true pulumi refresh --stack demo.*pulumi destroy --stack demo/,
        );
        expect(asked()).toEqual(["stack"]);
    });

    it("is removed with what was in the cluster", async () => {
        const leftovers = { urn: "d", type: "bookinfo-mesh:istio:Leftovers" };
        const { strategy, asked } = failingOnce("", {
            deployment: { resources: [...state.deployment.resources, leftovers] },
        });
        await strategy.forget("demo", never);
        expect(asked()).toEqual(["stack", "stack"]);
    });
});

describe("a down", () => {
    it("looks for objects that are gone from the cluster if nothing was interrupted", async () => {
        const { strategy, asked } = failingOnce("");
        jest.mocked(bringUpToDate).mockImplementation(() => {
            expect(asked()).not.toContain("destroy");
            return Promise.resolve();
        });
        await strategy.undo(connection, record, never);
        expect(bringUpToDate).toHaveBeenCalled();
        expect(asked()).toContain("destroy");
    });

    it("looks for objects that the state does not have before it destroys", async () => {
        const { strategy, asked } = failingOnce("");
        jest.mocked(recover).mockImplementation(() => {
            expect(asked()).not.toContain("destroy");
            return Promise.resolve(true);
        });
        await strategy.undo(connection, record, never);
        expect(bringUpToDate).not.toHaveBeenCalled();
        expect(jest.mocked(recover).mock.lastCall?.[4]).toMatchObject({ declaration });
        expect(asked()).toContain("destroy");
    });

    it("removes the objects in the state if the program cannot run", async () => {
        jest.mocked(evaluateProgram).mockRejectedValue(new UserError("no such chart"));
        const { strategy, asked } = failingOnce("");
        await strategy.undo(connection, record, never);
        expect(jest.mocked(recover).mock.lastCall?.[4]).toBeUndefined();
        expect(asked()).toContain("destroy");
    });
});

describe("A5: namespaces that exist", () => {
    const istio = (metadata: object = {}) => ({
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: "istio-system", uid: "theirs", ...metadata },
    });
    const configured = () =>
        readFileSync(path.join(STATE_FOLDER, "workspace", "Pulumi.there-is-no-such-stack.yaml"), "utf8");

    it("are used by a stack without them, as its record and the engine's config say", async () => {
        cluster.objects = [rolledOut(1), istio()];
        const { strategy } = failingOnce("error reading from server: EOF");
        const { record: written } = await strategy.deploy(connection, never);
        expect(written.existing).toEqual({ "istio-system": { uid: "theirs", kept: [] } });
        expect(configured()).toMatch(/existingNamespaces:\s+- istio-system/);
    });

    it("stay the stack's own if its state has them, or if a killed run has just made them", async () => {
        const created = {
            creationTimestamp: new Date().toISOString(),
            managedFields: [{ manager: "pulumi-kubernetes" }],
        };
        const begun = { urn: "a", type: "pulumi:pulumi:Stack", created: new Date(Date.now() - 1000).toISOString() };
        const mine = {
            ...{ urn: "c", type: "kubernetes:core/v1:Namespace", id: "istio-system", inputs: istio() },
            outputs: { metadata: { uid: "theirs" } },
        };
        for (const [resources, live] of [
            [[begun, mine], istio()],
            [[begun], istio(created)],
        ] as const) {
            cluster.objects = [live];
            const { strategy } = failingOnce("error reading from server: EOF", {
                deployment: { resources: [...resources] },
            });
            const { record: written } = await strategy.deploy(connection, never);
            expect(written.existing).toEqual({});
            expect(configured()).not.toContain("existingNamespaces");
        }
    });

    it("are refused while another stack of this program uses them", async () => {
        cluster.objects = [istio({ annotations: { "bookinfo-mesh/stack": "another" } })];
        const { strategy, asked } = failingOnce("");
        await expect(strategy.deploy(connection, never)).rejects.toThrow('stack "another" of this program uses');
        expect(asked()).not.toContain("up");
    });
});
