import { ClusterApi } from "../../kubernetes/api";
import { ApiError } from "../../kubernetes/apiError";
import type { KubernetesObject } from "../../kubernetes/object";
import { connect } from "../stack/connection";
import { stackOf } from "../testing/stack";
import { UserError } from "../../shared/errors";
import {
    findLacks,
    furtherGrant,
    istioNeeds,
    lackLines,
    needsOf,
    pluralOf,
    refuseMissingPermissions,
} from "./permissions";
import { adminCommand, grantTo } from "./grant";
import { preflight } from "./preflight";
import type { Release } from "../../kubernetes/helm";
import type { Step } from "../render/step";
import { FakeCluster } from "../../kubernetes/testing/fakeCluster";

// Jest's clock does not reach this module: a pause takes no time, and the clock moves on by it.
jest.mock("node:timers/promises", () => ({
    setTimeout: (milliseconds: number) => {
        jest.setSystemTime(Date.now() + milliseconds);
        return Promise.resolve();
    },
}));

/** A stack without a file has no complete config, so only the needs of Istio's releases are known. */
const stack = stackOf({ cluster: { kubeconfig: "/home/me/.kube/config", context: "mine" }, clusterNamed: false });

let cluster: FakeCluster;
beforeEach(() => {
    cluster = new FakeCluster();
    jest.useFakeTimers({ doNotFake: ["nextTick", "setImmediate", "queueMicrotask"] });
    jest.spyOn(process.stdout, "write").mockReturnValue(true);
});
afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
});

/** Connects and runs the preflight, as `up` does. @returns the cluster's identity */
const check = async (api = cluster.api) => {
    const stop = new AbortController().signal;
    jest.spyOn(ClusterApi, "connect").mockResolvedValue(api);
    const connection = await connect(stack, (api) => refuseMissingPermissions(stack, api, stop));
    await preflight(connection, stop);
    return connection.identity;
};

/** The error message of a preflight. */
const faultOf = (result: Promise<unknown>) =>
    result.then(
        () => "no fault",
        (error: unknown) => (error instanceof UserError ? error.message : error),
    );

function byRelease(apiVersion: string, kind: string, name: string, release?: [string, string]): KubernetesObject {
    const [releaseName, namespace] = release ?? [];
    const annotations = { "meta.helm.sh/release-name": releaseName, "meta.helm.sh/release-namespace": namespace };
    return {
        apiVersion,
        kind,
        metadata: { name, annotations: (release ? annotations : undefined) as Record<string, string> | undefined },
    };
}

const definition = (name: string, release?: [string, string]) =>
    byRelease("apiextensions.k8s.io/v1", "CustomResourceDefinition", name, release);

const OURS: [string, string] = ["istio-base", "istio-system"];

describe("a preflight", () => {
    it("gives the cluster's identity if nothing is wrong", async () => {
        cluster.objects = [
            definition("gateways.networking.istio.io", OURS),
            definition("widgets.example.com"),
            {
                ...byRelease("apps/v1", "Deployment", "istiod", ["istiod", "istio-system"]),
                metadata: {
                    ...byRelease("apps/v1", "Deployment", "istiod", ["istiod", "istio-system"]).metadata,
                    namespace: "istio-system",
                    labels: { app: "istiod" },
                },
            },
            { apiVersion: "v1", kind: "Namespace", metadata: { name: "istio-system" } },
        ];
        expect(await check()).toBe("its-uid");
    });

    it("asks the cluster for nothing twice", async () => {
        const node = { apiVersion: "v1", kind: "Node", metadata: { name: "n" } };
        cluster.objects = [{ apiVersion: "v1", kind: "Namespace", metadata: { name: "default" } }, node];
        await check();
        const { requests } = cluster;
        // The pods of the application and of Istio are tried in the same namespace, as none of theirs exists.
        expect(requests.filter((each, index) => requests.indexOf(each) < index)).toEqual([
            "try Pod default/bookinfo-mesh-preflight",
        ]);
        expect(requests.filter((each) => /Namespace|Node/.test(each))).toEqual([
            "list Node 500",
            "read Namespace istio-system",
            "read Namespace default",
            "read Namespace kube-public",
        ]);
        expect(requests).toHaveLength(22);
    });

    it("reports all findings together, and says that nothing was changed", async () => {
        cluster.objects = [
            definition("gateways.networking.istio.io"),
            terminating("istio-system", ["Some content in the namespace has finalizers remaining: example.com/block"]),
        ];
        const fault = await faultOf(check());
        expect(fault).toMatch(
            /namespace istio-system is being deleted[^]*CRDs of another Istio are in this cluster[^]*Nothing was changed/,
        );
    });
});

function terminating(name: string, messages: string[]): KubernetesObject {
    return {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name, deletionTimestamp: "2026-01-01T00:00:00Z" },
        status: { conditions: messages.map((message) => ({ type: "x", status: "True", message })) },
    };
}

describe("a namespace that is being deleted", () => {
    it("is reported after half a minute, with what blocks it", async () => {
        cluster.objects = [terminating("default", ["Some content has finalizers remaining: example.com/block"])];
        const begun = Date.now();
        const fault = await faultOf(check());
        expect((Date.now() - begun) / 1000).toBeCloseTo(30, 0);
        expect(fault).toMatch(
            /namespace default is being deleted[^]*example\.com\/block[^]*get namespace default --output yaml/,
        );
    });

    it("is no problem if it is gone by then", async () => {
        cluster.objects = [terminating("istio-system", [])];
        const { api } = cluster;
        const read = api.read.bind(api);
        let looks = 0;
        api.read = (reference) => {
            looks += 1;
            cluster.objects = looks > 4 ? [] : cluster.objects;
            return read(reference);
        };
        expect(await check(api)).toBe("its-uid");
        expect(looks).toBeGreaterThan(4);
    });
});

describe("A7: whether the cluster fits", () => {
    it("is found together with everything else, before anything is touched", async () => {
        cluster.facts = { "/version": { gitVersion: "v1.28.9" } };
        cluster.objects = [definition("gateways.networking.istio.io")];
        const fault = await faultOf(check());
        expect(fault).toMatch(/Kubernetes v1\.28\.9[^]*CRDs of another Istio[^]*Nothing was changed/);
    });

    it("is only said if the deployment can go on", async () => {
        cluster.facts = { "/version": { gitVersion: "v1.31.9" } };
        expect(await check()).toBe("its-uid");
        expect(jest.mocked(process.stdout).write.mock.calls.join()).toContain("Istio 1.31 supports 1.32 to 1.36");
    });
});

it("A5: a label of others in a namespace that exists is found before anything is touched", async () => {
    const labels = { "istio-injection": "disabled" };
    const managedFields = [
        { manager: "kubectl-label", fieldsV1: { "f:metadata": { "f:labels": { "f:istio-injection": {} } } } },
    ];
    cluster.objects = [{ apiVersion: "v1", kind: "Namespace", metadata: { name: "default", labels, managedFields } }];
    expect(await faultOf(check())).toMatch(/istio-injection=disabled \(kubectl-label\)[^]*Nothing was changed/);
});

describe("another Istio", () => {
    const labelled = (kind: string, labels: Record<string, string>, release?: [string, string]) => {
        const apiVersion = kind === "Deployment" ? "apps/v1" : "admissionregistration.k8s.io/v1";
        const object = byRelease(apiVersion, kind, "another", release);
        return { ...object, metadata: { ...object.metadata, labels } };
    };

    it.each([
        [
            "a control plane by Helm",
            labelled("Deployment", { app: "istiod" }, ["istiod", "elsewhere"]),
            "Helm release istiod in elsewhere",
        ],
        ["a control plane by istioctl", labelled("Deployment", { app: "istiod" }), "not by Helm"],
        ["a platform's injector", labelled("MutatingWebhookConfiguration", { app: "sidecar-injector" }), "not by Helm"],
        ["a validator", labelled("ValidatingWebhookConfiguration", { app: "istiod" }), "not by Helm"],
    ])("is refused: %s", async (_, object, origin) => {
        cluster.objects = [object];
        const fault = await faultOf(check());
        expect(fault).toContain(`  ${object.kind} another (${origin})`);
        expect(fault).toContain("deploy to another cluster");
    });

    it("is reported if it has left CRDs, with how to give them to this deployment", async () => {
        const names = ["a", "b", "c", "d"].map((name) => `${name}.networking.istio.io`);
        cluster.objects = [...names.map((name) => definition(name)), definition("e.istio.io", ["istio-base", "other"])];
        const fault = await faultOf(check());
        expect(fault).toContain(`${names.slice(0, 3).join(", ")} and 1 more (not by Helm)`);
        expect(fault).toContain("e.istio.io (Helm release istio-base in other)");
        expect(fault).toContain("meta.helm.sh/release-name=istio-base meta.helm.sh/release-namespace=istio-system");
        // Who uses them is asked first.
        expect(fault).toMatch(/get a\.networking\.istio\.io,.* --all-namespaces\n.* label --overwrite crd a\./);
    });

    it("keeps its CRDs if Helm still has its release", async () => {
        const labels = { owner: "helm", name: "istio-base", version: "1", status: "deployed" };
        const metadata = { name: "sh.helm.release.v1.istio-base.v1", namespace: "other", labels };
        cluster.objects = [
            definition("e.istio.io", ["istio-base", "other"]),
            { apiVersion: "v1", kind: "Secret", metadata, type: "helm.sh/release.v1" },
        ];
        const fault = await faultOf(check());
        expect(fault).toContain("The Helm release istio-base in other is still installed");
        expect(fault).not.toContain("label --overwrite");
    });

    it("does not count if the user may not list its objects", async () => {
        const { api } = cluster;
        api.listMetadata = () => Promise.reject(new ApiError(403, "forbidden"));
        expect(await check(api)).toBe("its-uid");
        api.listMetadata = () => Promise.reject(new ApiError(500, "broken"));
        await expect(check(api)).rejects.toThrow("broken");
    });
});

describe("A2: the application's namespace, before the first deployment", () => {
    const inDefault = (apiVersion: string, kind: string, name: string, rest: object = {}): KubernetesObject => ({
        apiVersion,
        kind,
        metadata: { name, namespace: "default" },
        ...rest,
    });
    const db = inDefault("apps/v1", "StatefulSet", "db");
    const owned = {
        metadata: { ...db.metadata, name: "db-0", ownerReferences: [{ kind: "StatefulSet", name: "db" }] },
    };

    /** What the preflight prints. */
    async function noteOf(
        objects: object[],
        labels: Record<string, string> = {},
        facts = {},
        api = cluster.api,
    ): Promise<string> {
        const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "default", labels } };
        cluster.objects = [namespace, ...(objects as KubernetesObject[])];
        const connection = { stack: stackOf(facts), api, identity: "its-uid" };
        await preflight(connection, new AbortController().signal);
        return jest
            .mocked(process.stdout)
            .write.mock.calls.map(([line]) => String(line))
            .join("");
    }

    it("is said to inject what restarts there, and how to avoid that", async () => {
        const pod = { ...inDefault("v1", "Pod", "db-0"), ...owned };
        const note = await noteOf([
            db,
            pod,
            inDefault("batch/v1", "CronJob", "nightly"),
            inDefault("v1", "Pod", "debug"),
        ]);
        expect(note).toContain("gets the label istio-injection=enabled");
        expect(note).toContain("(StatefulSet default/db, CronJob default/nightly, Pod default/debug)");
        expect(note).toContain("app.namespace");
    });

    it("names the workloads of its pods if they cannot be listed", async () => {
        const { api } = cluster;
        const list = api.list.bind(api);
        api.list = (apiVersion, kind, query) =>
            ["Pod", "Deployment"].includes(kind)
                ? list(apiVersion, kind, query)
                : Promise.reject(new ApiError(403, "forbidden"));
        const pods = ["db-0", "db-1"].map((name) => ({
            ...inDefault("v1", "Pod", name),
            metadata: { ...owned.metadata, name },
        }));
        const objects = [inDefault("apps/v1", "Deployment", "web"), ...pods, inDefault("v1", "Pod", "debug")];
        expect(await noteOf(objects, {}, {}, api)).toContain(
            "(Deployment default/web, StatefulSet default/db, Pod default/debug)",
        );
    });

    it.each([
        ["nothing of others is there", [], {}, {}],
        ["it has the label already", [db], { "istio-injection": "enabled" }, {}],
        [
            "only Bookinfo is there",
            [
                inDefault("apps/v1", "Deployment", "reviews-v1", {
                    metadata: { name: "reviews-v1", namespace: "default", labels: { app: "reviews" } },
                }),
            ],
            {},
            {},
        ],
        [
            "what is there never gets a sidecar",
            [
                inDefault("apps/v1", "DaemonSet", "agent", { spec: { template: { spec: { hostNetwork: true } } } }),
                inDefault("apps/v1", "Deployment", "out", {
                    spec: { template: { metadata: { labels: { "sidecar.istio.io/inject": "false" } } } },
                }),
                inDefault("v1", "Pod", "done", { status: { phase: "Succeeded" } }),
            ],
            {},
            {},
        ],
        ["the stack is deployed already", [db], {}, { record: {} }],
    ])("is not mentioned if %s", async (_, objects, labels, facts) => {
        expect(await noteOf(objects, labels as Record<string, string>, facts)).toBe("");
    });
});

describe("permissions", () => {
    it("need one request for an administrator", async () => {
        const asked: unknown[] = [];
        cluster.allows = (attributes) => asked.push(attributes) > 0;
        await check();
        expect(asked).toEqual([{ group: "*", resource: "*", verb: "*" }]);
    });

    it("are reported once for each kind if they are missing, with the command that gives them", async () => {
        cluster.allows = ({ resource, verb }) =>
            resource !== "*" && resource !== "clusterroles" && !(resource === "deployments" && verb === "delete");
        const fault = await faultOf(check());
        expect(fault).toContain('"system:serviceaccount:team:limited" of context "mine" lacks permissions:\n');
        expect(fault).toContain(
            "  clusterroles.rbac.authorization.k8s.io: get, list, watch, create, update, patch, delete (in the whole cluster)\n",
        );
        expect(fault).toContain("  deployments.apps: delete (in istio-system)\n");
        expect(String(fault).match(/^ {2}[\w.]+:/gm)).toHaveLength(2);
        expect(fault).toContain("--clusterrole=cluster-admin --serviceaccount=team:limited\n");
    });

    it("for all namespaces are only those to list", async () => {
        cluster.allows = ({ resource, namespace }) => resource !== "*" && !(resource === "pods" && !namespace);
        expect(await faultOf(check())).toContain("  pods: list (in the whole cluster)\n");
    });

    it("are reported even if the user may not read the cluster's identity", async () => {
        cluster.identity = () => Promise.reject(new ApiError(403, "namespaces is forbidden"));
        cluster.allows = ({ verb }) => verb === "create";
        expect(await faultOf(check())).toContain("lacks permissions");
        cluster.allows = () => true;
        expect(await faultOf(check())).toBe("namespaces is forbidden");
    });

    it("suffice if the user has those that count, but not all", async () => {
        cluster.allows = ({ resource }) => resource !== "*";
        expect(await check()).toBe("its-uid");
    });

    it("are left to the cluster if the user may not ask", async () => {
        const { api } = cluster;
        api.review = () => Promise.reject(new ApiError(403, "forbidden"));
        expect(await findLacks(api, istioNeeds())).toEqual([]);
        expect(adminCommand(undefined)).toContain("--user=NAME");
    });

    it("are granted exactly, to the user, with the command that takes them away", () => {
        const lacks = [
            { group: "", resource: "secrets", namespace: "istio-system", verbs: ["get", "list"] },
            { group: "", resource: "services", namespace: "default", verbs: ["get"] },
            { group: "", resource: "services", namespace: "istio-system", verbs: ["list"] },
            { group: "rbac.authorization.k8s.io", resource: "clusterroles", verbs: ["create"] },
        ];
        const { grant, revoke } = grantTo("a$(b)'c", lacks, ["default"]);
        const [, json = ""] = /^echo '(.*)' \| kubectl apply --filename -$/.exec(grant) ?? [];
        const { items } = JSON.parse(json.replaceAll(String.raw`'\''`, "'")) as { items: KubernetesObject[] };
        const name = items[0]?.metadata.name;
        const subjects = [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "a$(b)'c" }];
        expect(items).toMatchObject([
            {
                kind: "ClusterRole",
                rules: [
                    { apiGroups: [""], resources: ["secrets"], verbs: ["get", "list"] },
                    { apiGroups: [""], resources: ["services"], verbs: ["list"] },
                    {
                        apiGroups: ["rbac.authorization.k8s.io"],
                        resources: ["clusterroles"],
                        verbs: ["create", "escalate", "bind"],
                    },
                ],
            },
            { kind: "ClusterRoleBinding", metadata: { name }, roleRef: { kind: "ClusterRole", name }, subjects },
            {
                kind: "Role",
                metadata: { name, namespace: "default" },
                rules: [{ apiGroups: [""], resources: ["services"], verbs: ["get"] }],
            },
            {
                kind: "RoleBinding",
                metadata: { name, namespace: "default" },
                roleRef: { kind: "Role", name },
                subjects,
            },
        ]);
        expect(revoke).toEqual([
            `kubectl delete clusterrolebinding,clusterrole ${name} --ignore-not-found`,
            `kubectl delete rolebinding,role ${name} --ignore-not-found --namespace default`,
        ]);
        // Otherwise, `kubectl apply` would take away what was granted before, to this user or another one.
        const others = [grantTo("b", lacks, []), grantTo("a$(b)'c", lacks.slice(1), [])];
        expect(new Set([revoke[0], ...others.map((other) => other.revoke[0])]).size).toBe(3);
    });

    it("of commands after the deployment refuse nothing, and are granted in the stack's namespaces", async () => {
        cluster.objects = ["default", "istio-system"].map((name) => ({
            apiVersion: "v1",
            kind: "Namespace",
            metadata: { name },
        }));
        cluster.allows = ({ resource, subresource }) => resource !== "*" && subresource !== "proxy";
        expect(await check()).toBe("its-uid");
        const further = (await furtherGrant(stack, cluster.api))?.join("\n") ?? "";
        expect(further).toContain("\n  services/proxy: get (in istio-system, in default)\n");
        expect(further).toContain('"resources":["pods/proxy","services/proxy"],"verbs":["get"]');
        expect(further).not.toContain("ClusterRole");
        cluster.allows = ({ resource }) => resource !== "*";
        expect(await furtherGrant(stack, cluster.api)).toBeUndefined();
    });

    it("never include Secrets of all namespaces", () => {
        expect(
            istioNeeds().filter(({ resource, namespace }) => resource === "secrets" && namespace === undefined),
        ).toEqual([]);
    });

    it("are those of the steps' objects: each kind once for each namespace", () => {
        const object = (apiVersion: string, kind: string, name: string, namespace?: string): Step => {
            const content = { apiVersion, kind, metadata: { name, namespace } };
            return { name, type: "object", needs: [], wait: false, object: content };
        };
        const release = (name: string, values = {}): Step => {
            const content: Release = { name, namespace: "n", chart: name, values, timeout: 1, wait: true };
            return { name, type: "release", needs: [], release: content };
        };
        expect(
            needsOf([
                object("v1", "Namespace", "n"),
                object("apps/v1", "Deployment", "a", "n"),
                object("apps/v1", "Deployment", "b", "n"),
                object("apps/v1", "Deployment", "b", "m"),
            ]),
        ).toEqual([
            { group: "", resource: "namespaces" },
            { group: "apps", resource: "deployments", namespace: "n" },
            { group: "apps", resource: "deployments", namespace: "m" },
            // What the engine watches until these Deployments are ready.
            ...["n", "m"].flatMap((namespace) => [
                { group: "", resource: "pods", namespace, verbs: ["list", "watch"] },
                { group: "", resource: "persistentvolumeclaims", namespace, verbs: ["list", "watch"] },
                { group: "", resource: "endpoints", namespace, verbs: ["list", "watch"] },
                { group: "apps", resource: "replicasets", namespace, verbs: ["list", "watch"] },
            ]),
            // What the commands themselves list: not Secrets.
            ...needsOf([]),
        ]);
        const ofCommands = needsOf([]).map(
            ({ group, resource, verbs = [] }) => `${group}/${resource}: ${verbs.join()}`,
        );
        expect(ofCommands.slice(0, 4)).toEqual([
            "/pods: list",
            "/configmaps: get,list,delete",
            "apps/deployments: list",
            "apps/replicasets: list",
        ]);
        expect(ofCommands.slice(4).filter((need) => !/^\w+\.istio\.io\/\w+: list$/.test(need))).toEqual([]);
        expect(needsOf([release("istio-base")])).toContainEqual({
            group: "apiextensions.k8s.io",
            resource: "customresourcedefinitions",
        });
        expect(needsOf([release("istio-base")])).toContainEqual({ group: "", resource: "secrets", namespace: "n" });
        const attachment = { group: "k8s.cni.cncf.io", resource: "networkattachmentdefinitions", namespace: "default" };
        expect(needsOf([release("istio-cni")])).toContainEqual({
            group: "apps",
            resource: "daemonsets",
            namespace: "n",
        });
        expect(needsOf([release("istio-cni")])).not.toContainEqual(attachment);
        expect(needsOf([release("istio-cni", { global: { platform: "openshift" } })])).toContainEqual(attachment);
        const scaler = { group: "autoscaling", resource: "horizontalpodautoscalers", namespace: "n" };
        expect(needsOf([release("istiod")])).not.toContainEqual(scaler);
        expect(needsOf([release("istiod", { autoscaleEnabled: true })])).toContainEqual(scaler);
        expect(needsOf([release("istio-ingressgateway", { autoscaling: { enabled: true } })])).toContainEqual(scaler);
        const ofKiali = (deployment: object) =>
            needsOf([release("kiali", { deployment })]).filter(({ resource }) => /role$|roles$/.test(resource));
        const matchLabels = { "kubernetes.io/metadata.name": "bookinfo" };
        expect(ofKiali({ cluster_wide_access: false, discovery_selectors: { default: [{ matchLabels }] } })).toEqual(
            ["istio-system", "bookinfo"].map((namespace) => ({
                ...{ group: "rbac.authorization.k8s.io", resource: "roles", namespace },
            })),
        );
        expect(ofKiali({ cluster_wide_access: true })).toEqual([
            { group: "rbac.authorization.k8s.io", resource: "clusterroles" },
        ]);
    });

    it("are worded by kind, with all its namespaces", () => {
        const lack = { group: "apps", resource: "deployments", verbs: ["create"] };
        expect(
            lackLines([
                { ...lack, namespace: "a" },
                { ...lack, namespace: "b", verbs: ["create", "patch"] },
            ]),
        ).toEqual(["deployments.apps: create, patch (in a, in b)"]);
    });

    it("use the plural of a kind", () => {
        const istio = ["AuthorizationPolicy", "RequestAuthentication", "EnvoyFilter", "DestinationRule"];
        // Their names in the chart's files/crd-all.gen.yaml.
        expect(istio.map(pluralOf)).toEqual([
            "authorizationpolicies",
            "requestauthentications",
            "envoyfilters",
            "destinationrules",
        ]);
        expect(["Gateway", "Telemetry", "VirtualService", "NetworkPolicy", "Ingress"].map(pluralOf)).toEqual([
            "gateways",
            "telemetries",
            "virtualservices",
            "networkpolicies",
            "ingresses",
        ]);
    });
});
