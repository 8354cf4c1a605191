import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as grpc from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { type LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import {
    CreateRequest,
    type CreateResponse,
    DeleteRequest,
    ReadRequest,
    type ReadResponse,
} from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { KubernetesObject } from "../kubernetes/object";
import { deployment, FakeCluster, pod } from "../kubernetes/testing/fakeCluster";
import { kubeconfigFor } from "../kubernetes/testing/kubeconfig";

/* Tests of the provider, which is started and called as by the engine. */

// The first deletion loads the Kubernetes client, which takes long if none of it is compiled yet.
jest.setTimeout(60_000);

const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };

const gateways: KubernetesObject = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
        name: "gateways.networking.istio.io",
        annotations: {
            "meta.helm.sh/release-name": "istio-base",
            "meta.helm.sh/release-namespace": "istio-system",
        },
    },
    spec: {
        group: "networking.istio.io",
        names: { kind: "Gateway" },
        versions: [{ name: "v1", served: true, storage: true }],
    },
};
const rootCert = (namespace: string): KubernetesObject => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "istio-ca-root-cert", namespace },
});
const gateway: KubernetesObject = {
    apiVersion: "networking.istio.io/v1",
    kind: "Gateway",
    metadata: { name: "mine", namespace: "team" },
};

/** An object of a workload in the mesh. */
function injected(kind: string, name: string, app: string, owner?: KubernetesObject): KubernetesObject {
    const labels = { "security.istio.io/tlsMode": "istio", app };
    const owners = owner ? [{ ...owner, name: owner.metadata.name, uid: owner.metadata.uid ?? "" }] : [];
    const metadata = { name, namespace: "default", uid: `${name}-uid`, labels, ownerReferences: owners };
    return { apiVersion: kind === "Pod" ? "v1" : "apps/v1", kind, metadata };
}

const KUBE_SYSTEM: KubernetesObject = {
    ...{ apiVersion: "v1", kind: "Namespace" },
    metadata: { name: "kube-system", uid: "this-cluster" },
};

/** The kinds that the API server knows, by group and version. */
const KINDS: Record<string, { kind: string; name: string; namespaced: boolean }[]> = {
    v1: [
        { kind: "Namespace", name: "namespaces", namespaced: false },
        { kind: "Pod", name: "pods", namespaced: true },
        { kind: "ConfigMap", name: "configmaps", namespaced: true },
        { kind: "Secret", name: "secrets", namespaced: true },
    ],
    "apps/v1": [
        { kind: "Deployment", name: "deployments", namespaced: true },
        { kind: "ReplicaSet", name: "replicasets", namespaced: true },
    ],
    "apiextensions.k8s.io/v1": [
        { kind: "CustomResourceDefinition", name: "customresourcedefinitions", namespaced: false },
    ],
    "coordination.k8s.io/v1": [{ kind: "Lease", name: "leases", namespaced: true }],
    "networking.istio.io/v1": [{ kind: "Gateway", name: "gateways", namespaced: true }],
};

/** A port on which nothing listens: that of the discard protocol. */
const NOTHING = 9;

/** Whether the API server refuses the credentials. */
let refusing = false;

/** An API server on loopback that reads, lists and deletes a cluster's objects. */
function serve(cluster: FakeCluster): Server {
    return createServer((request, response) => {
        const { pathname, searchParams } = new URL(request.url ?? "", "http://host");
        const [, apiVersion = "", rest = ""] = /^\/apis?\/((?:[^/]+\/)?v1)(?:\/(.*))?$/.exec(pathname) ?? [];
        const [, namespace, plural = "", name] = /^(?:namespaces\/([^/]+)\/)?([^/]+)(?:\/(.+))?$/.exec(rest) ?? [];
        const resources = KINDS[apiVersion] ?? [];
        const kind = resources.find((each) => each.name === plural)?.kind ?? "";
        const answer = async () => {
            if (plural === "") {
                return { resources };
            }
            if (name === undefined) {
                return { items: await cluster.api.list(apiVersion, kind, Object.fromEntries(searchParams)) };
            }
            const found = await cluster.api.read({ apiVersion, kind, metadata: { name, namespace } });
            if (request.method === "DELETE") {
                cluster.remove(kind, name);
            }
            if (request.method === "PATCH") {
                const { metadata } = JSON.parse(Buffer.concat(await request.toArray()).toString()) as KubernetesObject;
                Object.assign(found?.metadata.annotations ?? {}, metadata.annotations);
            }
            return found;
        };
        if (refusing) {
            response.writeHead(401).end(JSON.stringify({ kind: "Status", apiVersion: "v1", message: "Unauthorized" }));
            return;
        }
        void answer().then((body) => {
            response.writeHead(body ? 200 : 404).end(JSON.stringify(body ?? { kind: "Status", apiVersion: "v1" }));
        });
    }).listen(0, "127.0.0.1");
}

const cluster = new FakeCluster();
const warnings: string[] = [];
const engine = new grpc.Server();
let apiServer: Server;
let plugin: ChildProcess;
let written = "";
let client: ResourceProviderClient;

beforeAll(async () => {
    apiServer = serve(cluster);
    const log: grpc.handleUnaryCall<LogRequest, Empty> = ({ request }, callback) => {
        if (request.getSeverity() === LogSeverity.WARNING) {
            warnings.push(request.getMessage());
        }
        callback(null, new Empty());
    };
    engine.addService(EngineService, { log });
    const enginePort = await new Promise<number>((resolve, reject) => {
        engine.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
            if (error) {
                reject(error);
            } else {
                resolve(port);
            }
        });
    });
    const executable = path.join(__dirname, "pulumi-resource-bookinfo-mesh");
    // A cluster that does not answer counts as gone. Without the variable, it does not: leftovers.test.ts.
    const env = { ...process.env, PULUMI_K8S_DELETE_UNREACHABLE: "true" };
    plugin = spawn(executable, [`127.0.0.1:${enginePort}`], { stdio: "pipe", env });
    plugin.stderr?.on("data", (text: Buffer) => (written += text.toString()));
    const [port] = (await once(plugin.stdout ?? plugin, "data")) as [Buffer];
    client = new ResourceProviderClient(`127.0.0.1:${port.toString().trim()}`, grpc.credentials.createInsecure());
});

afterAll(() => {
    client.close();
    plugin.kill();
    engine.forceShutdown();
    apiServer.closeAllConnections();
    apiServer.close();
});

beforeEach(() => {
    cluster.objects = [KUBE_SYSTEM];
    warnings.length = 0;
    written = "";
    refusing = false;
});

/** The resource's properties in the state. @param more further properties */
function properties(
    port = (apiServer.address() as AddressInfo).port,
    more: Record<string, JavaScriptValue> = {},
): Struct {
    const kubeconfig = kubeconfigFor(`http://127.0.0.1:${port}`, "here");
    return Struct.fromJavaScript({
        kubeconfig: { ...SECRET, value: kubeconfig },
        reachedBy: { path: "~/k", context: "here" },
        ...more,
    });
}

/** Deletes the resource through the provider. @throws with the message that the engine shows */
async function destroy(of = properties()): Promise<void> {
    const request = new DeleteRequest();
    request.setId("leftovers");
    request.setUrn("urn:pulumi:test::bookinfo-mesh::bookinfo-mesh:istio:Leftovers::istio-leftovers");
    request.setProperties(of);
    await new Promise<void>((resolve, reject) => {
        client.delete(request, (error) => {
            if (error) {
                reject(new Error(error.details));
            } else {
                resolve();
            }
        });
    });
}

/** Reads the resource through the provider, as `pulumi refresh` does. */
async function refresh(of: Struct): Promise<ReadResponse | undefined> {
    const request = new ReadRequest();
    request.setId("leftovers");
    request.setUrn("urn:pulumi:test::bookinfo-mesh::bookinfo-mesh:istio:Leftovers::istio-leftovers");
    request.setProperties(of);
    return new Promise((resolve, reject) => {
        client.read(request, (error, response) => {
            if (error) {
                reject(new Error(error.details));
            } else {
                resolve(response);
            }
        });
    });
}

/** Creates the resource through the provider. */
function create(inputs: Struct, type = "Leftovers"): Promise<CreateResponse | undefined> {
    const request = new CreateRequest();
    request.setUrn(`urn:pulumi:test::bookinfo-mesh::bookinfo-mesh:istio:${type}::istio`);
    request.setProperties(inputs);
    return new Promise((resolve) => {
        client.create(request, (_, response) => {
            resolve(response);
        });
    });
}

describe("the provider of a propagation", () => {
    const urn = "urn:pulumi:test::bookinfo-mesh::a$bookinfo-mesh:bookinfo:Propagation::bookinfo-reviews-subsets";
    const seconds = 0.3;
    const properties = Struct.fromJavaScript({ seconds });

    it("takes its time when it is created and when it is deleted, and keeps its input", async () => {
        const creation = new CreateRequest();
        creation.setUrn(urn);
        creation.setProperties(properties);
        const begun = performance.now();
        const created = await new Promise<CreateResponse | undefined>((resolve) => {
            client.create(creation, (_, response) => {
                resolve(response);
            });
        });
        expect(performance.now() - begun).toBeGreaterThanOrEqual(seconds * 1000 - 1);
        expect(created?.getProperties()?.toJavaScript()).toEqual({ seconds });

        const deletion = new DeleteRequest();
        deletion.setUrn(urn);
        deletion.setProperties(properties);
        const deleted = performance.now();
        await new Promise<void>((resolve, reject) => {
            client.delete(deletion, (error) => {
                if (error) {
                    reject(new Error(error.details));
                } else {
                    resolve();
                }
            });
        });
        expect(performance.now() - deleted).toBeGreaterThanOrEqual(seconds * 1000 - 1);
    });
});

describe("the provider of leftovers", () => {
    it("A5: notes what an earlier istiod has left in a namespace that stays, and keeps it", async () => {
        const byIstiod = (name: string, uid: string): KubernetesObject => ({
            apiVersion: "v1",
            kind: "Secret",
            metadata: { name, namespace: "istio-system", uid, managedFields: [{ manager: "pilot-discovery" }] },
        });
        const cacerts = { apiVersion: "v1", kind: "Secret", metadata: { name: "cacerts", namespace: "istio-system" } };
        cluster.objects = [KUBE_SYSTEM, cacerts, byIstiod("istio-ca-secret", "earlier")];
        const created = await create(properties(undefined, { stayingNamespace: "istio-system" }));
        const outputs = created?.getProperties()?.toJavaScript();
        expect(outputs).toMatchObject({ stayingNamespace: "istio-system", kept: ["earlier"], kubeconfig: SECRET });
        cluster.objects.push(byIstiod("another", "later"), structuredClone(gateways));
        const { mark = "" } = outputs as { mark?: string };
        await create(properties(undefined, { mark }), "Installed");
        await destroy(Struct.fromJavaScript(outputs ?? {}));
        expect(cluster.objects.map(({ metadata }) => metadata.name)).toEqual([
            ...["kube-system", "cacerts", "istio-ca-secret"],
        ]);
    });

    it("creates nothing, notes the cluster's identity, and keeps the kubeconfig secret", async () => {
        const created = await create(properties());
        expect(created?.getId()).toBe("leftovers");
        expect(created?.getProperties()?.toJavaScript()).toEqual({
            ...properties().toJavaScript(),
            cluster: "this-cluster",
            mark: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
        });
        expect(cluster.objects).toEqual([KUBE_SYSTEM]);
    });

    it("removes the CRDs that this stack has installed, and not those of an up that failed at them", async () => {
        cluster.objects = [KUBE_SYSTEM, structuredClone(gateways), rootCert("default")];
        const created = (await create(properties()))?.getProperties() ?? new Struct();
        await destroy(created);
        expect(cluster.objects).toHaveLength(3);
        expect(warnings).toEqual([expect.stringContaining("has not installed")]);
        const { mark = "" } = created.toJavaScript() as { mark?: string };
        await create(properties(undefined, { mark }), "Installed");
        await destroy(created);
        expect(cluster.objects).toEqual([KUBE_SYSTEM]);
    });

    it("removes nothing from another cluster to which the context leads since", async () => {
        const created = (await create(properties()))?.getProperties() ?? new Struct();
        cluster.objects = [
            { ...KUBE_SYSTEM, metadata: { ...KUBE_SYSTEM.metadata, uid: "another" } },
            structuredClone(gateways),
            rootCert("default"),
        ];
        const { mark = "" } = created.toJavaScript() as { mark?: string };
        await create(properties(undefined, { mark }), "Installed");
        await destroy(created);
        expect(cluster.objects).toHaveLength(3);
        expect(warnings).toEqual([expect.stringContaining("leads to another cluster")]);
    });

    it("removes Istio's CRDs and the ConfigMaps of every namespace, and nothing else", async () => {
        const own: KubernetesObject = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "own" } };
        cluster.objects = [KUBE_SYSTEM, gateways, rootCert("default"), rootCert("kube-system"), own];
        await destroy();
        expect(cluster.objects).toEqual([KUBE_SYSTEM, own]);
        expect(warnings).toEqual([]);
    });

    it("keeps CRDs with objects of others, and warns with a command for this cluster", async () => {
        cluster.objects = [KUBE_SYSTEM, gateways, rootCert("default"), gateway];
        await destroy();
        expect(cluster.objects).toEqual([KUBE_SYSTEM, gateways, gateway]);
        expect(warnings).toEqual([expect.stringContaining("Gateway team/mine")]);
        expect(warnings[0]).toContain(
            "kubectl --kubeconfig ~/k --context here get gateways.networking.istio.io --all-namespaces",
        );
    });

    it("removes nothing if another control plane runs", async () => {
        cluster.objects = [KUBE_SYSTEM, gateways, rootCert("default"), deployment("other", "istiod")];
        await destroy();
        expect(cluster.objects).toHaveLength(4);
        expect(warnings).toEqual([expect.stringContaining("Deployment other/istiod")]);
    });

    it("waits for the end of the last istiod, which would write its ConfigMaps again", async () => {
        cluster.objects = [KUBE_SYSTEM, rootCert("default"), pod("istio-system", "istiod-1", { app: "istiod" }, {})];
        const destroyed = destroy();
        await sleep(1000);
        expect(cluster.objects).toHaveLength(3);
        cluster.remove("Pod", "istiod-1");
        await destroyed;
        expect(cluster.objects).toEqual([KUBE_SYSTEM]);
    });

    it("waits for the end of Bookinfo's pods, and not for those of others", async () => {
        const theirs = injected("Deployment", "theirs", "reviews");
        const theirSet = injected("ReplicaSet", "theirs-1", "reviews", theirs);
        const ourSet = injected("ReplicaSet", "ours-1", "reviews", injected("Deployment", "ours", "reviews"));
        const staying = [
            ...[KUBE_SYSTEM, theirs, theirSet, injected("Pod", "theirs-1-a", "reviews", theirSet)],
            injected("Pod", "another-1-a", "another", injected("ReplicaSet", "another-1", "another")),
        ];
        cluster.objects = [...staying, ourSet, injected("Pod", "ours-1-a", "reviews", ourSet)];
        let ended = false;
        const destroyed = destroy().then(() => (ended = true));
        await sleep(1000);
        cluster.remove("ReplicaSet", "ours-1");
        await sleep(1000);
        expect(ended).toBe(false);
        cluster.remove("Pod", "ours-1-a");
        await destroyed;
        expect(cluster.objects).toEqual(staying);
        expect(warnings).toEqual([]);
    });

    it("B4: has nothing to do in a cluster that is gone, and warns what was not looked for", async () => {
        await destroy(properties(NOTHING));
        expect(warnings).toEqual([
            expect.stringMatching(
                /not looked for, because PULUMI_K8S_DELETE_UNREACHABLE is true and .*127\.0\.0\.1:9\) does not answer[^]*If that cluster still exists/,
            ),
        ]);
    });

    it("B4: is taken out of the state by a refresh if its cluster is gone, and stays otherwise", async () => {
        expect((await refresh(properties(NOTHING)))?.getId()).toBe("");
        expect(warnings).toEqual([expect.stringContaining("does not answer")]);
        const kept = await refresh(properties());
        expect(kept?.getId()).toBe("leftovers");
        expect(kept?.getProperties()?.toJavaScript()).toEqual(properties().toJavaScript());
    });

    it("B4: does not take a cluster for gone that refuses, and says so in a sentence without a stack trace", async () => {
        refusing = true;
        await expect(destroy()).rejects.toThrow(/^the cluster of context "here" .* refuses the credentials/);
        expect((await refresh(properties()))?.getId()).toBe("leftovers");
        expect(written).not.toMatch(/^ {4}at /m);
        expect(warnings).toEqual([]);
    });

    it("ends if the engine is killed", async () => {
        plugin.stdin?.end();
        expect(await once(plugin, "exit")).toEqual([0, null]);
    });
});
