import type { KubernetesObject } from "../../kubernetes/object";
import { deployment, FakeCluster } from "../../kubernetes/testing/fakeCluster";
import { UserError, Stopped } from "../../shared/errors";
import type { Connection } from "../stack/connection";
import { isOwnIn } from "../stack/namespaces";
import { stackOf } from "../testing/stack";
import { diagnose } from "./diagnosis";
import { explaining, explainingEngine } from "./explain";
import type { Problem } from "./problem";

/* A1: the API server does not reach istiod (istio/istio#36955, #49019, #30139, #46746). The messages are those of the reports. */

const INJECT = "https://istiod.istio-system.svc:443/inject?timeout=10s";

const failure = (webhook: string, reason: string, url = INJECT) =>
    `Internal error occurred: failed calling webhook "${webhook}": failed to call webhook: Post "${url}": ${reason}`;

function refused(name: string, message: string, namespace = "istio-system"): KubernetesObject {
    const status = { conditions: [{ type: "ReplicaFailure", status: "True", message }] };
    return { apiVersion: "apps/v1", kind: "Deployment", metadata: { name, namespace }, status };
}

function node(labels: Record<string, string>, providerID?: string, kubeletVersion?: string): KubernetesObject {
    const status = { nodeInfo: { kubeletVersion } };
    return { apiVersion: "v1", kind: "Node", metadata: { name: "n", labels }, spec: { providerID }, status };
}

function configuration(kind: string, webhook: string, service: object, metadata: object = {}): KubernetesObject {
    return {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind,
        metadata: { name: "theirs", ...metadata },
        webhooks: [{ name: webhook, clientConfig: { service } }],
    };
}

let cluster: FakeCluster;
beforeEach(() => {
    cluster = new FakeCluster();
});

const TIMEOUT = failure("object.sidecar-injector.istio.io", "context deadline exceeded");

/** The problem of a Deployment that is refused with a message, beside an istiod that is available or not. */
async function problemOf(message: string, { available = 1, more = [] as KubernetesObject[] } = {}): Promise<Problem> {
    const istiod = deployment("istio-system", "istiod");
    cluster.objects = [
        { ...istiod, status: { ...(istiod.status as object), availableReplicas: available } },
        refused("istio-ingressgateway", message),
        ...more,
    ];
    const [problem, ...others] = await diagnose(cluster.api, isOwnIn("default"));
    expect(others).toEqual([]);
    return problem ?? { object: "none", why: "" };
}

/** No advice of this deployment is to take a webhook away. */
const HARMFUL = /\bdelete|\bremove|uninstall|patch|failurePolicy/i;

describe("A1: an istiod that runs, and that the API server does not reach", () => {
    it.each([
        ["object.sidecar-injector.istio.io", "context deadline exceeded"],
        ["namespace.sidecar-injector.istio.io", "dial tcp 10.129.45.155:15017: i/o timeout"],
        ["rev.namespace.sidecar-injector.istio.io", "dial tcp 10.96.9.219:443: connect: connection refused"],
        ["rev.object.sidecar-injector.istio.io", "dial tcp 10.0.1.7:15017: connect: no route to host"],
        ["validation.istio.io", "net/http: TLS handshake timeout"],
        ["rev.validation.istio.io", "Service Unavailable"],
        ["sidecar-injector.istio.io", "Bad Gateway"],
        ["namespace.sidecar-injector.istio.io", "EOF"],
        ["namespace.sidecar-injector.istio.io", "read tcp 10.0.0.1:4->10.0.0.2:443: read: connection reset by peer"],
        ["namespace.sidecar-injector.istio.io", "proxyconnect tcp: dial tcp 10.1.1.1:3128: i/o timeout"],
        ["namespace.sidecar-injector.istio.io", "net/http: request canceled while waiting for connection"],
        [
            "namespace.sidecar-injector.istio.io",
            "dial tcp: lookup istiod.istio-system.svc on 10.0.0.2:53: no such host",
        ],
        ["namespace.sidecar-injector.istio.io", "words that nobody has seen yet"],
    ])("%s: %s", async (webhook, reason) => {
        const { remedy = "", final, patience, blocksAll } = await problemOf(failure(webhook, reason));
        expect(remedy).toContain("istiod runs, but the API server does not reach it on TCP 15017");
        expect(remedy).toContain(webhook);
        expect(remedy).not.toMatch(HARMFUL);
        expect({ final, patience, blocksAll }).toEqual({ final: true, patience: 60, blocksAll: true });
    });

    it.each([
        ["EKS", [node({}, "aws:///us-east-1a/i-1", "v1.33.1-eks-1a2b3c4")], /On EKS, the security group of the nodes/],
        ["EKS", [node({ "eks.amazonaws.com/nodegroup": "a" })], /On EKS, the security group of the nodes/],
        ["GKE", [node({ "cloud.google.com/gke-nodepool": "a" })], /firewall-rules create .*--allow tcp:15017/],
        ["AKS", [node({ "kubernetes.azure.com/cluster": "a" })], /konnectivity-agent/],
        [
            "kubeadm on EC2",
            [node({}, "aws:///us-east-1a/i-1", "v1.33.1")],
            /^(?!.*On EKS, the security).*Open TCP 15017/,
        ],
        [
            "any other",
            [],
            /Open TCP 15017 from the control plane.*security group.*firewall rule.*network policy.*no_proxy/,
        ],
    ])("gets the remedy for the platform: %s", async (_, nodes, words) => {
        expect((await problemOf(TIMEOUT, { more: nodes })).remedy).toMatch(words);
    });

    it("gets the remedy for a proxied API server, with the range of Services if its pod tells it", async () => {
        const proxied = failure("namespace.sidecar-injector.istio.io", "Service Unavailable");
        expect((await problemOf(proxied)).remedy).toMatch(
            /to a proxy: add \.svc and the range of Services to its no_proxy/,
        );
        const apiServer = {
            apiVersion: "v1",
            kind: "Pod",
            metadata: { name: "kube-apiserver-a", namespace: "kube-system", labels: { component: "kube-apiserver" } },
            spec: {
                containers: [
                    {
                        command: ["kube-apiserver", "--service-cluster-ip-range=10.96.0.0/12"],
                        env: [{ name: "HTTPS_PROXY", value: "http://user:hidden@proxy:3128" }],
                    },
                ],
            },
        };
        const { remedy } = await problemOf(TIMEOUT, { more: [apiServer] });
        expect(remedy).toContain("add .svc and the range of Services, 10.96.0.0/12, to its no_proxy");
        expect(remedy).not.toContain("hidden");
    });

    it("is explained without any permission to look further", async () => {
        const list = cluster.api.list.bind(cluster.api);
        const { api } = cluster;
        cluster.objects = [deployment("istio-system", "istiod"), refused("istio-ingressgateway", TIMEOUT)];
        api.list = (apiVersion, kind, query) =>
            /Webhook|Node/.test(kind) ? Promise.reject(new Error("forbidden")) : list(apiVersion, kind, query);
        expect((await diagnose(api, isOwnIn("default")))[0]?.remedy).toContain("TCP 15017");
    });

    it("is explained below an error of Helm or the engine too, once", async () => {
        cluster.objects = [deployment("istio-system", "istiod")];
        const connection: Connection = { stack: stackOf(), api: cluster.api, identity: "its-uid" };
        const cause = TIMEOUT.replaceAll('"', '\\"');
        const error = new UserError("Pulumi could not deploy", { cause });
        const message = await explaining(connection, () => Promise.reject(error)).catch(
            (error: unknown) => (error as Error).message,
        );
        expect(message).toMatch(/could not deploy\n {2}istiod runs, but the API server does not reach it on TCP 15017/);
    });
});

describe("A1: waiting for it", () => {
    beforeEach(() => jest.useFakeTimers());
    afterEach(() => jest.useRealTimers());

    /** When an engine that waits for ever is stopped, in seconds; undefined if it is not in ten minutes. */
    async function secondsUntilStopped(look: () => KubernetesObject[]): Promise<number | undefined> {
        const connection: Connection = { stack: stackOf(), api: cluster.api, identity: "its-uid" };
        cluster.objects = look();
        const begun = Date.now();
        let seconds: number | undefined;
        const end = new AbortController();
        const waiting = (stop: AbortSignal) =>
            new Promise<void>((_, reject) => {
                stop.addEventListener("abort", () => {
                    reject(new Stopped());
                });
            });
        const ended = explainingEngine(connection, end.signal, waiting).catch((error: unknown) => {
            seconds = error instanceof UserError ? (Date.now() - begun) / 1000 : undefined;
        });
        for (let passed = 0; passed < 600; passed += 10) {
            cluster.objects = look();
            await jest.advanceTimersByTimeAsync(10_000);
        }
        end.abort();
        await ended;
        return seconds;
    }

    const istiod = (availableReplicas: number) => ({
        ...deployment("istio-system", "istiod"),
        status: { availableReplicas },
    });

    it("ends after a minute, by the engine too", async () => {
        expect(await secondsUntilStopped(() => [istiod(1), refused("istio-ingressgateway", TIMEOUT)])).toBe(60);
    });

    it("does not end while istiod is not available: the minute begins when it is", async () => {
        expect(await secondsUntilStopped(() => [istiod(0), refused("a", TIMEOUT)])).toBeUndefined();
        const available = Date.now() + 100_000;
        const look = () => [istiod(Date.now() < available ? 0 : 1), refused("istio-ingressgateway", TIMEOUT)];
        expect(await secondsUntilStopped(look)).toBe(160);
    });

    it("does not end by a problem that an earlier run left, because the engine may be about to replace it", async () => {
        const old = refused("kiali", "exceeded quota: tiny");
        expect(await secondsUntilStopped(() => [old])).toBeUndefined();
        const creationTimestamp = new Date().toISOString();
        const fresh = { ...old, metadata: { ...old.metadata, creationTimestamp } };
        expect(await secondsUntilStopped(() => [fresh])).toBe(30);
    });
});

describe("A1: an istiod that is not available", () => {
    it.each(["context deadline exceeded", 'no endpoints available for service "istiod"', "connection refused"])(
        "is itself what is in the way: %s",
        async (reason) => {
            const message = failure("namespace.sidecar-injector.istio.io", reason);
            const { remedy = "", final } = await problemOf(message, { available: 0 });
            expect(remedy).toContain("istiod itself is what is in the way");
            expect(remedy).toContain("describe deployment istiod");
            expect(remedy).not.toMatch(HARMFUL);
            expect(final).toBe(false);
        },
    );

    it("passes if it has just become available, or has not announced its certificate", async () => {
        const passing = async (reason: string) => problemOf(failure("namespace.sidecar-injector.istio.io", reason));
        expect(await passing('no endpoints available for service "istiod"')).toMatchObject({ final: false });
        const certificate = await passing("x509: certificate signed by unknown authority");
        expect(certificate).toMatchObject({ final: false });
        expect(certificate.remedy).not.toMatch(HARMFUL);
    });
});

describe("A1: a webhook of somebody else", () => {
    it.each([
        [
            "an application's",
            failure("policy.example.com", "context deadline exceeded", "https://guard.policies.svc:443/v"),
            /webhook policy\.example\.com does not answer: Service policies\/guard.*Ask the people who run the namespace policies/,
        ],
        [
            "another revision of Istio's",
            failure(
                "rev.namespace.sidecar-injector.istio.io",
                "EOF",
                "https://istiod-canary.istio-system.svc:443/inject",
            ),
            /Service istio-system\/istiod-canary/,
        ],
        [
            "an Istio's in another namespace",
            failure("namespace.sidecar-injector.istio.io", "EOF", "https://istiod.mesh.svc:443/inject"),
            /Service mesh\/istiod.*the namespace mesh/,
        ],
        [
            "an external Istio's",
            failure("namespace.sidecar-injector.istio.io", "EOF", "https://istiod.example.com:15017/inject"),
            /istiod\.example\.com/,
        ],
    ])("is named with its server, and its people are asked: %s", async (_, message, words) => {
        const { remedy = "", final } = await problemOf(message);
        expect(remedy).toMatch(words);
        expect(remedy).toContain("Ask the people who run");
        expect(remedy).not.toMatch(HARMFUL);
        expect(final).toBe(false);
    });

    it("is named with its configuration and where that comes from", async () => {
        const annotations = { "meta.helm.sh/release-name": "guard", "meta.helm.sh/release-namespace": "policies" };
        const service = { namespace: "policies", name: "guard" };
        const theirs = configuration("ValidatingWebhookConfiguration", "policy.example.com", service, { annotations });
        const message = 'failed calling webhook "policy.example.com": timeout';
        expect((await problemOf(message, { more: [theirs] })).remedy).toMatch(
            /Service policies\/guard.*\(ValidatingWebhookConfiguration theirs of Helm release policies\/guard;/,
        );
    });

    it("is another revision's if its configuration says so, and the message does not", async () => {
        const webhook = "namespace.sidecar-injector.istio.io";
        const message = `failed calling webhook "${webhook}": timeout`;
        const canary = configuration("MutatingWebhookConfiguration", webhook, {
            namespace: "istio-system",
            name: "istiod-canary",
        });
        expect((await problemOf(message, { more: [canary] })).remedy).toContain("Service istio-system/istiod-canary");
        const own = configuration("MutatingWebhookConfiguration", webhook, {
            namespace: "istio-system",
            name: "istiod",
        });
        expect((await problemOf(message, { more: [canary, own] })).remedy).toContain("TCP 15017");
    });
});
