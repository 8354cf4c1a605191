import type { KubernetesObject } from "../../kubernetes/object";
import type { Declaration, DeclaredResource } from "../program/declaration";
import { findingsOf } from "./findings";
import { meshIn, refuseForeignMesh } from "./ownership";
import { bringUpToDate } from "./recover";
import type { PulumiStack } from "../engine/pulumiStack";
import type { StackState, StateResource } from "./interruption";
import { encode } from "../../kubernetes/releases";
import { FakeCluster } from "../../kubernetes/testing/fakeCluster";

// An ES module, which jest cannot load; no API server is asked here.
jest.mock("@kubernetes/client-node", () => ({}));

const BEGUN = "2026-01-02T03:04:05Z";
const LATER = "2026-01-02T03:05:00Z";
const urn = "urn:pulumi:local::bookinfo-mesh::x::y";

/** An object as the provider makes it, or as another manager does. */
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
        state,
        apiOf(cluster),
        program && { declaration: program, settled: settled === undefined ? undefined : new Date(settled) },
    );

/** The fake's API, from which what is deleted goes at once. */
function apiOf(fake: FakeCluster) {
    return Object.assign(fake.api, {
        delete: ({ kind, metadata: { name } }: KubernetesObject) => {
            deleted.push(`${kind} ${name}`);
            fake.remove(kind, name);
            return Promise.resolve();
        },
    });
}

async function mendAll(state: StackState, program?: Declaration): Promise<string[]> {
    const findings = await find(state, program);
    await Promise.all(findings.map(async ({ mend }) => mend?.(new AbortController().signal)));
    return deleted.sort();
}

describe("what a provider that ended has left, which the state does not know", () => {
    const state: StackState = { deployment: { resources: [stack, namespace] } };

    it("is found by what the program declares, and removed", async () => {
        cluster.objects.push(
            object("v1", "Service", service.metadata),
            revision("istiod", "pulumi-resource-kubernetes"),
        );
        expect((await find(state, declared)).map(({ text }) => text)).toEqual([
            "Release istio-system/istiod was being installed: what there is of it is removed.",
            "Service default/details was being created: removed, for the state does not know of it.",
        ]);
        expect(await mendAll(state, declared)).toEqual(["Secret sh.helm.release.v1.istiod.v1", "Service details"]);
    });

    it("is not looked for without the program, nor before the stack has begun", async () => {
        cluster.objects.push(object("v1", "Service", service.metadata));
        expect(await find(state)).toEqual([]);
        expect(await find({}, declared)).toEqual([]);
    });

    it("is not what the state knows, nor what the program only reads", async () => {
        cluster.objects.push(object("v1", "Service", service.metadata));
        const known = { urn, type: "kubernetes:core/v1:Service", id: "default/details", inputs: service };
        expect(await find({ deployment: { resources: [stack, namespace, known] } }, declared)).toEqual([]);
        const read = declared.resources.map((resource) => ({ ...resource, read: true }));
        expect(await find(state, { ...declared, resources: read })).toEqual([]);
    });

    it("is not what somebody else has made: that is left alone, and said", async () => {
        cluster.objects.push(
            object("v1", "Service", service.metadata, "kubectl-create"),
            revision("istiod", "helm", "deployed"),
        );
        const findings = await find(state, declared);
        expect(findings.map(({ text }) => text)).toEqual([
            "Release istio-system/istiod was to be installed, but is somebody else's: left alone.",
            "Service default/details was to be created, but is somebody else's: left alone.",
        ]);
        expect(await mendAll(state, declared)).toEqual([]);
    });

    it("is not what was there when an up last ended well: that knew all it had made", async () => {
        cluster.objects.push(
            object("v1", "Service", service.metadata),
            revision("istiod", "pulumi-resource-kubernetes"),
        );
        const findings = await find(state, declared, "2026-01-03T00:00:00Z");
        expect(findings.filter(({ mend }) => mend)).toEqual([]);
        expect(findings).toHaveLength(2);
        const creation = { urn, type: "kubernetes:core/v1:Service", inputs: service };
        const underWay = [{ type: "creating", resource: creation }];
        const killed = { deployment: { resources: [stack, namespace], pending_operations: underWay } };
        expect((await find(killed, declared, "2026-01-03T00:00:00Z")).filter(({ mend }) => mend)).toHaveLength(1);
    });

    it.each([
        ["is", [], 1],
        ["is not", [object("v1", "Pod", { name: "theirs", namespace: "shop" })], 0],
    ])("%s a namespace, if somebody uses it or not", async (_, content, mended) => {
        cluster.objects.push(object("v1", "Namespace", { name: "shop" }), ...content);
        const inputs = { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } };
        const program = declaration({ type: "kubernetes:core/v1:Namespace", name: "app-namespace", inputs });
        expect((await find(state, program)).filter(({ mend }) => mend)).toHaveLength(mended);
    });

    it("is found under names that the provider has made up, but for those that the state knows", async () => {
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
        // The run after it has made up another name, and may have ended well.
        const findings = await find(state, program, "2026-01-03T00:00:00Z");
        expect(findings.filter(({ mend }) => mend)).toHaveLength(1);
        expect(await mendAll(state, program)).toEqual(["ClusterRole prometheus-role-89abcdef"]);
    });

    it("is, of a patch, a name that the state does not know, also beside one that it knows", async () => {
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

describe("a mesh that somebody else has made anew", () => {
    const state: StackState = { deployment: { resources: [stack, namespace] } };
    const refusal = () => refuseForeignMesh("demo", meshIn(state), cluster.api, "npm run forget-it");

    it("is refused, with the way to forget one's own", async () => {
        cluster.objects = [{ ...liveNamespace, metadata: { ...liveNamespace.metadata, uid: "theirs" } }];
        await expect(refusal()).rejects.toThrow(/somebody else.*nothing is touched[^]*npm run forget-it$/);
    });

    it("is none where it is the stack's own, or gone", async () => {
        await expect(refusal()).resolves.toBeUndefined();
        cluster.objects = [];
        await expect(refusal()).resolves.toBeUndefined();
    });
});

describe("what was under way when an engine was killed", () => {
    const pending = (resources: StateResource[], ...interrupted: StateResource[]): StackState => ({
        deployment: {
            resources,
            pending_operations: interrupted.map((resource) => ({ type: "creating", resource })),
        },
    });
    const creation: StateResource = { urn, type: "kubernetes:core/v1:Service", inputs: service };
    const beginning: StateResource = { ...namespace, id: undefined, outputs: undefined };

    it("is taken back", async () => {
        cluster.objects.push(object("v1", "Service", service.metadata));
        expect(await mendAll(pending([stack, namespace], creation))).toEqual(["Service details"]);
    });

    it("is not touched in a mesh that another stack has made since", async () => {
        cluster.objects = [{ ...liveNamespace, metadata: { ...liveNamespace.metadata, uid: "theirs" } }];
        cluster.objects.push(object("v1", "Service", service.metadata));
        const findings = await find(pending([stack, namespace], creation));
        expect(findings.map(({ text }) => text)).toEqual([
            "The mesh in this cluster is another stack's by now: nothing in it is touched.",
        ]);
        expect(findings[0]?.mend).toBeUndefined();
    });

    it("is Istio's namespace as long as nothing is deployed to it, and another stack's after that", async () => {
        const state = pending([stack], beginning);
        expect(await find(state)).toHaveLength(1);
        cluster.objects.push(revision("istiod", "pulumi-resource-kubernetes", "deployed"));
        expect(await mendAll(state)).toEqual([]);
    });

    it("leaves alone what another stack installs under the same names", async () => {
        cluster.objects = [{ ...liveNamespace, metadata: { ...liveNamespace.metadata, uid: "theirs" } }];
        cluster.objects.push(revision("istiod", "pulumi-resource-kubernetes", "pending-upgrade"));
        const known = { urn, type: "kubernetes:helm.sh/v3:Release", id: "istio-system/istiod", inputs: istiod };
        expect(await mendAll({ deployment: { resources: [stack, namespace, known] } })).toEqual([]);
    });
});

describe("what the state holds, though a provider that ended or somebody else has deleted or changed it,", () => {
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
        await bringUpToDate({ refresh } as unknown as PulumiStack, { deployment }, apiOf(cluster), stop);
        return refresh.mock.calls.length;
    };

    it("has the state brought up to date", async () => {
        cluster.objects.push(revision("istiod", "pulumi-resource-kubernetes", "deployed"));
        expect(await refreshesOf(known("gone"))).toBe(1);
    });

    it("may be a release, which Helm does not know any more", async () => {
        expect(await refreshesOf()).toBe(1);
    });

    it.each([
        ["is another object of that name", { uid: "another", generation: 2 }, 1],
        ["wants something else", { uid: "seen", generation: 3 }, 1],
        ["is as it was seen last", { uid: "seen", generation: 2 }, 0],
    ])("may be there: it %s", async (_, live, refreshes) => {
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

    it("is waited for where it is about to go", async () => {
        cluster.objects.push(revision("istiod", "pulumi-resource-kubernetes", "deployed"));
        const going = { name: "going", namespace: "istio-system", deletionTimestamp: LATER };
        cluster.objects.push(object("v1", "ConfigMap", going));
        jest.spyOn(process.stdout, "write").mockReturnValue(true);
        const refreshes = refreshesOf(known("going"));
        await new Promise((resolve) => setTimeout(resolve, 200));
        cluster.remove("ConfigMap", "going");
        expect(await refreshes).toBe(1);
    });

    it("is nothing where all of it is there, whatever is only read", async () => {
        cluster.objects.push(revision("istiod", "pulumi-resource-kubernetes", "deployed"));
        cluster.objects.push(object("v1", "ConfigMap", { name: "there", namespace: "istio-system" }));
        expect(await refreshesOf(known("there"), known("read", true))).toBe(0);
    });
});
