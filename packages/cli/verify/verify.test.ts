import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiError } from "../../kubernetes/apiError";
import { UserError, Stopped } from "../../shared/errors";
import type { KubernetesObject } from "../../kubernetes/object";
import type { Mesh } from "../mesh/mesh";
import { getFromAddon } from "./addon";
import { applicable, type Check, failed, NOT_ALLOWED, ok, runChecks } from "./check";
import { CHECKS } from "./checks";
import { checkEdges } from "./edges";
import { checkGateway, gatewaysOf } from "./gateway";
import { checkGrafana } from "./grafana";
import { checkKiali } from "./kiali";
import { checkMetrics } from "./metrics";
import { checkMutualTls } from "./mutualTls";
import { checkPage } from "./page";
import { checkKubernetes } from "./kubernetes";
import { checkReleases } from "./releases";
import { checkReport } from "./report";
import { checkSidecars } from "./sidecars";
import { checkTraces } from "./traces";
import { type Answering, deployment, FakeCluster, pod } from "../../kubernetes/testing/fakeCluster";

// A pause takes no time, and the clock moves on by it.
jest.mock("../../kubernetes/wait", () => ({
    pause: () => {
        jest.setSystemTime(Date.now() + 1000);
        return Promise.resolve();
    },
}));

const SYSTEM = "istio-system";
const RELEASES = ["istio-base", "istiod", "istio-ingressgateway", "kiali"];
const ADDONS = ["prometheus", "grafana", "jaeger", "kiali", "servicegraph"];
const APPS = ["productpage", "details", "reviews", "ratings"];
const REDEPLOY = "the command that deploys";

const release = (name: string, version: number, status: string) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
        name: `sh.helm.release.v1.${name}.v${version}`,
        namespace: SYSTEM,
        labels: { owner: "helm", name, version: String(version), status },
    },
});

function ownedBy(kind: string, name: string, { metadata, ...object }: KubernetesObject): KubernetesObject {
    const owner = { apiVersion: kind === "Job" ? "batch/v1" : "apps/v1", kind, name, uid: `${name}-uid` };
    return { ...object, metadata: { ...metadata, ownerReferences: [owner] } };
}

/** The product page with a version of reviews. */
const page = (version: string) => `<p>Reviews served by: reviews-${version}-a-b</p>`;

/** The product page, at a port of this machine. */
let ingress: Server;
let visit: (traceparent?: string, authorization?: string) => { status: number; body: string };

let cluster: FakeCluster;
let mesh: Mesh;

/** The answers of a healthy cluster's servers. */
const healthy: Answering = ({ name, port }, path) => {
    if (port === 9080) {
        return new ApiError(503, "error trying to reach service: read tcp 1->2: read: connection reset by peer");
    }
    const json = (body: unknown) => ({ status: 200, text: JSON.stringify(body) });
    const vector = [
        ["productpage-v1", "7"],
        ["details-v1", "7"],
        ["reviews-v2", "3"],
    ].map(([workload, value]) => ({
        metric: { destination_workload: workload },
        value: [1, value],
    }));
    switch (name) {
        case "tracing": {
            const names = ["istio-ingressgateway.istio-system", ...APPS.map((app) => `${app}.default`)];
            const processes = Object.fromEntries(names.map((serviceName) => [serviceName, { serviceName }]));
            return json({ data: [{ spans: names.map((processID) => ({ processID })), processes }] });
        }
        case "prometheus":
            return json({ status: "success", data: { result: vector } });
        case "servicegraph":
            return json({
                edges: ["details (details-v1)", "reviews (reviews-v3)"].map((target) => ({
                    source: "productpage (productpage-v1)",
                    target,
                })),
            });
        case "grafana":
            return json(path === "/api/health" ? { database: "ok", version: "13.0.0" } : [{ title: "Mesh" }]);
        case "kiali": {
            const nodes = ["productpage", "details", "reviews"].map((app) => ({ data: { id: `${app}-id`, app } }));
            const edges = ["details", "reviews"].map((app) => ({
                data: { source: "productpage-id", target: `${app}-id` },
            }));
            return path.includes("/graph") ? json({ elements: { nodes, edges } }) : { status: 200, text: "" };
        }
        default:
            return { status: 200, text: "" };
    }
};

beforeAll(async () => {
    ingress = createServer((request, response) => {
        const { traceparent, authorization } = request.headers;
        const { status, body } = visit(traceparent as string | undefined, authorization);
        response.writeHead(status).end(body);
    });
    await new Promise<void>((resolve) => ingress.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
    ingress.closeAllConnections();
    ingress.close();
});

beforeEach(() => {
    jest.useFakeTimers({
        doNotFake: ["setTimeout", "setInterval", "setImmediate", "nextTick", "queueMicrotask", "performance"],
    });
    visit = () => ({ status: 200, body: page("v2") });
    cluster = new FakeCluster();
    cluster.answer = healthy;
    const networking = { apiVersion: "networking.istio.io/v1" };
    cluster.objects = [
        {
            apiVersion: "v1",
            kind: "Namespace",
            metadata: { name: "default", labels: { "istio-injection": "enabled" } },
        },
        ...RELEASES.map((name) => release(name, 1, "deployed")),
        ...["istiod", ...ADDONS].map((name) => deployment(SYSTEM, name)),
        ...APPS.map((app) => deployment("default", `${app}-v1`)),
        ...APPS.map((app) => pod("default", `${app}-v1-a-b`, { app }, { [app]: true, "istio-proxy": true })),
        pod(SYSTEM, "ingress-1", { istio: "ingressgateway" }, { "istio-proxy": true }),
        {
            apiVersion: "v1",
            kind: "Service",
            metadata: { name: "istio-ingressgateway", namespace: SYSTEM },
            spec: { ports: [{ port: 15021 }, { port: 80 }] },
            status: {
                loadBalancer: { ingress: [{ hostname: `127.0.0.1:${(ingress.address() as AddressInfo).port}` }] },
            },
        },
        {
            ...networking,
            kind: "Gateway",
            metadata: { name: "bookinfo-gateway", namespace: "default" },
            spec: { selector: { istio: "ingressgateway" }, servers: [{ port: { number: 80 } }] },
        },
        {
            ...networking,
            kind: "VirtualService",
            metadata: { name: "bookinfo", namespace: "default" },
            spec: { gateways: ["bookinfo-gateway"], http: [{ route: [{ destination: { host: "productpage" } }] }] },
        },
    ];
    mesh = {
        api: cluster.api,
        on: { mtls: true, prometheus: true, grafana: true, jaeger: true, kiali: true, servicegraph: true },
        appNamespace: "default",
        drainSeconds: 45,
        traffic: {},
        configured: true,
        source: "a test",
        commands: {
            kubectl: "kubectl",
            up: "the usual command",
            redeploy: REDEPLOY,
            load: "the load",
            dashboard: "the dashboard",
        },
    };
});
afterEach(() => {
    jest.useRealTimers();
});

describe("A7: with Istio's CNI plugin", () => {
    const plugin = (available: number) => ({
        apiVersion: "apps/v1",
        kind: "DaemonSet",
        metadata: { name: "istio-cni-node", namespace: SYSTEM },
        status: { desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: available },
    });

    it("its release and its pod on each node are checked", async () => {
        mesh = { ...mesh, cni: true };
        expect(await checkReleases(mesh)).toMatchObject({ status: "failed", found: "istio-cni is missing" });
        cluster.objects.push(release("istio-cni", 1, "deployed"));
        expect(await checkReleases(mesh)).toMatchObject({ found: "DaemonSet istio-system/istio-cni-node is missing" });
        cluster.objects.push(plugin(1));
        expect(await checkReleases(mesh)).toMatchObject({
            found: "DaemonSet istio-system/istio-cni-node has 1 of 2 pods available",
            remedy: "kubectl describe --namespace istio-system daemonset/istio-cni-node",
        });
        cluster.remove("DaemonSet", "istio-cni-node");
        cluster.objects.push(plugin(2));
        expect(await checkReleases(mesh)).toMatchObject({
            status: "ok",
            found: "istio-cni, istio-base, istiod, istio-ingressgateway, kiali deployed",
        });
    });
});

describe("the version of Kubernetes", () => {
    const asked = async (gitVersion?: string) => {
        cluster.facts = { "/version": { gitVersion } };
        return checkKubernetes(mesh);
    };

    it("is fine if Istio supports it, and else a note", async () => {
        const found = "Istio 1.31 supports 1.32 to 1.36";
        expect(await asked("v1.36.2")).toEqual({ status: "ok", found: `v1.36.2; ${found}` });
        for (const version of ["v1.31.9", "v1.37.0+k3s1"]) {
            const note = expect.stringContaining("outside of what Istio is tested with") as string;
            expect(await asked(version)).toEqual({ status: "ok", found: `${version}; ${found}`, note });
        }
        expect(await asked()).toMatchObject({ status: "off" });
    });

    it("B6: of GKE changes by Google's schedule, and the note says until when it is safe", async () => {
        const { status, note } = await asked("v1.35.3-gke.1200");
        expect(status).toBe("ok");
        expect(note).toMatch(/when 1\.35 is without support.+release-schedule\)\. This Istio is safe until 1\.36 is$/);
    });
});

describe("in a healthy mesh", () => {
    it("every check is ok, and says what it found", async () => {
        const results = await runChecks(mesh, await applicable(mesh, CHECKS));
        const found = Object.fromEntries(results.map(({ name, status, found }) => [name, `${status}: ${found}`]));
        const port = (ingress.address() as AddressInfo).port;
        expect(found).toEqual({
            Kubernetes: "ok: v1.34.1; Istio 1.31 supports 1.32 to 1.36",
            releases: "ok: istio-base, istiod, istio-ingressgateway, kiali deployed",
            sidecars: "ok: 4 of 4 pods in default",
            "strict mTLS": "ok: 4 pods refuse plain text",
            gateway: "ok: Gateway default/bookinfo-gateway at port 80, on 1 ready pod",
            routes: "off: bookinfo.traffic sets nothing",
            page: `ok: http://127.0.0.1:${port}/productpage answers 200`,
            traces: expect.stringMatching(
                /^ok: 5 spans of istio-ingressgateway, productpage, details, ratings, reviews in trace [0-9a-f]{32}$/,
            ) as string,
            metrics: "ok: istio_requests_total: 17 requests to 3 workloads",
            servicegraph: "ok: 2 edges, among them productpage → details and productpage → reviews",
            Grafana: "ok: Grafana 13.0.0 with 1 dashboards",
            Kiali: "ok: Kiali is healthy, and its graph has 2 edges",
        });
    });

    it("an add-on that is switched off is off: it is not asked, and its check does not pass", async () => {
        mesh.on = { mtls: false, prometheus: false, grafana: false, jaeger: false, kiali: false, servicegraph: false };
        cluster.answer = ({ name }) => {
            throw new Error(`${name} was asked`);
        };
        for (const name of [...ADDONS]) {
            cluster.remove("Deployment", name);
        }
        cluster.remove("Secret", "sh.helm.release.v1.kiali.v1");
        const results = await runChecks(mesh, await applicable(mesh, CHECKS));
        expect(results.filter(({ status }) => status === "off").map(({ name, found }) => `${name}: ${found}`)).toEqual([
            "strict mTLS: istio.global.mtls.enabled is false",
            "routes: bookinfo.traffic sets nothing",
            "traces: istio.tracing.enabled is false",
            "metrics: istio.prometheus.enabled is false",
            "servicegraph: istio.servicegraph.enabled is false",
            "Grafana: istio.grafana.enabled is false",
            "Kiali: istio.kiali.enabled is false",
        ]);
        expect(results.filter(({ status }) => status === "failed")).toEqual([]);
    });

    it.each([
        ["strict mTLS", "istio.global.mtls.enabled", "PeerAuthentication istio-system/default"],
        ["traces", "istio.tracing.enabled", "Deployment istio-system/jaeger"],
        ["Kiali", "istio.kiali.enabled", "Deployment istio-system/kiali"],
    ])("%s: the check fails if it is switched off and still there", async (name, key, object) => {
        mesh.on = { ...mesh.on, mtls: false, jaeger: false, kiali: false };
        cluster.objects.push({
            apiVersion: "security.istio.io/v1",
            kind: "PeerAuthentication",
            metadata: { name: "default", namespace: SYSTEM },
        });
        const results = await runChecks(mesh, await applicable(mesh, CHECKS));
        expect(results.find((result) => result.name === name)).toMatchObject(
            failed(`${key} is false, but ${object} is still there`, "the usual command"),
        );
    });

    it("does not say that the config switches off what the cluster does not have", async () => {
        mesh = { ...mesh, configured: false, on: { ...mesh.on, grafana: false } };
        cluster.remove("Deployment", "grafana");
        expect(await checkGrafana(mesh)).toEqual({
            status: "off",
            found: "not in the cluster (istio.grafana.enabled)",
        });
    });
});

describe("the check of the releases", () => {
    it("reads the newest revision of each release in Helm", async () => {
        cluster.objects.push(release("istiod", 10, "pending-upgrade"), release("istiod", 9, "superseded"));
        cluster.remove("Secret", "sh.helm.release.v1.istio-base.v1");
        expect(await checkReleases(mesh)).toEqual(failed("istio-base is missing, istiod is pending-upgrade", REDEPLOY));
    });

    it("fails without a running control plane", async () => {
        cluster.find("Deployment", "istiod").spec = { replicas: 0 };
        expect(await checkReleases(mesh)).toEqual(
            failed(
                "Deployment istio-system/istiod is scaled to 0",
                "kubectl scale --namespace istio-system deployment/istiod --replicas 1",
            ),
        );
    });
});

describe("the check of the sidecars", () => {
    it("needs the namespace's label", async () => {
        cluster.find("Namespace", "default").metadata.labels = {};
        expect(await checkSidecars(mesh)).toEqual(
            failed("Namespace default has no label istio-injection=enabled", REDEPLOY),
        );
    });

    it("names the pods without a sidecar, and how to replace them", async () => {
        cluster.objects.push(
            ownedBy("ReplicaSet", "details-v1-1", pod("default", "details-v1-1-2", { app: "details" }, { app: true })),
        );
        expect(await checkSidecars(mesh)).toMatchObject({
            found: "without a sidecar: details-v1-1-2",
            remedy:
                "replace the pods, because new ones get a sidecar: " +
                "kubectl --namespace default rollout restart deployment details-v1",
        });
        cluster.objects.push(pod("default", "reviews-v9", { app: "reviews" }, { app: true }));
        expect((await checkSidecars(mesh)).remedy).toBe(
            "replace the pods, because new ones get a sidecar: " +
                "kubectl --namespace default rollout restart deployment details-v1; " +
                "reviews-v9 (no controller): create again the way it was created",
        );
        const labels = { app: "ratings", "sidecar.istio.io/inject": "false" };
        cluster.objects.push(pod("default", "ratings-v1-1-2", labels, { app: true }));
        expect(await checkSidecars(mesh)).toMatchObject({
            status: "failed",
            found: "kept out of the mesh by the label sidecar.istio.io/inject=false: ratings-v1-1-2",
            remedy: `restore the pods' template, which somebody has changed: ${REDEPLOY}`,
        });
    });

    it("A2: pods of others in the namespace are a note, and nothing is to be done about them", async () => {
        const agent = ownedBy("DaemonSet", "agent", pod("default", "agent-1", { app: "agent" }, { agent: true }));
        agent.spec = { ...(agent.spec as object), hostNetwork: true };
        cluster.objects.push(ownedBy("StatefulSet", "db", pod("default", "db-0", { app: "db" }, { db: true })), agent);
        const result = await checkSidecars(mesh);
        expect(result).toEqual(ok("4 of 4 pods in default; 2 other pods in default are outside the mesh"));
        expect(result).not.toHaveProperty("remedy");
    });

    it.each([
        ["a Job", "Job", "migrate-1", { app: "migrate" }],
        ["a pod without a controller", undefined, "debug", {}],
        ["a pod kept out by its owner", "ReplicaSet", "batch-1", { "sidecar.istio.io/inject": "false" }],
        ["another app with the label of Bookinfo's", "ReplicaSet", "reviews-canary-1", { app: "reviews" }],
        ["a StatefulSet with the name of Bookinfo's", "StatefulSet", "ratings-v1", { app: "ratings" }],
    ])("A2: %s of somebody else does not fail it", async (_, kind, owner, labels) => {
        const theirs = pod("default", `${owner}-x`, labels, { app: true });
        cluster.objects.push(kind === undefined ? theirs : ownedBy(kind, owner, theirs));
        expect(await checkSidecars(mesh)).toEqual(
            ok("4 of 4 pods in default; 1 other pod in default is outside the mesh"),
        );
    });

    it("A2: others are no substitute for Bookinfo's pods, and those with a sidecar need no note", async () => {
        const theirs = pod("default", "theirs", { app: "theirs" }, { app: true, "istio-proxy": false });
        cluster.objects.push(theirs);
        expect(await checkSidecars(mesh)).toEqual(ok("4 of 4 pods in default"));
        cluster.objects = cluster.objects.filter((object) => object.kind !== "Pod" || object === theirs);
        expect(await checkSidecars(mesh)).toEqual(failed("there are no pods of Bookinfo in default", REDEPLOY));
    });

    it("needs sidecars that are ready, also if they are init containers that never end", async () => {
        const ratings = cluster.find("Pod", "ratings-v1-a-b");
        ratings.spec = { containers: [{ name: "ratings" }], initContainers: [{ name: "istio-proxy" }] };
        ratings.status = { initContainerStatuses: [{ name: "istio-proxy", ready: true }] };
        expect(await checkSidecars(mesh)).toMatchObject({ status: "ok" });
        ratings.status = { initContainerStatuses: [{ name: "istio-proxy", ready: false }] };
        expect(await checkSidecars(mesh)).toMatchObject({
            status: "failed",
            found: "with a sidecar that is not ready: ratings-v1-a-b",
        });
    });

    it("fails without pods, and ignores pods that have ended", async () => {
        for (const app of APPS) {
            cluster.remove("Pod", `${app}-v1-a-b`);
        }
        const done = pod("default", "job-1", {}, { app: true });
        cluster.objects.push({ ...done, status: { phase: "Succeeded" } });
        expect(await checkSidecars(mesh)).toEqual(failed("there are no pods in default", REDEPLOY));
    });
});

describe("the check of strict mutual TLS", () => {
    const refused = new ApiError(503, "error trying to reach service: EOF");
    const answering = (plain: Answering, control: Answering = () => ({ status: 200, text: "" })) => {
        cluster.answer = (server, path) => (server.port === 9080 ? plain : control)(server, path);
    };

    it("passes if each pod refuses plain text and answers on its other port", async () => {
        const asked: string[] = [];
        const note: Answering = ({ kind, name, port }, path) => {
            asked.push(`${kind} ${name}:${port}${path}`);
            return port === 9080 ? refused : { status: 200, text: "" };
        };
        answering(note, note);
        expect(await checkMutualTls(mesh)).toEqual(ok("4 pods refuse plain text"));
        expect(asked).toHaveLength(8);
        expect(asked).toContain("pods details-v1-a-b:15020/healthz/ready");
        expect(asked).toContain("pods details-v1-a-b:9080/health");
    });

    it("A2: does not ask the pods of others, which may have policies of their own", async () => {
        const asked: string[] = [];
        cluster.objects.push(pod("default", "theirs", { app: "theirs" }, { app: true, "istio-proxy": true }));
        answering(({ name }) => (asked.push(name), refused));
        expect(await checkMutualTls(mesh)).toEqual(ok("4 pods refuse plain text"));
        expect(asked).not.toContain("theirs");
    });

    it("fails if any pod answers plain text, and names the policy", async () => {
        answering(({ name }) => (name.startsWith("reviews") ? { status: 404, text: "" } : refused));
        expect(await checkMutualTls(mesh)).toEqual(
            failed(
                "reviews-v1-a-b answers 404 to plain text; there is no PeerAuthentication in istio-system",
                REDEPLOY,
            ),
        );
        cluster.objects.push({
            apiVersion: "security.istio.io/v1",
            kind: "PeerAuthentication",
            metadata: { name: "lax", namespace: "default" },
            spec: { mtls: { mode: "PERMISSIVE" } },
        });
        expect((await checkMutualTls(mesh)).found).toContain("PeerAuthentication: default/lax PERMISSIVE");
    });

    it("gives a proxy time to apply the policy", async () => {
        let answers = 2;
        answering(({ name }) => (name.startsWith("reviews") && answers-- > 0 ? { status: 200, text: "" } : refused));
        expect(await checkMutualTls(mesh)).toEqual(ok("4 pods refuse plain text"));
    });

    it("proves nothing if the pod does not answer at all, or if plain text gets lost", async () => {
        const lost = () => new ApiError(503, "error trying to reach service: dial tcp: i/o timeout");
        answering(() => refused, lost);
        expect((await checkMutualTls(mesh)).found).toMatch(/^this proves nothing: .* does not answer on port 15020/);
        answering(
            () => refused,
            () => ({ status: 500, text: "" }),
        );
        expect((await checkMutualTls(mesh)).found).toMatch(/does not answer on port 15020 either \(it answered 500\)/);
        answering(lost);
        expect((await checkMutualTls(mesh)).found).toMatch(/^this proves nothing: .* nor refused it \(.*timeout\)/);
    });

    it("fails without pods that have a sidecar, and if the user may not use the proxy", async () => {
        answering(() => new ApiError(403, "pods/proxy is forbidden"));
        const [result] = await runChecks(mesh, [{ name: "strict mTLS", check: checkMutualTls }]);
        expect(result).toMatchObject({ status: "failed", found: "pods/proxy is forbidden" });
        for (const app of APPS) {
            cluster.find("Pod", `${app}-v1-a-b`).spec = { containers: [{ name: app }] };
        }
        expect((await checkMutualTls(mesh)).found).toBe("there are no ready pods with a sidecar in default");
    });
});

describe("the check of the gateway", () => {
    it("needs a VirtualService that routes to the product page through it", async () => {
        const route = cluster.find("VirtualService", "bookinfo");
        route.spec = { ...(route.spec as object), gateways: [] };
        expect(await checkGateway(mesh)).toEqual(
            failed("VirtualService default/bookinfo refers to no Gateway", REDEPLOY),
        );
        cluster.remove("VirtualService", "bookinfo");
        expect(await checkGateway(mesh)).toEqual(
            failed("no VirtualService in default routes to productpage", REDEPLOY),
        );
    });

    it("needs the Gateway", async () => {
        cluster.remove("Gateway", "bookinfo-gateway");
        expect((await checkGateway(mesh)).found).toBe(
            "Gateway default/bookinfo-gateway is missing, but a VirtualService refers to it",
        );
    });

    it("needs a Gateway that selects a ready pod", async () => {
        const ready = cluster.find("Pod", "ingress-1").status;
        cluster.find("Pod", "ingress-1").status = { conditions: [{ type: "Ready", status: "False" }] };
        expect(await checkGateway(mesh)).toMatchObject({ status: "failed" });
        cluster.find("Pod", "ingress-1").status = ready;
        expect(await checkGateway(mesh)).toMatchObject({ status: "ok" });
        cluster.find("Pod", "ingress-1").metadata.labels = { istio: "ingressgateway-ab12" };
        expect((await checkGateway(mesh)).found).toBe(
            "Gateway default/bookinfo-gateway selects no ready pod (istio=ingressgateway)",
        );
    });

    it("needs a Gateway that opens a port of the ingress gateway's Service", async () => {
        const gateway = cluster.find("Gateway", "bookinfo-gateway");
        gateway.spec = { ...(gateway.spec as object), servers: [{ port: { number: 8080 } }] };
        expect((await checkGateway(mesh)).found).toBe(
            "Gateway default/bookinfo-gateway opens port 8080, and Service istio-system/istio-ingressgateway has 15021, 80",
        );
    });

    it("finds a Gateway in another namespace than its VirtualService", () => {
        expect(gatewaysOf({ gateways: ["mesh", "own", "other/theirs"] }, "app")).toEqual([
            { namespace: "app", name: "own" },
            { namespace: "other", name: "theirs" },
        ]);
        expect(gatewaysOf({})).toEqual([]);
    });
});

describe("the check of the page", () => {
    it("needs the status 200, and else names idle Deployments or pods with problems", async () => {
        visit = () => ({ status: 503, body: "no healthy upstream" });
        expect(await checkPage(mesh)).toMatchObject({
            status: "failed",
            remedy: "see the gateway's logs: kubectl --namespace istio-system logs --selector app=istio-ingressgateway",
        });
        cluster.find("Pod", "details-v1-a-b").status = { phase: "Pending" };
        expect((await checkPage(mesh)).remedy).toBe("fix Pod default/details-v1-a-b: Pending");
        cluster.find("Deployment", "productpage-v1").spec = { replicas: 0 };
        expect((await checkPage(mesh)).remedy).toBe(
            "kubectl --namespace default scale deployment productpage-v1 --replicas 1",
        );
        const theirs = deployment("default", "scaled-down-by-its-owner");
        cluster.objects.push({ ...theirs, spec: { replicas: 0 } });
        expect((await checkPage(mesh)).remedy).toBe(
            "kubectl --namespace default scale deployment productpage-v1 --replicas 1",
        );
    });

    it("needs all parts, unless the config may be the reason that one is missing", async () => {
        visit = () => ({ status: 200, body: "Error fetching product reviews, Error fetching product details" });
        expect(await checkPage(mesh)).toMatchObject({
            status: "failed",
            found: expect.stringMatching(/answers 200, without details and reviews$/) as string,
        });
        const shaped = { ...mesh, traffic: { details: { abort: { status: 500, percent: 20 } } } };
        expect(await checkPage(shaped)).toMatchObject({
            status: "ok",
            note: expect.stringMatching(/^The config of bookinfo.traffic/) as string,
        });
        cluster.find("Deployment", "details-v1").spec = { replicas: 0 };
        expect(await checkPage(shaped)).toMatchObject({
            status: "failed",
            remedy: "kubectl --namespace default scale deployment details-v1 --replicas 1",
        });
    });

    it("fails if the page can be reached neither here nor through the API server", async () => {
        const service = cluster.find("Service", "istio-ingressgateway");
        service.status = { loadBalancer: { ingress: [{ hostname: "127.0.0.1:1" }] } };
        cluster.answer = () => new ApiError(503, "no endpoints available");
        cluster.find("Pod", "ingress-1").status = { phase: "Pending" };
        expect(await checkPage(mesh)).toEqual(
            failed(
                "http://127.0.0.1:1/productpage does not answer (connection refused); through the API server it does not answer: " +
                    "no endpoints available; a port-forward fails too: no pod is ready",
                "fix Pod istio-system/ingress-1: Pending",
            ),
        );
    });

    it("A6: is ok with a note if only the API server reaches the page", async () => {
        const service = cluster.find("Service", "istio-ingressgateway");
        service.status = { loadBalancer: { ingress: [{ ip: "127.0.0.1" }] } };
        service.spec = { ports: [{ port: 1, targetPort: 80 }] };
        const asked: string[] = [];
        cluster.answer = (server, path) => {
            asked.push(`${server.kind} ${server.namespace}/${server.name}:${server.port}${path}`);
            return { status: 200, text: page("v3") };
        };
        const begun = Date.now();
        const { status, found, note } = await checkPage(mesh);
        expect(status).toBe("ok");
        expect(found).toBe(
            "http://127.0.0.1:1/productpage does not answer (connection refused); through the API server it answers 200",
        );
        expect(note).toMatch(/^This machine does not reach http.*Bookinfo works\.\nLikely cause: .*\nWays on:\n/);
        expect(note).toContain("  the dashboard bookinfo   opens the page through a port-forward");
        expect(asked).toEqual(["services istio-system/istio-ingressgateway:1/productpage"]);
        expect((Date.now() - begun) / 1000).toBeCloseTo(20, 0);
        // The other checks that need the page do not wait again, and go the same way.
        const later = Date.now();
        cluster.answer = (server, path) =>
            server.name === "istio-ingressgateway" ? { status: 200, text: page("v2") } : healthy(server, path);
        expect(await checkTraces(mesh)).toMatchObject({ status: "ok" });
        expect(Date.now()).toBe(later);
    });

    it("A6: is ok without an external address, and needs reviews all the same", async () => {
        const service = cluster.find("Service", "istio-ingressgateway");
        service.spec = { type: "ClusterIP", ports: [{ port: 80 }] };
        service.status = {};
        cluster.answer = () => ({ status: 200, text: page("v2") });
        expect(await checkPage(mesh)).toEqual(
            ok(
                "the page, through the API server, answers 200",
                "The ingress gateway has no external address, because its Service is of type ClusterIP. " +
                    "This opens the page through a port-forward:\n  the dashboard bookinfo",
            ),
        );
        cluster.answer = () => ({ status: 200, text: "Error fetching product reviews" });
        expect(await checkPage(mesh)).toMatchObject({ status: "failed" });
        cluster.answer = () => ({ status: 404, text: "" });
        expect((await checkPage(mesh)).found).toBe("the page, through the API server, answers 404 Not Found");
        cluster.remove("Service", "istio-ingressgateway");
        const [result] = await runChecks(mesh, [{ name: "page", check: checkPage }]);
        expect(result?.found).toContain("the cluster has no Service istio-system/istio-ingressgateway");
    });

    it("A6: is about the address that the config names", async () => {
        const { port } = ingress.address() as AddressInfo;
        cluster.find("Service", "istio-ingressgateway").spec = { type: "NodePort", ports: [{ port: 80 }] };
        mesh.address = { host: "127.0.0.1", port };
        expect(await checkPage(mesh)).toEqual(ok(`http://127.0.0.1:${port}/productpage answers 200`));
    });
});

describe("the page's URL", () => {
    it("is the one that the user names, if any: the gateway then needs no address", async () => {
        mesh.pageUrl = `http://127.0.0.1:${(ingress.address() as AddressInfo).port}/productpage`;
        cluster.remove("Service", "istio-ingressgateway");
        expect(await checkPage(mesh)).toEqual(ok(`${mesh.pageUrl} answers 200`));
        expect(await checkTraces(mesh)).toMatchObject({ status: "ok" });
    });
});

describe("a page that asks for tokens, or that limits requests", () => {
    const noTokens = "tokens that are not made here";

    it("gets the token of these commands", async () => {
        const seen = new Set<string | undefined>();
        visit = (_, authorization) => {
            seen.add(authorization);
            return { status: 200, body: page("v2") };
        };
        mesh.access = { headers: { authorization: "Bearer t" }, expected: {} };
        expect(await checkPage(mesh)).toMatchObject({ status: "ok" });
        expect(await checkTraces(mesh)).toMatchObject({ status: "ok" });
        expect([...seen]).toEqual(["Bearer t"]);
    });

    it("works if it refuses these commands as its config says, but what needs served pages cannot be checked", async () => {
        visit = () => ({ status: 403, body: "RBAC: access denied" });
        mesh.access = { headers: {}, expected: { 403: noTokens } };
        expect(await checkPage(mesh)).toMatchObject({
            status: "ok",
            found: expect.stringMatching(`403: ${noTokens}$`) as string,
        });
        expect(await checkTraces(mesh)).toEqual({
            status: "off",
            found: `no request to trace, because ${noTokens}`,
        });
        expect(await checkMetrics(mesh)).toMatchObject({ status: "ok" });
        cluster.answer = () => ({ status: 200, text: JSON.stringify({ data: { result: [] }, edges: [] }) });
        expect(await checkMetrics(mesh)).toEqual({
            status: "off",
            found: `Prometheus has istio_requests_total of no workload; ${noTokens}`,
        });
        expect(await checkEdges(mesh)).toMatchObject({ status: "off" });
    });

    it("fails if it refuses them in another way", async () => {
        visit = () => ({ status: 401, body: "Jwt verification fails" });
        mesh.access = { headers: {}, expected: { 403: noTokens } };
        expect(await checkPage(mesh)).toMatchObject({ status: "failed" });
    });
});

describe("the check of the traces", () => {
    it("looks up a request whose page has ratings, by the id of a trace that is kept", async () => {
        const seen: string[] = [];
        const versions = ["v1", "v1", "v3"];
        visit = (traceparent = "") => {
            seen.push(traceparent);
            return { status: 200, body: page(versions.shift() ?? "v1") };
        };
        const asked: string[] = [];
        cluster.answer = (server, path) => {
            asked.push(path);
            return healthy(server, path);
        };
        expect(await checkTraces(mesh)).toMatchObject({ status: "ok" });
        expect(seen).toHaveLength(3);
        expect(new Set(seen).size).toBe(3);
        const [, trace = ""] = /^00-([0-9a-f]{32})-[0-9a-f]{16}-01$/.exec(seen[2] ?? "") ?? [];
        expect(asked).toEqual([`/api/traces/${trace}`]);
    });

    it("waits until the trace arrives", async () => {
        let looks = 0;
        cluster.answer = (server, path) => {
            looks += 1;
            return looks < 3 ? { status: 404, text: '{"errors":[]}' } : healthy(server, path);
        };
        expect(await checkTraces(mesh)).toMatchObject({ status: "ok" });
        expect(looks).toBe(3);
    });

    it("names the services without a span", async () => {
        cluster.answer = () => ({ status: 404, text: "" });
        expect((await checkTraces(mesh)).found).toMatch(/^Jaeger has no span of the request traced as \w+$/);
        cluster.answer = (server, path) => {
            const answer = healthy(server, path);
            return answer instanceof ApiError
                ? answer
                : { ...answer, text: answer.text.replaceAll("ratings", "other") };
        };
        expect((await checkTraces(mesh)).found).toMatch(
            /^Jaeger has no span from ratings of the request traced as \w+$/,
        );
    });

    it("fails with Jaeger's reason if Jaeger answers something else", async () => {
        const logs = "kubectl --namespace istio-system logs deployment/jaeger";
        cluster.answer = () => ({ status: 500, text: "storage is full" });
        expect(await checkTraces(mesh)).toEqual(failed("jaeger answers 500 storage is full", logs));
        cluster.answer = () => ({ status: 200, text: "<html>" });
        expect(await checkTraces(mesh)).toEqual(failed("the answer of jaeger is not JSON", logs));
    });

    it("fails without ratings, or without a page", async () => {
        visit = () => ({ status: 200, body: page("v1") });
        expect((await checkTraces(mesh)).found).toBe(
            "no request to trace: none of 30 pages had ratings; do requests reach reviews v2 or v3?",
        );
        expect(await checkTraces({ ...mesh, traffic: { reviews: { version: "v1" } } })).toEqual({
            status: "off",
            found: "no request to trace, because none of 30 pages had all parts, and ratings: by bookinfo.traffic or bookinfo.rateLimit",
        });
        visit = () => ({ status: 500, body: "" });
        expect((await checkTraces(mesh)).found).toMatch(/^no request to trace: .*: 500 Internal Server Error$/);
    });
});

describe("the check of an add-on", () => {
    it("forwards a port, which no NetworkPolicy stops, and else asks the API server's proxy", async () => {
        cluster.objects.push(pod(SYSTEM, "servicegraph-1", { app: "servicegraph" }, { servicegraph: true }));
        const ports: number[] = [];
        cluster.connect = (_, port) => {
            ports.push(port);
            return Promise.resolve(connect((ingress.address() as AddressInfo).port, "127.0.0.1"));
        };
        visit = () => ({ status: 200, body: "forwarded" });
        cluster.answer = () => new ApiError(503, "dial tcp 10.244.0.7:8088: i/o timeout");
        const get = () => getFromAddon(mesh, "servicegraph", { path: "/graph" });
        expect(await get()).toEqual({ status: 200, text: "forwarded" });
        expect(ports).toEqual([8088]);

        cluster.connect = () => Promise.reject(new ApiError(403, "pods/portforward is forbidden"));
        await expect(get()).rejects.toMatchObject({ status: 503 });
        cluster.answer = ({ name, port }) => ({ status: 200, text: `proxied from ${name}:${port}` });
        expect(await get()).toEqual({ status: 200, text: "proxied from servicegraph:8088" });
    });

    it("fails without a request if the add-on is switched on, and missing, scaled to 0 or not ready", async () => {
        cluster.answer = ({ name }) => {
            throw new Error(`${name} was asked`);
        };
        cluster.find("Deployment", "jaeger").spec = { replicas: 0 };
        expect(await checkTraces(mesh)).toEqual(
            failed(
                "Deployment istio-system/jaeger is scaled to 0",
                "kubectl scale --namespace istio-system deployment/jaeger --replicas 1",
            ),
        );
        cluster.remove("Deployment", "prometheus");
        // servicegraph has all its data from Prometheus.
        expect(await checkEdges(mesh)).toEqual(failed("Deployment istio-system/prometheus is missing", REDEPLOY));
        expect(await checkMetrics(mesh)).toEqual(failed("Deployment istio-system/prometheus is missing", REDEPLOY));
        const { status } = cluster.find("Deployment", "kiali");
        cluster.find("Deployment", "kiali").status = { ...(status as object), availableReplicas: 0 };
        expect(await checkKiali(mesh)).toEqual(
            failed(
                "Deployment istio-system/kiali has 0 of 1 pods available",
                "kubectl describe --namespace istio-system deployment/kiali",
            ),
        );
    });

    it("asks only about the namespace of this Bookinfo", async () => {
        mesh.appNamespace = "books";
        const asked: string[] = [];
        cluster.answer = (server, path) => {
            asked.push(decodeURIComponent(path));
            return healthy(server, path);
        };
        await checkMetrics(mesh);
        await checkEdges(mesh);
        expect(asked).toEqual([
            expect.stringContaining('destination_workload_namespace="books"'),
            "/graph?destination_namespace=books",
        ]);
    });

    describe("A8: whose Prometheus is not the stack's", () => {
        const service = { apiVersion: "v1", kind: "Service", metadata: { name: "prom", namespace: "monitoring" } };
        const found = expect.stringMatching(/^istio_requests_total: 17 requests/) as string;
        let asked: string[];
        beforeEach(() => {
            asked = [];
            mesh.on = { ...mesh.on, prometheus: false };
            cluster.answer = (server, path) => {
                asked.push(`${server.namespace}/${server.name}:${server.port}${path.replace(/\?.*/, "")}`);
                return healthy(server.namespace === "monitoring" ? { ...server, name: "prometheus" } : server, path);
            };
        });

        it.each([
            ["http://prom.monitoring.svc.cluster.local:9090/prefix", "monitoring/prom:9090/prefix/api/v1/query"],
            ["http://prom.monitoring", "monitoring/prom:80/api/v1/query"],
            ["https://prom.monitoring.svc", "monitoring/https:prom:443/api/v1/query"],
        ])("asks the Service that the URL names: %s", async (url, request) => {
            mesh.prometheusUrl = url;
            cluster.objects.push(service);
            expect(await checkMetrics(mesh)).toEqual({ status: "ok", found });
            expect(asked).toEqual([request]);
            expect((await checkEdges(mesh)).status).toBe("ok");
        });

        it("says that the Service is not there, and never claims that the stack's own is missing", async () => {
            mesh.prometheusUrl = "http://prom.monitoring.svc:9090";
            expect(await checkMetrics(mesh)).toEqual(
                failed(
                    "istio.prometheus.url names Service monitoring/prom, which is not in the cluster",
                    "correct istio.prometheus.url, then the usual command",
                ),
            );
            expect(asked).toEqual([]);
        });

        it("asks a server outside of the cluster directly, and says what to do if it does not know the mesh", async () => {
            visit = () => ({ status: 200, body: JSON.stringify({ data: { result: [] } }) });
            mesh.prometheusUrl = `http://127.0.0.1:${(ingress.address() as AddressInfo).port}`;
            const { found, remedy } = await checkMetrics(mesh);
            expect(found).toBe("Prometheus has istio_requests_total of no workload");
            expect(remedy).toContain("does that Prometheus scrape the mesh? See docs/addons.md");
        });

        it("claims nothing about a server that this machine does not reach", async () => {
            mesh.prometheusUrl = "http://127.0.0.1:9";
            expect(await checkMetrics(mesh)).toEqual({
                status: "off",
                found: "not checked: this machine does not reach http://127.0.0.1:9 (connection refused)",
            });
        });
    });

    it("fails if the add-on has no data of the mesh, and says which data it has", async () => {
        const json = (body: unknown) => () => ({ status: 200, text: JSON.stringify(body) });
        const result = [{ metric: { destination_workload: "productpage-v1" }, value: [1, "5"] }];
        cluster.answer = json({ status: "success", data: { result } });
        expect((await checkMetrics(mesh)).found).toBe("Prometheus has istio_requests_total of productpage-v1");
        cluster.answer = json({ status: "success", data: { result: [] } });
        expect((await checkMetrics(mesh)).found).toBe("Prometheus has istio_requests_total of no workload");
        cluster.answer = () => ({ status: 503, text: "starting" });
        expect((await checkMetrics(mesh)).found).toBe("prometheus answers 503 starting");

        cluster.answer = json({ nodes: {}, edges: null });
        expect((await checkEdges(mesh)).found).toBe(
            "productpage → details and productpage → reviews missing among 0 edges",
        );
        cluster.answer = () => ({ status: 502, text: "no answer from Prometheus: refused\n" });
        expect((await checkEdges(mesh)).found).toBe("servicegraph answers 502 no answer from Prometheus: refused");
        cluster.answer = () => ({ status: 200, text: "<html>" });
        expect((await checkGrafana(mesh)).found).toBe("the answer of grafana is not JSON");
        cluster.answer = json({ database: "failing" });
        expect(await checkGrafana(mesh)).toMatchObject({ status: "failed" });
        cluster.answer = (_, path) => json(path === "/api/health" ? { database: "ok" } : [])();
        expect(await checkGrafana(mesh)).toEqual(failed("Grafana shows no dashboard to a visitor", REDEPLOY));
        cluster.answer = () => ({ status: 500, text: "" });
        expect((await checkKiali(mesh)).found).toBe("Kiali's health check answers 500");
    });

    it("fails if Kiali's graph lacks edges that servicegraph draws, and names them", async () => {
        cluster.answer = (server, path) =>
            server.name === "kiali" && path.includes("/graph")
                ? { status: 200, text: JSON.stringify({ elements: { nodes: [], edges: null } }) }
                : healthy(server, path);
        expect(await checkKiali(mesh)).toMatchObject({
            status: "failed",
            found: "Kiali is healthy, but its graph lacks productpage → details and productpage → reviews",
            remedy: expect.stringMatching(/^the load; see the dashboard kiali/) as string,
        });
    });

    it("knows what every page calls if servicegraph is switched off", async () => {
        mesh.on = { ...mesh.on, servicegraph: false };
        cluster.answer = (server, path) => {
            expect(server.name).not.toBe("servicegraph");
            return healthy(server, path);
        };
        expect(await checkKiali(mesh)).toMatchObject({ status: "ok" });
    });

    it("asks again if the add-on cannot be reached for a moment", async () => {
        let looks = 0;
        cluster.answer = (server, path) => {
            looks += 1;
            return looks === 1 ? new ApiError(503, "no endpoints available") : healthy(server, path);
        };
        expect(await checkMetrics(mesh)).toMatchObject({ status: "ok" });
        looks = Number.NEGATIVE_INFINITY;
        cluster.answer = () => new ApiError(503, "no endpoints available");
        expect(await checkMetrics(mesh)).toMatchObject({ status: "failed", found: "no endpoints available" });
    });
});

describe("checks", () => {
    const run = (check: Check, options: Parameters<typeof runChecks>[2] = {}) =>
        runChecks(mesh, [{ name: "it", check }], options);
    const never: Check = () => new Promise(() => undefined);

    it("run at the same time, and are reported in their order", async () => {
        const slow: Check = async () => {
            await sleep(50);
            return ok("slow");
        };
        const told: string[] = [];
        const quick: Check = () => Promise.resolve(ok("quick"));
        const results = await runChecks(
            mesh,
            [
                { name: "one", check: slow },
                { name: "two", check: quick },
            ],
            { onResult: ({ name }) => told.push(name) },
        );
        expect(told).toEqual(["two", "one"]);
        expect(results).toMatchObject([
            { name: "one", found: "slow" },
            { name: "two", found: "quick" },
        ]);
        expect(results[0]?.seconds).toBeGreaterThanOrEqual(0.05);
    });

    it("say that an administrator must help if the API server refuses a request", async () => {
        const remedyFor = async (error: ApiError) => (await run(() => Promise.reject(error)))[0]?.remedy;
        expect(await remedyFor(new ApiError(403, "forbidden"))).toBe(NOT_ALLOWED);
        expect(await remedyFor(new ApiError(500, "broken"))).toContain("does not answer");
    });

    it("fail if they take too long, and are told to stop", async () => {
        let stopped = false;
        const check: Check = (_, stop) => {
            stop?.addEventListener("abort", () => (stopped = true));
            return never(mesh);
        };
        expect(await run(check, { timeout: 0.05 })).toMatchObject([
            { status: "failed", found: "no result within 0.05 s" },
        ]);
        expect(stopped).toBe(true);
    });

    it("fail if the cluster does not answer, and throw their own errors", async () => {
        expect(await run(() => Promise.reject(new ApiError(0, "the cluster does not answer")))).toMatchObject([
            { status: "failed", found: "the cluster does not answer" },
        ]);
        expect(await run(() => Promise.reject(new UserError("there is no address")))).toMatchObject([
            { status: "failed", found: "there is no address", remedy: REDEPLOY },
        ]);
        await expect(run(() => Promise.reject(new TypeError("x is undefined")))).rejects.toThrow(TypeError);
    });

    it("end if the user stops them", async () => {
        const stop = new AbortController();
        const running = run(never, { stop: stop.signal });
        stop.abort();
        await expect(running).rejects.toBeInstanceOf(Stopped);
    });
});

describe("the report", () => {
    const results = [
        { name: "page", seconds: 0.12, ...ok("answers 200") },
        { name: "traces", seconds: 40, ...failed("no span", "do this") },
        { name: "Kiali", seconds: 0, status: "off", found: "istio.kiali.enabled is false" } as const,
    ];

    it("has a line for each check, and below it a remedy for each failure", () => {
        expect(checkReport(results).split("\n")).toEqual([
            "ok      page    answers 200                   0.1 s",
            "failed  traces  no span                       40.0 s",
            "off     Kiali   istio.kiali.enabled is false",
            "",
            "What to do:",
            "  traces: do this",
        ]);
        expect(checkReport(results.slice(0, 1))).not.toContain("What to do");
        const noted = [{ name: "page", seconds: 0.12, ...ok("answers 200", "only there\nand how") }];
        expect(checkReport(noted)).toBe("ok  page  answers 200  0.1 s\n\nNotes:\n  page: only there\n  and how");
    });
});
