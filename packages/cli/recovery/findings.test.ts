import type { KubernetesObject } from "../../kubernetes/object";
import type { Declaration, DeclaredResource } from "../program/declaration";
import { findingsOf } from "./findings";
import { lostManagers, refuseForeignMesh, refuseLostState } from "./ownership";
import { bringUpToDate } from "./recover";
import type { PulumiStack } from "../engine/pulumiStack";
import type { StackState, StateResource } from "../engine/state";
import { snapshotOf } from "./snapshot";
import { encode } from "../../kubernetes/releases";
import { FakeCluster } from "../../kubernetes/testing/fakeCluster";

const BEGUN = "2026-01-02T03:04:05Z";
const LATER = "2026-01-02T03:05:00Z";
const urn = "urn:pulumi:local::bookinfo-mesh::x::y";

/** An object from the provider, or from another manager. */
function object(
    apiVersion: string,
    kind: string,
    metadata: Partial<KubernetesObject["metadata"]> & { name: string },
    manager = "pulumi-kubernetes",
): KubernetesObject {
    const managedFields = [{ manager, operation: "Update" }];
    return { apiVersion, kind, metadata: { creationTimestamp: LATER, managedFields, ...metadata } };
}

function revision(name: string, manager: string, status = "pending-install"): KubernetesObject {
    const metadata = {
        name: `sh.helm.release.v1.${name}.v1`,
        namespace: "istio-system",
        labels: { owner: "helm", name, status },
    };
    const data = { release: encode({ info: { status }, manifest: "" }) };
    return { ...object("v1", "Secret", metadata, manager), data };
}

/** Istio's namespace in the cluster, and in a state. */
const liveNamespace = object("v1", "Namespace", { name: "istio-system", uid: "ours" });
const namespace: StateResource = {
    urn,
    type: "kubernetes:core/v1:Namespace",
    id: "istio-system",
    inputs: { apiVersion: "v1", kind: "Namespace", metadata: { name: "istio-system" } },
    outputs: { metadata: { uid: "ours" } },
};
const stack: StateResource = { urn, type: "pulumi:pulumi:Stack", created: BEGUN };

const service = { apiVersion: "v1", kind: "Service", metadata: { name: "details", namespace: "default" } };
const istiod = { name: "istiod", namespace: "istio-system" };

function declaration(...resources: Pick<DeclaredResource, "type" | "name" | "inputs">[]): Declaration {
    const common = { urn, custom: true, read: false, dependencies: [], secrets: [], ignoreChanges: [] };
    return { resources: resources.map((resource) => ({ ...common, ...resource })), outputs: {} };
}
const declared = declaration(
    { type: "kubernetes:core/v1:Service", name: "bookinfo-details", inputs: service },
    { type: "kubernetes:helm.sh/v3:Release", name: "istio-istiod", inputs: istiod },
);

let cluster: FakeCluster;
let deleted: string[];
beforeEach(() => {
    cluster = new FakeCluster();
    cluster.objects = [liveNamespace];
    deleted = [];
});

const find = (state: StackState, program?: Declaration, settled?: string) =>
    findingsOf(
        snapshotOf(state),
        apiOf(cluster),
        program && { declaration: program, settled: settled === undefined ? undefined : new Date(settled) },
    );

/** The fake's API, which deletes immediately. */
function apiOf(fake: FakeCluster) {
    return Object.assign(fake.api, {
        delete: ({ kind, metadata: { name } }: KubernetesObject) => {
            deleted.push(`${kind} ${name}`);
            fake.remove(kind, name);
            return Promise.resolve();
        },
    });
}

async function repairAll(state: StackState, program?: Declaration): Promise<string[]> {
    const findings = await find(state, program);
    await Promise.all(findings.map(async ({ repair }) => repair?.(new AbortController().signal)));
    return deleted.sort();
}

describe("an object that a dead provider has left and the state does not have", () => {
    const state: StackState = { deployment: { resources: [stack, namespace] } };

    it("is found through the program's declaration, and removed", async () => {
        cluster.objects.push(
            object("v1", "Service", service.metadata),
            revision("istiod", "pulumi-resource-kubernetes"),
        );
        expect((await find(state, declared)).map(({ text }) => text)).toEqual([
            "Release istio-system/istiod was being installed: its incomplete parts are removed.",
            "Service default/details was being created: removed, because it is not in the state.",
        ]);
        expect(await repairAll(state, declared)).toEqual(["Secret sh.helm.release.v1.istiod.v1", "Service details"]);
    });

    it("is not looked for without the program, or before the stack has begun", async () => {
        cluster.objects.push(object("v1", "Service", service.metadata));
        expect(await find(state)).toEqual([]);
        expect(await find({}, declared)).toEqual([]);
    });

    it("is not one that the state has, or that the program only reads", async () => {
        cluster.objects.push(object("v1", "Service", service.metadata));
        const known = { urn, type: "kubernetes:core/v1:Service", id: "default/details", inputs: service };
        expect(await find({ deployment: { resources: [stack, namespace, known] } }, declared)).toEqual([]);
        const read = declared.resources.map((resource) => ({ ...resource, read: true }));
        expect(await find(state, { ...declared, resources: read })).toEqual([]);
    });

    it("is reported and left alone if somebody else has created it", async () => {
        cluster.objects.push(
            object("v1", "Service", service.metadata, "kubectl-create"),
            revision("istiod", "helm", "deployed"),
        );
        const findings = await find(state, declared);
        expect(findings.map(({ text }) => text)).toEqual([
            "Release istio-system/istiod was to be installed, but is somebody else's: left alone.",
            "Service default/details was to be created, but is somebody else's: left alone.",
        ]);
        expect(await repairAll(state, declared)).toEqual([]);
    });

    it("is not older than the last successful up, after which the state had everything", async () => {
        cluster.objects.push(
            object("v1", "Service", service.metadata),
            revision("istiod", "pulumi-resource-kubernetes"),
        );
        const findings = await find(state, declared, "2026-01-03T00:00:00Z");
        expect(findings.filter(({ repair }) => repair)).toEqual([]);
        expect(findings).toHaveLength(2);
        const creation = { urn, type: "kubernetes:core/v1:Service", inputs: service };
        const underWay = [{ type: "creating", resource: creation }];
        const killed = { deployment: { resources: [stack, namespace], pending_operations: underWay } };
        expect((await find(killed, declared, "2026-01-03T00:00:00Z")).filter(({ repair }) => repair)).toHaveLength(1);
    });

    it.each([
        ["is", [], 1],
        ["is not", [object("v1", "Pod", { name: "theirs", namespace: "shop" })], 0],
    ])("%s a namespace, if it is empty or not", async (_, content, repaired) => {
        cluster.objects.push(object("v1", "Namespace", { name: "shop" }), ...content);
        const inputs = { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } };
        const program = declaration({ type: "kubernetes:core/v1:Namespace", name: "app-namespace", inputs });
        expect((await find(state, program)).filter(({ repair }) => repair)).toHaveLength(repaired);
    });

    it("is found under generated names, except those in the state", async () => {
        const type = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole";
        const labels = { app: "prometheus" };
        const inputs = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { labels } };
        const role = (name: string, autonamed = "true", app = "prometheus") =>
            object(inputs.apiVersion, inputs.kind, {
                name,
                labels: { app },
                annotations: { "pulumi.com/autonamed": autonamed },
            });
        cluster.objects.push(
            role("prometheus-role-0123abcd"),
            role("prometheus-role-89abcdef"),
            role("prometheus-role-00000000", "false"),
            role("prometheus-role-11111111", "true", "other"),
            role("prometheus-role-view"),
            role("prometheus-role-b-22222222"),
        );
        const known = { urn, type, id: "prometheus-role-0123abcd", inputs };
        const program = declaration({ type, name: "prometheus-role", inputs });
        const state = { deployment: { resources: [stack, namespace, known] } };
        // The next run has generated another name, and may have ended well.
        const findings = await find(state, program, "2026-01-03T00:00:00Z");
        expect(findings.filter(({ repair }) => repair)).toHaveLength(1);
        expect(await repairAll(state, program)).toEqual(["ClusterRole prometheus-role-89abcdef"]);
    });

    it("is, for a patch, a manager name that the state does not have, also beside one that it has", async () => {
        const labels = { "istio-injection": "enabled" };
        const inputs = { apiVersion: "v1", kind: "Namespace", metadata: { name: "default", labels } };
        const type = "kubernetes:core/v1:NamespacePatch";
        const applied = (manager: string) => ({
            manager,
            operation: "Apply",
            time: LATER,
            fieldsV1: { "f:metadata": { "f:labels": { "f:istio-injection": {} } } },
        });
        const managedFields = [applied("pulumi-kubernetes-known"), applied("pulumi-kubernetes-lost")];
        cluster.objects.push(object("v1", "Namespace", { name: "default", labels, managedFields }));
        const known = { urn, type, id: "default", inputs, outputs: { __fieldManager: "pulumi-kubernetes-known" } };
        const program = declaration({ type, name: "app-namespace", inputs });
        expect(await find({ deployment: { resources: [stack, namespace, known] } }, program)).toHaveLength(1);
        expect(await find({ deployment: { resources: [stack, namespace] } }, program)).toHaveLength(2);
    });
});

describe("a new mesh of somebody else", () => {
    const state: StackState = { deployment: { resources: [stack, namespace] } };
    const refusal = () => refuseForeignMesh("demo", snapshotOf(state).mesh, cluster.api, "npm run forget-it");

    it("is refused, with the command that forgets the own one", async () => {
        cluster.objects = [{ ...liveNamespace, metadata: { ...liveNamespace.metadata, uid: "theirs" } }];
        await expect(refusal()).rejects.toThrow(/somebody else.*nothing is touched[^]*npm run forget-it$/);
    });

    it("is not refused if it is the stack's own, or gone", async () => {
        await expect(refusal()).resolves.toBeUndefined();
        cluster.objects = [];
        await expect(refusal()).resolves.toBeUndefined();
    });
});

describe("a pending operation of a killed engine", () => {
    const pending = (resources: StateResource[], ...interrupted: StateResource[]): StackState => ({
        deployment: {
            resources,
            pending_operations: interrupted.map((resource) => ({ type: "creating", resource })),
        },
    });
    const creation: StateResource = { urn, type: "kubernetes:core/v1:Service", inputs: service };
    const beginning: StateResource = { ...namespace, id: undefined, outputs: undefined };

    it("is undone", async () => {
        cluster.objects.push(object("v1", "Service", service.metadata));
        expect(await repairAll(pending([stack, namespace], creation))).toEqual(["Service details"]);
    });

    it("is not touched in a newer mesh of another stack", async () => {
        cluster.objects = [{ ...liveNamespace, metadata: { ...liveNamespace.metadata, uid: "theirs" } }];
        cluster.objects.push(object("v1", "Service", service.metadata));
        const findings = await find(pending([stack, namespace], creation));
        expect(findings.map(({ text }) => text)).toEqual([
            "The mesh in this cluster now belongs to another stack: nothing in it is touched.",
        ]);
        expect(findings[0]?.repair).toBeUndefined();
    });

    it("is undone for an empty Istio namespace, because one with content is another stack's", async () => {
        const state = pending([stack], beginning);
        expect(await find(state)).toHaveLength(1);
        cluster.objects.push(revision("istiod", "pulumi-resource-kubernetes", "deployed"));
        expect(await repairAll(state)).toEqual([]);
    });

    it("is not a release that another stack installs under the same name", async () => {
        cluster.objects = [{ ...liveNamespace, metadata: { ...liveNamespace.metadata, uid: "theirs" } }];
        cluster.objects.push(revision("istiod", "pulumi-resource-kubernetes", "pending-upgrade"));
        const known = { urn, type: "kubernetes:helm.sh/v3:Release", id: "istio-system/istiod", inputs: istiod };
        expect(await repairAll({ deployment: { resources: [stack, namespace, known] } })).toEqual([]);
    });
});

describe("an object in the state that somebody else has deleted or changed", () => {
    const known = (name: string, external = false): StateResource => ({
        urn,
        type: "kubernetes:core/v1:ConfigMap",
        id: `istio-system/${name}`,
        inputs: { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "istio-system" } },
        external,
    });
    const release = { urn, type: "kubernetes:helm.sh/v3:Release", id: "istio-system/istiod", inputs: istiod };
    const refreshesOf = async (...resources: StateResource[]) => {
        const refresh = jest.fn().mockResolvedValue(undefined);
        jest.spyOn(console, "log").mockImplementation();
        const deployment = { resources: [stack, namespace, release, ...resources] };
        const stop = new AbortController().signal;
        await bringUpToDate({ refresh } as unknown as PulumiStack, snapshotOf({ deployment }), apiOf(cluster), stop);
        return refresh.mock.calls.length;
    };

    it("causes a refresh of the state", async () => {
        cluster.objects.push(revision("istiod", "pulumi-resource-kubernetes", "deployed"));
        expect(await refreshesOf(known("gone"))).toBe(1);
    });

    it("may be a release that Helm no longer has", async () => {
        expect(await refreshesOf()).toBe(1);
    });

    it.each([
        ["is another object with the same name", { uid: "another", generation: 2 }, 1],
        ["has another specification", { uid: "seen", generation: 3 }, 1],
        ["is unchanged", { uid: "seen", generation: 2 }, 0],
    ])("may exist: it %s", async (_, live, refreshes) => {
        cluster.objects.push(revision("istiod", "pulumi-resource-kubernetes", "deployed"));
        const metadata = { name: "page", namespace: "default" };
        cluster.objects.push({ apiVersion: "apps/v1", kind: "Deployment", metadata: { ...metadata, ...live } });
        const page: StateResource = {
            urn,
            type: "kubernetes:apps/v1:Deployment",
            id: "default/page",
            inputs: { apiVersion: "apps/v1", kind: "Deployment", metadata },
            outputs: { metadata: { ...metadata, uid: "seen", generation: 2 } },
        };
        expect(await refreshesOf(page)).toBe(refreshes);
    });

    it("is awaited if it is being deleted", async () => {
        cluster.objects.push(revision("istiod", "pulumi-resource-kubernetes", "deployed"));
        const going = { name: "going", namespace: "istio-system", deletionTimestamp: LATER };
        cluster.objects.push(object("v1", "ConfigMap", going));
        jest.spyOn(process.stdout, "write").mockReturnValue(true);
        const refreshes = refreshesOf(known("going"));
        await new Promise((resolve) => setTimeout(resolve, 200));
        cluster.remove("ConfigMap", "going");
        expect(await refreshes).toBe(1);
    });

    it("causes no refresh if it exists, or is only read", async () => {
        cluster.objects.push(revision("istiod", "pulumi-resource-kubernetes", "deployed"));
        cluster.objects.push(object("v1", "ConfigMap", { name: "there", namespace: "istio-system" }));
        expect(await refreshesOf(known("there"), known("read", true))).toBe(0);
    });
});

describe("A5: a mesh in a namespace that was there before", () => {
    const patched: StateResource = { ...namespace, type: "kubernetes:core/v1:NamespacePatch" };
    const usedBy = (name: string) => {
        cluster.objects = [{ ...liveNamespace, metadata: { ...liveNamespace.metadata, annotations: markOf(name) } }];
    };
    const markOf = (name: string) => ({ "bookinfo-mesh/stack": name });
    const state: StackState = { deployment: { resources: [stack, patched] } };
    const forget = "the command that forgets";

    it("is the stack's by the UID of the patched namespace", async () => {
        expect(snapshotOf(state)).toMatchObject({ mesh: "ours", stack: "local" });
        usedBy("local");
        cluster.objects.push(object("v1", "Service", service.metadata));
        expect(await repairAll(state, declared)).toEqual(["Service details"]);
    });

    it("is not touched if another stack of this program uses the namespace since", async () => {
        usedBy("another");
        cluster.objects.push(object("v1", "Service", service.metadata));
        expect(await repairAll(state, declared)).toEqual([]);
        await expect(refuseForeignMesh("local", "ours", cluster.api, forget)).rejects.toThrow(
            /stack "another" of this program uses the namespace istio-system[^]*nothing is touched/,
        );
        usedBy("local");
        await expect(refuseForeignMesh("local", "ours", cluster.api, forget)).resolves.toBeUndefined();
    });

    it("is known by the record as long as the state does not have the patch, even if the namespace holds something", async () => {
        usedBy("local");
        const secret = object("v1", "Secret", { name: "cacerts", namespace: "istio-system" }, "kubectl-create");
        cluster.objects.push(secret, object("v1", "Service", service.metadata));
        const early = { ...snapshotOf({ deployment: { resources: [stack] } }), mesh: "ours" };
        const found = await findingsOf(early, cluster.api, { declaration: declared });
        expect(found.map(({ text }) => text)).toEqual([
            "Service default/details was being created: removed, because it is not in the state.",
        ]);
        const unrecorded = await findingsOf({ ...early, mesh: undefined }, cluster.api, { declaration: declared });
        expect(unrecorded).toMatchObject([{ text: expect.stringContaining("belongs to another stack") as string }]);
    });

    it("gives up a lost patch by its annotation", () => {
        const patch = {
            apiVersion: "v1",
            kind: "Namespace",
            metadata: { name: "istio-system", annotations: markOf("local") },
        };
        const managedFields = [
            {
                manager: "pulumi-kubernetes-1a2b",
                operation: "Apply",
                time: LATER,
                fieldsV1: { "f:metadata": { "f:annotations": { "f:bookinfo-mesh/stack": {} } } },
            },
        ];
        const live = { ...liveNamespace, metadata: { ...liveNamespace.metadata, managedFields } };
        expect(lostManagers(live, patch, new Date(BEGUN))).toEqual(["pulumi-kubernetes-1a2b"]);
    });

    it("is not a lost state if only the namespace is left: it was there before", async () => {
        usedBy("local");
        const lost = (uid?: string) => refuseLostState("local", "file:///b", cluster.api, { forget, uid });
        await expect(lost("ours")).resolves.toBeUndefined();
        await expect(lost()).rejects.toThrow("is no longer in file:///b");
        cluster.objects.push(revision("istiod", "pulumi-resource-kubernetes", "deployed"));
        await expect(lost("ours")).rejects.toThrow("is no longer in file:///b");
    });
});
